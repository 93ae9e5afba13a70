"""Skills about the time of day."""

from datetime import UTC, datetime, timedelta

from core import Context, skill
from skills.timing.zones import zone_of


@skill
def current_time(context: Context, place: str = "") -> str:
    """Tell the date and time now, in a city, country or time zone.

    Args:
        context: The turn; the setting `skills.clock.zone` is the place where none is given.
        place: A city (Tokyo), a country with one time zone (Germany), a zone (Europe/Berlin) or an offset (UTC+2).

    Examples:
        what time is it
        what time is it in Tokyo
        current time in New York
        what is the date today
        what day is it today
    """
    home = context.settings.get("zone")
    return tell(place.strip() or (home if isinstance(home, str) and home else "UTC"), datetime.now(UTC))


def tell(place: str, now: datetime) -> str:
    """Say what the clocks show in a place at an instant.

    Raises:
        SkillError: the place is not known.
    """
    name, zone = zone_of(place)
    local = now.astimezone(zone)
    return f"{local:%H:%M} on {local:%A}, {local.day} {local:%B %Y} ({name}, {_offset(local.utcoffset())})"


def _offset(offset: timedelta | None) -> str:
    """Write an offset from UTC: UTC, UTC+9, UTC−3:30."""
    if not offset:
        return "UTC"
    hours, minutes = divmod(int(abs(offset).total_seconds()) // 60, 60)
    return f"UTC{'+' if offset > timedelta() else '−'}{hours}" + (f":{minutes:02}" if minutes else "")
