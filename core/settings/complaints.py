"""What is wrong with a setting, in one sentence that shows no value."""

from collections.abc import Callable, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.settings import keys

_TYPES = {
    "string": "must be text (put it in quotes)",
    "path": "must be a path",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "bool": "must not be yes, no, true or false (put text in quotes)",
    "accounts": "must name accounts such as slack/U024BE7LH, with spaces between",
    "model": "must hold keys of its own",
    "dict": "must hold keys of its own",
}
_LIMITS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


def sentence(error: ValidationError, where: Callable[[keys.Path], str], known: Sequence[keys.Key]) -> str:
    """Describe the first thing that is wrong.

    Args:
        error: from validating a settings model.
        where: names the file or variable that a key was set in: "config.yaml".
        known: all keys there are.
    """
    details = min(
        error.errors(include_url=False, include_input=False), key=lambda one: one["type"] != "extra_forbidden"
    )
    path = tuple(str(part) for part in details["loc"])
    name = ".".join(path)
    if details["type"] == "extra_forbidden":
        right = keys.closest(path, keys.names(known))
        return f"The key {name} in {where(path)} is unknown" + (f"; did you mean {right}?" if right else ".")
    return f"{name} in {where(path)} {_demand(details)}."


def _demand(details: ErrorDetails) -> str:
    kind = details["type"]
    context = details.get("ctx", {})
    if kind == "literal_error":
        return f"must be {context['expected']}".replace("'", "")
    if kind == "string_pattern_mismatch":
        return "must be a whole address, such as https://example.com"
    if kind in _LIMITS:
        limit, words = _LIMITS[kind]
        return f"{words} {context[limit]:g}"
    return _TYPES.get(kind.partition("_")[0], "is not a valid value")
