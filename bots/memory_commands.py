"""The sub-commands about what is remembered: `memory`, `forget`, `my-data` and `forget-me`.

What they answer is for the one person who used them.
"""

from collections.abc import Sequence
from typing import Final

from bots.commands import counted, typed_as
from core.audience import readers_of
from core.channels import Channels
from core.errors import UserError
from core.facts import Fact
from core.forgetting import Forgetting, Receipt
from core.identity import Identity
from core.messages import Attachment, Message, Reply
from core.notebook import Keeper
from core.personal import Personal
from core.policy import check_member

_MOST: Final = 50
"""Facts that are shown at once, the latest; where there are more, all of them come as a file besides."""

_ALL: Final = 100_000

_AUDIENCES: Final = {"workspace": "everybody", "channel": "the members of this channel", "person": "you alone"}
"""Who may see a fact, by the scope of its audience."""

_NOUNS: Final = {
    "turns": "turn",
    "files": "file",
    "facts": "fact",
    "cached": "cached result",
    "opinions": "opinion",
    "accounts": "linked account",
}


class MemoryCommands:
    """Answers them."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        channels: Channels,
        forgetting: Forgetting,
        identity: Identity,
        personal: Personal,
    ) -> None:
        self._keeper = keeper
        self._channels = channels
        self._forgetting = forgetting
        self._identity = identity
        self._personal = personal

    async def memory(self, used: Message, rest: str) -> Reply:
        """Show the facts that are remembered in a channel, or edit or delete one.

        Raises:
            UserError: there is no such fact here, it is somebody else's, or the words make no sense.
        """
        action, _, more = rest.strip().partition(" ")
        number, _, text = more.strip().partition(" ")
        readers = readers_of(used.conversation, used.audience)
        match action.lower():
            case "":
                remembers = (await self._channels.of(used.conversation)).remembers
                return _shown(used, await self._keeper.facts.list(readers, most=_ALL), remembers=remembers)
            case "edit" if number.isdecimal() and text.strip():
                own = await self._keeper.accounts(used)
                fact = await self._keeper.facts.edit(readers, int(number), text, own, used)
                return Reply(text=f"Fact {fact.id} now says: {fact.text}")
            case "delete" if number.isdecimal() and not text.strip():
                fact = await self._keeper.facts.delete(readers, int(number), await self._keeper.accounts(used))
                return Reply(text=f"Forgotten: fact {fact.id}, {fact.text}")
        forms = ("memory", "memory edit NUMBER TEXT", "memory delete NUMBER")
        raise UserError(f"Say {' or '.join(typed_as(used, form) for form in forms)}.")

    async def forget(self, used: Message, _: str) -> Reply:
        """Erase what was said in a channel, or in a thread alone, and say how much that was.

        Raises:
            UserError: a guest wants it.
        """
        check_member(used)
        receipt = await self._forgetting.place(used.conversation)
        where = "thread" if used.conversation.thread else "channel"
        return Reply(text=f"Forgotten in this {where}: {_counted(receipt)}.\n{_disk(receipt)}")

    async def forget_me(self, used: Message, _: str) -> Reply:
        """Erase everything that is kept about a person, with all linked accounts, and say how much that was."""
        receipt = await self._forgetting.person(await self._identity.accounts(used.account))
        where = used.conversation.platform.capitalize()
        return Reply(
            text=f"Everything I kept about you is erased: {_counted(receipt)}.\n{_disk(receipt)}\n"
            f"What you and I wrote in {where} itself stays there until you delete it there, and so does what others"
            " said about you, and backups that were made before."
        )

    async def my_data(self, used: Message, _: str) -> Reply:
        """Send a person everything that is kept about them."""
        found = await self._personal.collect(await self._identity.accounts(used.account))
        text = f"This is everything I keep about you. {typed_as(used, 'forget-me')} erases it."
        if found.turns:
            text += f" {counted(found.turns, 'turn')} had no room in it, the oldest."
        if found.files:
            text += f" {counted(found.files, 'file')} had no room in it; their names are."
        return Reply(text=text, attachments=(found.archive,))


def _shown(used: Message, facts: Sequence[Fact], *, remembers: bool) -> Reply:
    off = "" if remembers else "Memory is switched off in this channel: nothing new is remembered.\n"
    if not facts:
        return Reply(text=f"{off}I remember no facts in this channel. Say “remember that …” to have me keep one.")
    head, left = "**What I remember in this channel**", len(facts) - _MOST
    lines = [_line(fact) for fact in facts]
    if left > 0:
        head = f"{head} (the latest {_MOST} of {len(facts):,}; the file has them all)"
    edit, delete = typed_as(used, "memory edit NUMBER TEXT"), typed_as(used, "memory delete NUMBER")
    shown = "\n".join([head, *lines[-_MOST:], f"\nWho said one, and admins, can change it: {edit}, {delete}."])
    whole = Attachment(filename="facts.md", media_type="text/markdown", content="\n".join(lines).encode())
    return Reply(text=f"{off}{shown}", attachments=(whole,) if left > 0 else ())


def _line(fact: Fact) -> str:
    who = _AUDIENCES[fact.audience.partition(":")[0]]
    by = f" by {fact.editor_name}" if fact.editor_name else ""
    edited = f", edited{by} {fact.changed_at:%Y-%m-%d}" if fact.changed_at > fact.created_at else ""
    source = f", [source]({fact.link})" if fact.link else ""
    return f"- {fact.id}: {fact.text} ({fact.author_name}, {fact.created_at:%Y-%m-%d}{edited}, for {who}{source})"


def _counted(receipt: Receipt) -> str:
    """Write how much was erased: turns and files always, of the rest what there was."""
    erased = receipt.erased
    parts = [
        counted(number, noun)
        for name, noun in _NOUNS.items()
        if (number := getattr(erased, name)) or name in ("turns", "files")
    ]
    if erased.summaries:
        parts.append("1 summary" if erased.summaries == 1 else f"{erased.summaries:,} versions of summaries")
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _disk(receipt: Receipt) -> str:
    """Say what is not erased yet."""
    if receipt.left:
        return (
            f"{counted(receipt.left, 'answer')} on the way will still come; the last traces go within a day after that."
        )
    if receipt.on_disk:
        return "Nothing of it is left on my disk."
    return "The last traces of it on my disk are overwritten within a day."
