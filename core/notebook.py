"""The notebook: what skills can remember and recall for the turn they are called in."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

from core.audience import Readers, readers_of
from core.errors import SkillError, UserError
from core.facts import Facts
from core.identity import Identity
from core.messages import Audience, Message
from core.passages import Found, Passages
from core.policy import Admins

Sees: TypeAlias = Callable[[Message], Awaitable[frozenset[Audience]]]
"""Tells what the readers of an answer to a message can see beyond its channel; see `Outlet.sees`."""

_MOST: Final = 20
_NAMES: Final = {"turn": "said", "summary": "summary", "fact": "fact", "file": "file"}
_OFF: Final = "Memory is switched off in this channel, so nothing is remembered or recalled here."


async def sees_nothing(_: Message) -> frozenset[Audience]:
    """See nothing beyond a message's channel."""
    return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What every notebook is made of."""

    facts: Facts
    passages: Passages
    identity: Identity
    admins: Admins

    async def readers(self, message: Message, sees: Sees) -> Readers:
        """Return the readers of an answer to a message, with everything that all of them can see.

        In a direct message that is also what the same person says directly with other accounts of theirs.
        """
        readers = readers_of(message.conversation, message.audience).seeing(await sees(message))
        if message.audience.scope != "person":
            return readers
        accounts = await self.identity.accounts(message.account)
        return readers.seeing(Audience(scope="person", id=account) for account in accounts - {message.account})

    async def accounts(self, message: Message) -> frozenset[str]:
        """Return the accounts whose facts the author of a message may change; none stands for everybody's."""
        return frozenset() if self.admins.include(message) else await self.identity.accounts(message.account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A turn's; see `core.context.Notes`.

    Attributes:
        sees: asks what the readers of the answer can see.
        open: memory is not switched off in the channel.
        asked_for: what was recalled.
    """

    keeper: Keeper
    message: Message
    turn: int
    sees: Sees
    open: bool = True
    asked_for: list[str] = field(default_factory=list)

    @property
    def recalled(self) -> bool:
        """Whether something was recalled."""
        return bool(self.asked_for)

    async def remember(self, text: str) -> str:
        """Keep a fact; return it as the model reads it."""
        self._check()
        try:
            fact = await self.keeper.facts.remember(text, self.message, self.turn)
        except UserError as error:
            raise SkillError(str(error)) from error
        if fact is None:
            raise SkillError("What was said here was to be forgotten meanwhile, so this is not remembered.")
        return f"Remembered as fact {fact.id}: {fact.text}"

    async def recall(self, text: str, most: int) -> str:
        """Find what was said, remembered or read in files; return it as the model reads it."""
        self._check()
        self.asked_for.append(text)
        readers = await self.keeper.readers(self.message, self.sees)
        return _listed(await self.keeper.passages.search(readers, text, most=min(most, _MOST)))

    async def forget(self, number: int) -> str:
        """Forget a fact."""
        self._check()
        try:
            readers = await self.keeper.readers(self.message, self.sees)
            fact = await self.keeper.facts.delete(readers, number, await self.keeper.accounts(self.message))
        except UserError as error:
            raise SkillError(str(error)) from error
        return f"Forgotten: fact {fact.id}."  # its words would be remembered with this turn

    def _check(self) -> None:
        if not self.open:
            raise SkillError(_OFF)


def _listed(found: Sequence[Found]) -> str:
    if not found:
        return "Nothing was found."
    return "\n".join(_line(each) for each in found)


def _line(found: Found) -> str:
    when = datetime.fromtimestamp(found.at, UTC)
    number = f" {found.ref}" if found.kind in ("fact", "file") else ""
    where = f", {found.link}" if found.link else ""
    return f"- [{_NAMES[found.kind]}{number}, {when:%Y-%m-%d}{where}] {found.text}"
