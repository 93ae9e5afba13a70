"""The seam between the core and a platform: `Platform` listens, its `Draft` shows one answer."""

from typing import Protocol

from core.messages import Audience, Conversation, Message, Person
from core.outlet import Draft, Note, Outlet, Part, unnoted

__all__ = ["Draft", "Inbox", "Note", "Outlet", "Part", "Platform", "unnoted"]


class Inbox(Protocol):
    """What a platform hands over; everything is stored before a method returns, and known when it comes twice.

    Every method raises `OperatorError` where the database could not be written; nothing is to be acknowledged then.
    """

    async def accept(self, message: Message) -> bool:
        """Take a message in; False where it was accepted before."""
        ...

    async def edited(self, message: Message) -> bool:
        """Take in the new version of a question, which has the id of the old one; it is answered anew, in place.

        Returns False where there is nothing to do: it was never accepted, or says the same as before.
        """
        ...

    async def deleted(self, message_id: str) -> bool:
        """Take in that a question was deleted: its answer is ended or removed. False where there is nothing to do."""
        ...

    async def removed(self, conversation: Conversation, answer_id: str, person: Person) -> bool:
        """Remove an answer because the person who had asked wants it; False where it is not theirs, or none.

        Args:
            conversation: where the answer stands; of a thread the channel alone is enough.
            answer_id: the platform's id of one of the answer's messages.
            person: who wants it.
        """
        ...

    async def press(self, key: str, message: Message, choice: str = "") -> str:
        """Carry out what a control stands for, and return what to show to the one person who pressed it.

        Args:
            key: the control's.
            message: the press as a message of its own: with an id that a second delivery of the same press has too, the
                place and the person, an origin with which an answer gets there, and no text.
            choice: what was chosen from a menu.

        Returns:
            Markdown; "" where nothing is to be said, because people see what happens.
        """
        ...

    async def stop(self, conversation: Conversation, person: Person) -> int:
        """End the answers to a person's questions in a place, with its threads; return how many there were."""
        ...

    async def closed(self, conversation: Conversation, audience: Audience) -> None:
        """Take in that a channel is not the whole workspace's, but this audience's alone; so is what was said there.

        It costs little where that is known, or nothing was said.
        """
        ...


class Platform(Outlet, Protocol):
    """A place where people talk to Steward."""

    name: str

    async def listen(self, inbox: Inbox) -> None:
        """Receive until cancelled; await `inbox.accept(message)` before acknowledging each message.

        Raises:
            PlatformError: the connection could not be made or was lost; `permanent` where only the operator can help.
        """
        ...
