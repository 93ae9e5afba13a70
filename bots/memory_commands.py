"""The sub-commands about what is remembered: `memory`, `forget`, `my-data`, `forget-me`, `link` and `unlink`.

What they answer is for the one person who used them.
"""

from collections.abc import Sequence
from typing import Final

from bots.commands import counted
from core.audience import readers_of
from core.channels import Channels
from core.errors import UserError
from core.facts import Fact
from core.forgetting import Forgetting, Receipt
from core.identity import LIFETIME, Identity
from core.messages import GUEST, Message, Reply
from core.notebook import Keeper
from core.personal import Personal

_MOST: Final = 50
"""Facts that are shown."""

_AUDIENCES: Final = {"workspace": "everybody", "channel": "the members of this channel", "person": "you alone"}
"""Who may see a fact, by the scope of its audience."""

_USAGE: Final = "Say `memory`, `memory edit NUMBER TEXT` or `memory delete NUMBER`."
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
                found = await self._keeper.facts.list(readers, most=_MOST)
                return Reply(text=_shown(found, remembers=remembers))
            case "edit" if number.isdecimal() and text.strip():
                own = await self._keeper.accounts(used)
                fact = await self._keeper.facts.edit(readers, int(number), text, own)
                return Reply(text=f"Fact {fact.id} now says: {fact.text}")
            case "delete" if number.isdecimal() and not text.strip():
                fact = await self._keeper.facts.delete(readers, int(number), await self._keeper.accounts(used))
                return Reply(text=f"Forgotten: fact {fact.id}, {fact.text}")
        raise UserError(_USAGE)

    async def forget(self, used: Message, _: str) -> Reply:
        """Erase what was said in a channel, and say how much that was.

        Raises:
            UserError: a guest wants it.
        """
        if GUEST in used.author.roles:
            raise UserError("Guests cannot have a channel forgotten; `forget-me` erases what I keep about you.")
        receipt = await self._forgetting.channel(used.conversation)
        return Reply(text=f"Forgotten in this channel: {_counted(receipt)}.\n{_disk(receipt)}")

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
        text = "This is everything I keep about you. `forget-me` erases it."
        if found.turns:
            text += f" {counted(found.turns, 'turn')} had no room in it, the oldest."
        if found.files:
            text += f" {counted(found.files, 'file')} had no room in it; their names are."
        return Reply(text=text, attachments=(found.archive,))

    async def link(self, used: Message, rest: str) -> Reply:
        """Give a code to a person, or take it back with another account of theirs.

        Raises:
            UserError: the code is none, or of the same account.
        """
        if rest.strip():
            other = await self._identity.link(used, rest)
            return Reply(text=f"You are the same person as `{other}` to me from now on. `unlink` undoes that.")
        code = await self._identity.code(used)
        return Reply(
            text=f"Say `/steward link {code}` with your account on the other platform within {LIFETIME / 60:g} minutes."
            " Then your data and usage there and here are one. Give this code to nobody: who says it becomes you."
        )

    async def unlink(self, used: Message, _: str) -> Reply:
        """Take a person's accounts apart again."""
        others = await self._identity.unlink(used.account)
        if not others:
            return Reply(text="This account is not linked with another one.")
        return Reply(text=f"No longer linked with {', '.join(f'`{other}`' for other in sorted(others))}.")


def _shown(facts: Sequence[Fact], *, remembers: bool) -> str:
    lines = [] if remembers else ["Memory is switched off in this channel: nothing new is remembered."]
    if not facts:
        return "\n".join([*lines, "I remember no facts in this channel. Say “remember that …” to have me keep one."])
    lines.append("**What I remember in this channel**")
    for fact in facts:
        source = f", [source]({fact.link})" if fact.link else ""
        who = _AUDIENCES[fact.audience.partition(":")[0]]
        lines.append(f"- {fact.id}: {fact.text} ({fact.author_name}, {fact.created_at:%Y-%m-%d}, for {who}{source})")
    lines.append("\nWho said one, and admins, can change it: `memory edit NUMBER TEXT`, `memory delete NUMBER`.")
    return "\n".join(lines)


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
