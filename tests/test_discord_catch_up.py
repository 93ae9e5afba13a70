"""What was said in Discord while Steward was not connected."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bots.simulator.discord import DiscordSimulator, Fault
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.messages import Message, Reply
from core.store import Store
from tests.discord_team import Steward, asked, listening, made
from tests.inbox import Accepting
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"
DAY = 24 * 3600


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


def steward(simulator: DiscordSimulator, store: Store, *, hours: float = 24.0, messages: int = 100) -> Steward:
    """Steward as a new process makes it: it knows what is in the database."""
    catch_up, cursors = CatchUpConfig(hours=hours, messages=messages), Cursors(store, "discord")
    return Steward(platform=made(simulator, cursors=cursors, catch_up=catch_up), cursors=cursors)


async def positions(store: Store) -> dict[str, str]:
    cursors = Cursors(store, "discord")
    await cursors.load()
    return dict(cursors.positions)


async def one_session(simulator: DiscordSimulator, store: Store) -> None:
    """Be connected once before, long enough to know where every channel ends."""
    async with listening(simulator, steward(simulator, store)) as before:
        await up_to_date(simulator, before)


async def up_to_date(simulator: DiscordSimulator, steward: Steward) -> None:
    """Wait until everything that was written so far was read, or left for good."""
    places = [place for place in simulator.world.channels.values() if place.last_message_id and not place.hidden]

    def read() -> bool:
        positions = steward.cursors.positions
        return all(int(positions.get(place.id, 0)) >= int(place.last_message_id or 0) for place in places)

    await until(read)


async def test_f9_what_was_said_meanwhile_is_heard_in_order(simulator: DiscordSimulator, store: Store) -> None:
    ada, general, secret = simulator.person("Ada"), simulator.channel("general"), simulator.channel("s", private=True)
    places = [general, secret, simulator.thread(general, "plans"), simulator.thread(general, "hush", private=True)]
    for place in places:
        await simulator.say(place, ada, "from before Steward was here")
    await one_session(simulator, store)
    for number in range(3):
        for place in places:
            await simulator.mention(place, ada, f"{place.name} {number}")
            await simulator.say(place, ada, "chatter")
    async with listening(simulator, steward(simulator, store)) as after:
        heard = [(await after.heard()).text for _ in range(12)]
        await up_to_date(simulator, after)
        assert after.inbox.empty()
    assert heard == [f"{place.name} {number}" for number in range(3) for place in places]


async def test_f9_a_direct_message_and_a_thread_put_away_are_found(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    thread = simulator.thread(general, "plans")
    async with listening(simulator, steward(simulator, store)) as before:
        await simulator.dm(ada, "first")
        await before.heard()
        await simulator.mention(thread, ada, "first")
        seen = await before.heard()
    await simulator.dm(ada, "second")
    await simulator.mention(thread, ada, "third")
    thread.archived = True
    async with listening(simulator, steward(simulator, store)) as after:
        direct, found = [await after.heard() for _ in range(2)]
    assert (direct.text, found.text) == ("second", "third")
    assert (found.conversation, found.audience) == (seen.conversation, seen.audience)


async def test_f9_a_message_found_late_is_the_same_as_one_heard_at_once(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general, secret = simulator.person("Ada"), simulator.channel("general"), simulator.channel("s", private=True)
    ada.nick, ada.roles = "Countess", [simulator.world.bot_role.id]
    thread, hush = simulator.thread(general, "plans"), simulator.thread(general, "hush", private=True)
    for place in (general, secret, thread, hush):
        await simulator.say(place, ada, "begin")
    await one_session(simulator, store)
    cursors = await positions(store)
    heard: list[Message] = []
    async with listening(simulator, steward(simulator, store)) as before:
        for place in (general, secret, thread, hush):
            await simulator.mention(place, ada, f"{ada.mention} said", files=[("a.txt", b"text")])
            heard.append(await before.heard())
        await simulator.say(general, ada, "and?", reply_to=(await before.answer(heard[0], Reply(text="One.")))[0])
        heard.append(await before.heard())
    await store.write("DELETE FROM cursors", ())
    older = Cursors(store, "discord")
    for channel_id, position in cursors.items():
        older.passed(channel_id, position)
    await older.flush()
    async with listening(simulator, steward(simulator, store)) as after:
        found = [await after.heard() for _ in heard]
    assert [without_links(each) for each in found] == [without_links(each) for each in heard]


def without_links(message: Message) -> Message:
    """A file's link is signed anew each time; the history names those who are mentioned without their nicknames."""
    files = tuple(replace(each, source="signed") for each in message.attachments)
    return replace(message, attachments=files, text=message.text.replace("@Ada", "@Countess"))


async def test_f9_the_first_start_answers_nothing_old(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    old = await simulator.mention(general, ada, "long ago")
    async with listening(simulator, steward(simulator, store)) as first:
        await simulator.mention(general, ada, "now")
        assert (await first.heard()).text == "now"
        await up_to_date(simulator, first)
        assert first.inbox.empty()
    assert int((await positions(store))[general.id]) > int(old.id)


async def test_f9_a_kill_soon_after_the_first_start_is_no_second_first_start(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    old = await simulator.mention(general, ada, "long ago")
    async with listening(simulator, steward(simulator, store)) as first:
        await saved(store, {general.id: old.id})
        await simulator.dm(ada, "hello")
        origin = (await first.heard()).origin
        await saved(store, {general.id: old.id, origin["channel_id"]: origin["message_id"]})


async def saved(store: Store, expected: dict[str, str]) -> None:
    """Wait for what a kill would leave, for less long than the usual pause between two savings."""
    async with asyncio.timeout(4):
        while await positions(store) != expected:  # noqa: ASYNC110  # a row is not ours to signal
            await asyncio.sleep(0.01)


async def test_f9_a_quiet_channel_of_the_first_start_is_caught_up_later(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, quiet, busy = simulator.person("Ada"), simulator.channel("quiet"), simulator.channel("busy")
    await simulator.mention(quiet, ada, "long ago")
    async with listening(simulator, steward(simulator, store)) as first:
        await simulator.mention(busy, ada, "now")
        await first.heard()
        await up_to_date(simulator, first)
    await simulator.mention(quiet, ada, "meanwhile")
    async with listening(simulator, steward(simulator, store)) as second:
        assert (await second.heard()).text == "meanwhile"
        assert second.inbox.empty()


async def test_f9_a_channel_that_was_never_read_begins_where_the_others_end(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general, fresh = simulator.person("Ada"), simulator.channel("general"), simulator.channel("fresh")
    fresh.hidden = True
    await simulator.mention(fresh, ada, "before the bot was let in")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    fresh.hidden = False
    await simulator.mention(fresh, ada, "just now")
    await simulator.mention(general, ada, "last")
    async with listening(simulator, steward(simulator, store)) as after:
        assert [(await after.heard()).text for _ in range(2)] == ["just now", "last"]


async def test_f9_what_is_too_old_is_left_and_counted(
    simulator: DiscordSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ada, general, other = simulator.person("Ada"), simulator.channel("general"), simulator.channel("other")
    simulator.clock.advance(-2 * DAY)
    await simulator.say(general, ada, "begin")
    await simulator.say(other, ada, "begin")
    await one_session(simulator, store)
    await simulator.mention(general, ada, "too old")
    await simulator.mention(other, ada, "too old")
    simulator.clock.advance(2 * DAY)
    await simulator.mention(general, ada, "fresh enough")
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).text == "fresh enough"
        await until(lambda: "more than 24 hours ago in 2 channels is left" in caplog.text)
        assert after.inbox.empty()


async def test_a_channel_that_was_quiet_for_long_is_not_taken_for_one_where_something_is_left(
    simulator: DiscordSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "steward")
    ada, general, empty = simulator.person("Ada"), simulator.channel("general"), simulator.channel("empty")
    simulator.clock.advance(-2 * DAY)
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    simulator.clock.advance(2 * DAY)
    await simulator.mention(general, ada, "one")
    await simulator.mention(empty, ada, "two")
    async with listening(simulator, steward(simulator, store)) as after:
        assert [(await after.heard()).text for _ in range(2)] == ["one", "two"]
        await until(lambda: "2 messages from before this connection are answered" in caplog.text)
    assert "is left" not in caplog.text


async def test_f9_no_more_than_the_most_are_answered_and_the_rest_is_counted(
    simulator: DiscordSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ada, general, other = simulator.person("Ada"), simulator.channel("general"), simulator.channel("other")
    await simulator.say(general, ada, "begin")
    await simulator.say(other, ada, "begin")
    await one_session(simulator, store)
    for number in range(4):
        await simulator.mention(general if number % 2 else other, ada, f"{number}")
    async with listening(simulator, steward(simulator, store, messages=3)) as after:
        assert [(await after.heard()).text for _ in range(3)] == ["0", "1", "2"]
        await until(lambda: "1 messages are not answered: catch_up.messages is 3" in caplog.text)
    async with listening(simulator, steward(simulator, store)) as later:
        await simulator.dm(ada, "now")
        assert (await later.heard()).text == "now", "what was over the limit came back"


async def test_f9_hours_of_nought_switch_it_off(
    simulator: DiscordSimulator, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    await simulator.mention(general, ada, "meanwhile")
    for hours in (0.0, 24.0):
        async with listening(simulator, steward(simulator, store, hours=hours)) as after:
            await simulator.dm(ada, "now")
            assert (await after.heard()).text == "now"
            await up_to_date(simulator, after)
            assert after.inbox.empty()
    assert "is left" not in caplog.text


async def test_f9_long_histories_are_read_page_by_page(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    for number in range(250):
        await simulator.say(general, ada, f"chatter {number}")
    await simulator.mention(general, ada, "hello")
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).text == "hello"
    assert asked(simulator, "GET", f"/channels/{general.id}/messages") == 3


@pytest.mark.parametrize("fault", [Fault(status=403, code=50001, message="Missing Access"), Fault(status=503)])
async def test_f9_a_channel_that_cannot_be_read_leaves_the_others_alone(
    simulator: DiscordSimulator, store: Store, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    ada, one, two = simulator.person("Ada"), simulator.channel("one"), simulator.channel("two")
    for place in (one, two):
        await simulator.say(place, ada, "begin")
    await one_session(simulator, store)
    for place in (one, two):
        await simulator.mention(place, ada, place.name)
    simulator.faults.add("GET", MESSAGES, fault)
    async with listening(simulator, steward(simulator, store)) as after:
        heard = [(await after.heard()).text]
        if fault.status == 403:
            await until(lambda: "cannot be read" in caplog.text)
        else:
            heard.append((await after.heard()).text)
        assert sorted(heard) == (["two"] if fault.status == 403 else ["one", "two"])
        assert caplog.text.count("cannot be read") == (fault.status == 403)


async def test_f9_channels_that_the_bot_may_not_see_are_not_asked_for(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general, closed = simulator.person("Ada"), simulator.channel("general"), simulator.channel("closed")
    for place in (general, closed):
        await simulator.say(place, ada, "begin")
    await one_session(simulator, store)
    closed.unreadable = True
    for place in (closed, general):
        await simulator.mention(place, ada, place.name)
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).text == "general"
    assert asked(simulator, "GET", f"/channels/{closed.id}/messages") == 0


async def test_f9_a_crash_while_catching_up_loses_nothing(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    before = await positions(store)
    missed = await simulator.mention(general, ada, "missed")
    going_on = simulator.faults.hold("GET", MESSAGES)
    async with listening(simulator, steward(simulator, store)) as crashed:
        await simulator.mention(general, ada, "live")
        assert (await crashed.heard()).text == "live", "catching up holds up what comes in"
    assert (await positions(store))[general.id] == before[general.id], "the cursor passed what was not read"
    going_on.set()
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).id == f"discord/{general.id}/{missed.id}"


async def test_f5_a_message_that_a_kill_caught_before_it_was_stored_is_found(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    storing, killed = asyncio.Event(), asyncio.Event()

    async def accept(message: Message) -> bool:
        storing.set()
        await killed.wait()
        raise asyncio.CancelledError

    async with listening(simulator, steward(simulator, store), Accepting(function=accept)):
        await simulator.mention(general, ada, "almost")
        await asyncio.wait_for(storing.wait(), 10)
        killed.set()
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).text == "almost"


async def test_f5_a_message_that_could_not_be_stored_is_found_in_the_next_session(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)

    async def accept(message: Message) -> bool:
        raise OSError("disk")

    async with listening(simulator, steward(simulator, store), Accepting(function=accept)):
        await simulator.mention(general, ada, "hello")
        await simulator.transcript.wait(lambda shown: "I keep trying" in shown.text)
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).text == "hello"


async def test_f10_what_was_accepted_is_not_accepted_again(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    before = await positions(store)
    await simulator.mention(general, ada, "once")
    once = steward(simulator, store)
    async with listening(simulator, once):
        message = await once.heard()
    stale = Cursors(store, "discord")
    stale.passed(general.id, before[general.id])
    await store.write("DELETE FROM cursors", ())
    await stale.flush()
    again = replace(steward(simulator, store), ids=once.ids)
    async with listening(simulator, again):
        assert await asyncio.wait_for(again.again.get(), 10) == message.id
        assert again.inbox.empty()


async def test_f10_a_session_that_is_resumed_reads_no_history(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await simulator.say(general, ada, "begin")
    await one_session(simulator, store)
    async with listening(simulator, steward(simulator, store)) as here:
        await simulator.gateway.drop()
        await simulator.mention(general, ada, "meanwhile")
        assert (await here.heard()).text == "meanwhile"
        assert simulator.gateway.resumed == 1
    assert asked(simulator, "GET", f"/channels/{general.id}/messages") == 0
