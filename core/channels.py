"""Channels: what people have set for one of them, by whom and when."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from core.errors import UserError
from core.messages import Conversation, Person
from core.store import Store

LONGEST_INSTRUCTIONS: Final = 2_000
"""Characters of a channel's instructions."""

_LONGEST_LANGUAGE: Final = 40
_LONGEST_RETENTION: Final = 36_500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that somebody set; `by` is the name of who did, "" where that is no longer known."""

    value: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What is set for a channel; what nobody has set is as the configuration says."""

    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def remembers(self) -> bool:
        """Whether what is said here is remembered, and recalled."""
        return self._value("memory") != "off"

    @property
    def retention(self) -> float | None:
        """The days after which what was said here is erased; None where the configuration decides."""
        value = self._value("retention")
        return float(value) if value else None

    @property
    def follow(self) -> bool | None:
        """Whether messages are answered without a mention; None where the configuration decides."""
        value = self._value("follow")
        return value == "on" if value else None

    @property
    def instructions(self) -> str:
        """What an answer here has to heed besides, for the model; "" where nothing is set."""
        language, wanted = self._value("language"), self._value("instructions")
        lines = [f"Answer in this language, whatever the question's is: {language}."] if language else []
        if wanted:
            who = self.settings["instructions"].by or "somebody"
            lines.append(f"In this channel people want you to heed the following (set by {who}):\n{wanted}")
        return "\n\n".join(lines)

    def _value(self, name: str) -> str:
        return self.settings[name].value if name in self.settings else ""


def _switch(text: str) -> str:
    if text.lower() not in ("on", "off"):
        raise UserError("Say `on` or `off`.")
    return text.lower()


def _days(text: str) -> str:
    number = text.lower().removesuffix("days").removesuffix("day").strip()
    try:
        days = float(number)
    except ValueError:
        days = 0.0
    if not 1 <= days <= _LONGEST_RETENTION:
        raise UserError("Say after how many days what is said here is to be erased, such as `30`; at least 1.")
    return f"{days:g}"


def _language(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > _LONGEST_LANGUAGE or not all(each.isalpha() or each in " -()" for each in plain):
        raise UserError("Say the name of a language, such as `German` or `pt-BR`.")
    return plain


def _instructions(text: str) -> str:
    if len(text) > LONGEST_INSTRUCTIONS:
        raise UserError(f"Instructions may have {LONGEST_INSTRUCTIONS:,} characters; these have {len(text):,}.")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something that can be set: what is shown of it, and how a text is read into a value."""

    help: str
    usual: str
    read: Callable[[str], str]


KINDS: Final[Mapping[str, Kind]] = {
    "memory": Kind(help="`on` or `off`: remember what is said here", usual="on", read=_switch),
    "retention": Kind(
        help="days after which what is said here is erased, if not sooner by configuration",
        usual="as configured",
        read=_days,
    ),
    "follow": Kind(help="`off`: answer only when I am mentioned", usual="as configured", read=_switch),
    "language": Kind(help="the language I answer in", usual="that of the question", read=_language),
    "instructions": Kind(help="what I am to heed here", usual="none", read=_instructions),
}
"""What can be set, by name."""


class Channels:
    """The settings of all channels; the threads of a channel share them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, conversation: Conversation) -> Channel:
        """Return what is set for a channel."""
        rows = await self._store.fetch(
            "SELECT name, value, by_name, at FROM settings WHERE channel = ?", (conversation.channel_key,)
        )
        return Channel(
            settings={
                row["name"]: Setting(value=row["value"], by=row["by_name"], at=datetime.fromtimestamp(row["at"], UTC))
                for row in rows
            }
        )

    async def set(self, conversation: Conversation, name: str, text: str, person: Person) -> str:
        """Set something for a channel, or with "" have it as configured again; return the value.

        Raises:
            UserError: there is no such setting, or the text is no value for it.
        """
        if name not in KINDS:
            raise UserError(f"There is no setting {name[:40]!r}; there are {', '.join(KINDS)}.")
        value = KINDS[name].read(text) if text else ""
        if not value:
            await self._store.write(
                "DELETE FROM settings WHERE channel = ? AND name = ?", (conversation.channel_key, name)
            )
            return ""
        await self._store.write(
            "INSERT INTO settings (channel, name, value, by, by_name, at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (channel, name) DO UPDATE SET"
            " value = excluded.value, by = excluded.by, by_name = excluded.by_name, at = excluded.at",
            (
                conversation.channel_key,
                name,
                value,
                f"{conversation.platform}/{person.id}",
                person.name,
                time.time(),
            ),
        )
        return value

    async def follows(self, conversation: Conversation, *, usually: bool) -> bool:
        """Tell whether messages of a channel are answered without a mention; `usually` where nobody has set it."""
        follow = (await self.of(conversation)).follow
        return usually if follow is None else follow
