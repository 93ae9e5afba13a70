"""The sub-commands `link` and `unlink`, by which a person shows that two accounts are theirs."""

from bots.commands import typed_as
from core.identity import LIFETIME, Identity
from core.messages import Message, Reply


class IdentityCommands:
    """Answers them."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def link(self, used: Message, rest: str) -> Reply:
        """Give a code to a person, or take it back with another account of theirs.

        Raises:
            UserError: the code is none, or of the same account.
        """
        if rest.strip():
            other = await self._identity.link(used, rest)
            return Reply(
                text=f"You are the same person as `{other}` to me from now on. {typed_as(used, 'unlink')} undoes that."
            )
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
