"""The fields of objects in requests: of which type they are, and their limits.

`at` is where the object stands in the request, with dots: "components.0".
"""

from pydantic import JsonValue

from bots.simulator.discord.errors import invalid, out_of_length, required, too_long
from core.messages import JsonObject


def objects(value: JsonValue, at: str) -> list[JsonObject]:
    """Read a list of objects.

    Raises:
        ApiError: it is none.
    """
    if not isinstance(value, list):
        raise invalid(at, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    found = [each for each in value if isinstance(each, dict)]
    if len(found) != len(value):
        raise invalid(at, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
    return found


def check_text(of: JsonObject, key: str, limit: int, at: str, *, least: int = 1, needed: bool = False) -> None:
    """Hold a text of an object against its limits, where it has one.

    Raises:
        ApiError: it is missing though it is needed, no text, or too short or long.
    """
    value = of.get(key)
    if value is None:
        if needed:
            raise required(f"{at}.{key}")
        return
    if not isinstance(value, str):
        raise invalid(f"{at}.{key}", "STRING_TYPE_CONVERT", "Could not interpret the value as string.")
    if len(value) > limit:
        raise too_long(f"{at}.{key}", limit)
    if len(value) < least:
        raise out_of_length(f"{at}.{key}", least, limit)


def check_number(of: JsonObject, key: str, least: int, most: int, at: str) -> None:
    """Hold a whole number of an object against its limits, where it has one.

    Raises:
        ApiError: it is none, or out of range.
    """
    value = of.get(key)
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise invalid(f"{at}.{key}", "NUMBER_TYPE_RANGE", f"int value should be between {least} and {most}.")
