"""Who may do what."""

from core.errors import UserError
from core.messages import ADMIN, GUEST, Message


class Admins:
    """Tells who runs the place: whom the platform says so of, and whom the configuration names.

    Args:
        named: accounts, such as "slack/U024BE7LH", separated by spaces.
    """

    def __init__(self, named: str = "") -> None:
        self._named = frozenset(named.split())

    def include(self, message: Message) -> bool:
        """Tell whether the author of a message is one."""
        return ADMIN in message.author.roles or message.account in self._named


def check_member(message: Message) -> None:
    """Let somebody change what everybody in a channel has; in their own direct messages everybody may.

    Raises:
        UserError: the author is a guest, or the platform could not say whether they are one.
    """
    if GUEST in message.author.roles and message.audience.scope != "person":
        raise UserError("Guests cannot change what others in a channel have. (Perhaps I could not ask who you are.)")
