"""The seam between the page and a simulated platform: what people see there, and what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bots.simulator.transcript import Shown, ShownFile, Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel, a thread that is a place of its own, or the direct messages with the bot."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A field of a form.

    Attributes:
        long: its text may have several lines.
        choices: what can be chosen, by label; empty where something is typed.
        error: what is wrong with what was filled in.
    """

    key: str
    label: str
    required: bool = False
    value: str = ""
    long: bool = False
    choices: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form that the bot has opened before a person."""

    title: str
    text: str
    blanks: tuple[Blank, ...]


class MisuseError(Exception):
    """Say what the platform's own client would have told a person who tries this."""


class Stage(Protocol):
    """A simulated platform as a person uses it.

    Every method that does something raises `MisuseError` where the platform's client would not have done it.

    Attributes:
        title: of the platform.
        bot: the bot's id.
        transcript: what is seen.
    """

    title: str
    bot: str
    transcript: Transcript

    @property
    def names(self) -> Mapping[str, str]:
        """Everybody's name, by id, the bot's too."""
        ...

    @property
    def people(self) -> Sequence[str]:
        """The ids of the people who can be played."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that connect a Steward to this platform."""
        ...

    async def connected(self) -> None:
        """Return once a bot listens."""
        ...

    def places(self, person: str) -> Sequence[Place]:
        """Return where a person can write."""
        ...

    async def write(self, person: str, place: str, text: str, thread: str | None, files: Sequence[ShownFile]) -> None:
        """Write a message, or use a command where it begins with a slash."""
        ...

    async def edit(self, shown: Shown, text: str) -> None:
        """Change a message as its author."""
        ...

    async def delete(self, shown: Shown) -> None:
        """Delete a message as its author."""
        ...

    async def cross(self, shown: Shown, person: str) -> None:
        """React to a message with :x:."""
        ...

    async def press(self, shown: Shown, person: str, key: str, choice: str) -> None:
        """Use a button, or choose something from a menu."""
        ...

    async def ask_about(self, shown: Shown, person: str) -> None:
        """Use the entry of a message's menu that asks the bot about it."""
        ...

    def sheet(self, person: str) -> Sheet | None:
        """Return the form that is open before a person."""
        ...

    async def fill(self, person: str, values: Mapping[str, str]) -> None:
        """Send the open form off."""
        ...

    async def dismiss(self, person: str) -> None:
        """Close the open form."""
        ...
