"""`current_time`: places people name, in summer and winter, and places that are not guessed."""

from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import Attachment, Context, SkillError
from core.messages import Conversation, Person
from skills.clock import current_time, tell
from skills.timing.places import SEVERAL, ZONE_OF
from skills.timing.zones import zone_of

WINTER = datetime(2026, 12, 24, 18, 5, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class NoFiles:
    async def get(self, file_id: str) -> Attachment | None:
        return None

    async def latest(self, kind: str) -> Attachment | None:
        return None


def _context(**settings: str) -> Context:
    place = Conversation(platform="terminal", workspace="local", channel="here")
    return Context(conversation=place, person=Person(id="1", name="Ann"), files=NoFiles(), settings={**settings})


def test_what_the_clocks_show() -> None:
    assert tell("Tokyo", WINTER) == "03:05 on Friday, 25 December 2026 (Asia/Tokyo, UTC+9)"
    assert tell("UTC", WINTER) == "18:05 on Thursday, 24 December 2026 (UTC, UTC)"
    assert tell("St. John's", WINTER) == "14:35 on Thursday, 24 December 2026 (America/St_Johns, UTC−3:30)"


def test_summer_time_counts() -> None:
    assert tell("Berlin", SUMMER).startswith("14:00 on Wednesday, 1 July 2026")
    assert tell("Berlin", WINTER).startswith("19:05 on Thursday, 24 December 2026")


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("New York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("NYC", "America/New_York"),
        ("San Francisco", "America/Los_Angeles"),
        ("São Paulo", "America/Sao_Paulo"),
        ("in Zürich?", "Europe/Zurich"),
        ("Berlin time", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Paris, France", "Europe/Paris"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("Japan", "Japan"),
        ("India", "Asia/Kolkata"),
        ("gmt", "GMT"),
    ],
)
def test_places_people_name(place: str, zone: str) -> None:
    assert zone_of(place)[0] == zone


@pytest.mark.parametrize(
    ("offset", "shown"), [("UTC+2", "20:05"), ("GMT-5:30", "12:35"), ("+0530", "23:35"), ("utc −3", "15:05")]
)
def test_offsets_from_utc(offset: str, shown: str) -> None:
    assert tell(offset, WINTER).startswith(shown)


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        ("Tokio", "Did you mean Tokyo"),
        ("Atlantis", "not known here"),
        ("Paris, Texas", "not known here"),
        ("USA", "several time zones; name a city"),
        ("CST", "several time zones; name a city"),
        ("UTC+25", "no time zone that far"),
        ("../../etc/passwd", "not known here"),
        ("localtime", "not known here"),
        ("x" * 10_000, "not known here"),
    ],
)
def test_an_unknown_place_is_not_guessed(place: str, answer: str) -> None:
    with pytest.raises(SkillError, match=answer):
        tell(place, WINTER)


def test_without_a_place_it_is_utc_or_the_configured_zone() -> None:
    assert current_time(_context()).endswith("(UTC, UTC)")
    assert "(Asia/Tokyo, UTC+9)" in current_time(_context(zone="Tokyo"))
    assert "(Europe/Berlin, " in current_time(_context(zone="Tokyo"), "Berlin")


def test_every_listed_place_has_a_zone_that_exists() -> None:
    assert set(ZONE_OF.values()) <= available_timezones()
    assert not SEVERAL & set(ZONE_OF)


@given(st.text())
def test_any_text_is_a_place_or_refused(place: str) -> None:
    try:
        told = tell(place, WINTER)
    except SkillError:
        return
    assert "2026" in told
