"""From what people call a place to its time zone."""

import re
import unicodedata
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from core import SkillError
from skills.timing.places import SEVERAL, ZONE_OF

_AREAS: Final = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian")
# Keys that are no places, and cities better known elsewhere; their full keys still work.
_NO_KEYS: Final = {"localtime", "factory", "north", "south", "west", "center", "lhi", "act", "nsw"}
_NO_PLACES: Final = frozenset({*_NO_KEYS, "san juan", "cordoba"})
_OFFSET: Final = re.compile(r"(?:utc|gmt)?\s*([+\-−])\s*(\d{1,2})(?::?([0-5]\d))?", re.ASCII)


def zone_of(place: str) -> tuple[str, tzinfo]:
    """Return a name to show and the time zone of a city, country, IANA name or UTC offset.

    Raises:
        SkillError: the place is not known, or has several time zones.
    """
    plain = _plain(place)
    if offset := _OFFSET.fullmatch(plain):
        return _fixed(offset)
    if plain in SEVERAL:
        raise SkillError(f"“{_echo(place)}” has several time zones; name a city.")
    key = _key(plain)
    if key is None:
        raise SkillError(f"The time zone of “{_echo(place)}” is not known here. {_hint(plain)}")
    return key, ZoneInfo(key)


def _key(plain: str) -> str | None:
    if key := _keys().get(plain):
        return key
    city, comma, country = plain.partition(",")
    if not comma:
        return None
    # "Paris, France" is Paris and "Paris, Texas" is not: both have to name the same zone.
    key, of_country = _keys().get(city.strip()), _keys().get(country.strip())
    return key if key and key == of_country else None


@lru_cache(maxsize=1)
def _keys() -> dict[str, str]:
    """Return the IANA key by every name that is understood."""
    zones = sorted(available_timezones(), key=lambda zone: (zone.count("/"), zone))
    cities = {_plain(zone.rsplit("/", 1)[1]): zone for zone in zones if zone.startswith((*_AREAS, "Pacific/"))}
    names = {**cities, **{_plain(zone): zone for zone in zones}, **ZONE_OF}
    return {name: zone for name, zone in names.items() if name not in _NO_PLACES and zone in zones}


def _plain(place: str) -> str:
    """Return a name in small letters, without accents, underscores and what people say around it."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", place[:200]) if not unicodedata.combining(letter))
    words = re.sub(r"[.'’?!]", "", bare.casefold().replace("_", " ")).split()
    return " ".join(words).removeprefix("in ").removesuffix(" time")


def _fixed(offset: re.Match[str]) -> tuple[str, tzinfo]:
    hours, minutes = int(offset[2]), int(offset[3] or 0)
    if hours > 14:
        raise SkillError("There is no time zone that far from UTC; offsets go from UTC-12 to UTC+14.")
    away = timedelta(hours=hours, minutes=minutes) * (1 if offset[1] == "+" else -1)
    return "fixed offset", timezone(away)


def _hint(plain: str) -> str:
    close = get_close_matches(plain, _keys(), n=2, cutoff=0.78)
    if close:
        return f"Did you mean {' or '.join(name.title() for name in close)}?"
    return "Name a larger city in the same time zone, or a zone such as Europe/Berlin or UTC+2."


def _echo(place: str) -> str:
    return " ".join(place.split())[:60]
