"""The settings as a Markdown table, for the README."""

from collections.abc import Sequence

from core.settings import keys


def render(known: Sequence[keys.Key], prefix: str) -> str:
    """Write one row a key: key, environment variable, default, meaning."""
    rows = ["| Key | Variable | Default | Meaning |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{key.name}` | `{keys.variable(key.path, prefix)}` | {_default(key)} | {key.field.description} |"
        for key in known
    ]
    return "\n".join(rows) + "\n"


def _default(key: keys.Key) -> str:
    value: object = None if key.open else key.field.default
    return "" if value in (None, "") else f"`{value}`"
