"""Secrets taken out of texts, by known value and by what secrets look like."""

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import Final
from urllib.parse import quote

MARK: Final = "[redacted]"

# Shorter ones would blot out ordinary words.
_SHORTEST = 6

_NAMES = r"(?:[\w-]{0,40}(?:token|secret|password|api[_-]?key)|authorization|ticket|signature)"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"()\bxox[a-z](?:\.xox[a-z])?-[\w-]{6,}",  # Slack: bot, user, refresh tokens
        r"()\bxapp-[\w-]{6,}",  # Slack: app-level tokens
        r"()\bsk-[\w-]{8,}",  # OpenAI and many compatible servers
        r"()\b(?:[MNO][\w-]{22,99}|eyJ[\w-]{9,999})\.[\w-]{6,999}\.[\w-]{27,}",  # Discord tokens, JSON web tokens
        r"(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{6,}",
        r"(//[^/\s:@]*:)[^/\s@]+(?=@)",  # a password in an address
        r"(/(?:webhooks|interactions)/\d+/)[\w.-]{20,}",  # Discord: interaction tokens in addresses
        r"(\bhooks\.slack\.com/\w+/)[\w/-]+",  # Slack: response_url
        rf"([?&]{_NAMES}=)[^&#\s\"'<>\\]+",
        rf"(\b{_NAMES}[\"']?\s*[:=]\s*b?[\"'])[^\"'\n]{{4,}}",  # quoted, as in JSON and in a dict
    )
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)


class Redactor:
    """Takes out what it was told and what looks like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Take out these values from now on, also as they are written in addresses and in JSON."""
        values = {secret for secret in secrets if len(secret) >= _SHORTEST}
        spellings = values | {quote(value, safe="") for value in values} | {json.dumps(value)[1:-1] for value in values}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._known:
            text = self._known.sub(MARK, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{MARK}", text)
        return text

    def inside(self, value: object) -> object:
        """Return a value for JSON without secrets: texts, lists and tables are walked through, the rest is printed."""
        match value:
            case float():
                return value if isfinite(value) else str(value)
            case None | bool() | int():
                return value
            case dict():
                return {
                    str(key): MARK if isinstance(one, str) and _SECRET_NAME.fullmatch(str(key)) else self.inside(one)
                    for key, one in value.items()
                }
            case list() | tuple() | set() | frozenset():
                return [self.inside(one) for one in value]
            case _:
                return self(str(value))
