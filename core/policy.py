"""Who may do what."""

from core.messages import ADMIN, Message


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
