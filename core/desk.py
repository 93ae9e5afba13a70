"""The desk: where platforms hand over what people say, change, take back and press."""

from core.messages import Conversation, Message, Person
from core.turns import Turns


class Desk:
    """Takes everything in; see `bots.platform.Inbox`."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def accept(self, message: Message) -> bool:
        """Take a message in; False where it was accepted before."""
        return await self._turns.accept(message)

    async def edited(self, message: Message) -> bool:
        """Take in the new version of a question."""
        return False

    async def deleted(self, message_id: str) -> bool:
        """Take in that a question was deleted."""
        return False

    async def removed(self, conversation: Conversation, answer_id: str, person: Person) -> bool:
        """Remove an answer because the person who had asked wants it."""
        return False

    async def press(self, key: str, message: Message, choice: str = "") -> str:
        """Carry out what a control stands for."""
        return ""

    async def stop(self, conversation: Conversation, person: Person) -> int:
        """End the answers to a person's questions in a place."""
        return 0
