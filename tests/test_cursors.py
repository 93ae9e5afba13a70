"""How far channels have been read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cursors import Cursors
from core.store import Store


async def test_a_cursor_outlives_a_restart(store: Store) -> None:
    cursors = Cursors(store, "slack")
    cursors.passed("C1", "1700000000.000100")
    await cursors.flush()
    again = Cursors(store, "slack")
    await again.load()
    assert again.positions == {"C1": "1700000000.000100"}


async def test_platforms_do_not_share_cursors(store: Store) -> None:
    cursors = Cursors(store, "slack")
    cursors.passed("1", "5")
    await cursors.flush()
    other = Cursors(store, "discord")
    await other.load()
    assert other.positions == {}


async def test_a_cursor_never_goes_back(store: Store) -> None:
    cursors = Cursors(store, "discord")
    cursors.passed("1", "10")
    cursors.passed("1", "9")
    assert cursors.positions == {"1": "10"}


async def test_f9_a_cursor_does_not_pass_a_message_that_is_still_being_read(store: Store) -> None:
    cursors = Cursors(store, "discord")
    cursors.passed("1", "5")
    with cursors.reading("1", "6"):
        cursors.passed("1", "7")
        assert cursors.positions == {"1": "5"}
    assert cursors.positions == {"1": "7"}


async def test_f9_a_cursor_stays_before_a_message_whose_reading_failed_until_it_is_read(store: Store) -> None:
    cursors = Cursors(store, "discord")
    cursors.passed("1", "5")
    with pytest.raises(ValueError, match="disk"), cursors.reading("1", "6"):
        raise ValueError("disk")
    cursors.passed("1", "7")
    assert cursors.positions == {"1": "5"}
    with cursors.reading("1", "6"):
        pass
    assert cursors.positions == {"1": "7"}


async def test_f9_a_cursor_that_is_held_stays_while_later_messages_are_read(store: Store) -> None:
    cursors = Cursors(store, "discord")
    cursors.passed("1", "5")
    cursors.hold("1", "5")
    with cursors.reading("1", "9"):
        pass
    assert cursors.positions == {"1": "5"}
    cursors.passed("1", "5")
    assert cursors.positions == {"1": "9"}


@pytest.mark.parametrize(("first", "before"), [("6", "5"), ("1700000000.000100", "1700000000.000099")])
async def test_f9_a_channel_whose_first_message_could_not_be_read_is_known_from_before_it(
    store: Store, first: str, before: str
) -> None:
    cursors = Cursors(store, "discord")
    with pytest.raises(ValueError, match="disk"), cursors.reading("1", first):
        raise ValueError("disk")
    assert cursors.positions == {"1": before}
    with cursors.reading("1", first):
        pass
    assert cursors.positions == {"1": first}


async def test_f9_a_cursor_that_is_held_before_what_was_read_goes_back_until_it_may_pass(store: Store) -> None:
    cursors = Cursors(store, "discord")
    cursors.passed("1", "9")
    cursors.hold("1", "5")
    assert cursors.positions == {"1": "5"}
    cursors.passed("1", "5")
    assert cursors.positions == {"1": "9"}


async def test_f9_a_cursor_that_is_held_in_a_new_channel_is_stored_there(store: Store) -> None:
    cursors = Cursors(store, "discord")
    cursors.hold("1", "5")
    with cursors.reading("1", "9"):
        pass
    assert cursors.positions == {"1": "5"}


@given(
    numbers=st.permutations(list(range(1, 7))),
    failed=st.sets(st.integers(min_value=1, max_value=6)),
)
def test_f9_a_cursor_is_never_beyond_a_message_that_was_not_read(numbers: list[int], failed: set[int]) -> None:
    cursors = Cursors(None, "discord")  # type: ignore[arg-type]  # nothing is stored here
    open_blocks = [(number, cursors.reading("1", str(number))) for number in sorted(numbers)]
    for _, block in open_blocks:
        block.__enter__()
    blocks = dict(open_blocks)
    for number in numbers:
        if number not in failed:
            blocks[number].__exit__(None, None, None)
    position = int(cursors.positions.get("1", "0"))
    assert not failed or position < min(failed)
    assert failed or position == 6
