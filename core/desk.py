"""The desk: where platforms hand over what people say, change, take back and press."""

from dataclasses import replace

from core import controls
from core.closing import Closing
from core.config import AgentConfig
from core.controls import Press
from core.feedback import Feedback
from core.files import Files
from core.forgetting import Forgetting
from core.messages import Attachment, Audience, Conversation, DirectCall, Message, Person, Turn
from core.reports import explain
from core.turns import Turns
from core.usage import Usages
from core.wishes import Wishes

GONE = "This answer is too old, or was removed: I no longer know what it was about."
AT_IT = "I am already working on that."
ENDED = "This answer has come to its end."
NOT_YOURS = "Only {name}, who asked, can do that."


class Desk:
    """Takes everything in; see `bots.platform.Inbox`.

    Args:
        forgetting: erases what a question said before, or that is gone, where its answer is left as it is.
        closing: makes what a channel remembers its members' own.
        config: says what an edited and a deleted question bring about.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        wishes: Wishes,
        forgetting: Forgetting,
        closing: Closing,
        files: Files,
        feedback: Feedback,
        usages: Usages,
        config: AgentConfig,
    ) -> None:
        self._turns = turns
        self._wishes = wishes
        self._forgetting = forgetting
        self._closing = closing
        self._files = files
        self._feedback = feedback
        self._usages = usages
        self._config = config

    async def accept(self, message: Message) -> bool:
        """Take a message in; False where it was accepted before."""
        return await self._turns.accept(message)

    async def edited(self, message: Message) -> bool:
        """Take in the new version of a question; False where it changes nothing."""
        asked = await self._wishes.asked_as(message.id)
        if asked is None or _says(asked.message) == _says(message):
            return False
        if self._config.on_edit == "ignore":
            await self._forgetting.turn(asked)
            return False
        # it is answered where it was: a thread may have been opened from it, which the edit does not say
        placed = replace(message, conversation=asked.message.conversation, origin=asked.message.origin)
        return self._attend(await self._wishes.again(asked.id, placed))

    async def deleted(self, message_id: str) -> bool:
        """Take in that a question was deleted; False where it has no answer to be removed."""
        asked = await self._wishes.asked_as(message_id)
        if asked is None:
            return False
        if self._config.on_delete == "keep":
            await self._forgetting.turn(asked)
            return False
        return self._attend(await self._wishes.remove(asked.id))

    async def removed(self, conversation: Conversation, answer_id: str, person: Person) -> bool:
        """Remove an answer because the person who had asked wants it; False where it is not theirs."""
        answered = await self._wishes.answered_by(conversation, answer_id)
        if answered is None or answered.message.author.id != person.id:
            return False
        return self._attend(await self._wishes.remove(answered.id))

    async def stop(self, conversation: Conversation, person: Person) -> int:
        """End the answers to a person's questions in a place; return how many there were."""
        found = [
            await self._wishes.stop(turn, person.name) for turn in await self._wishes.open_turns(conversation, person)
        ]
        return sum(self._attend(turn) for turn in found)

    async def closed(self, conversation: Conversation, audience: Audience) -> None:
        """Make what a channel remembers its members' own; what is being answered there goes on for them alone."""
        for number in await self._closing.close(conversation, audience):
            self._attend(await self._wishes.numbered(number))

    async def press(self, key: str, message: Message, choice: str = "") -> str:
        """Carry out what a control stands for; return what to show to who pressed it."""
        press = controls.read(key)
        turn = await self._wishes.numbered(press.turn) if press else None
        if press is None or turn is None or not _belongs(press, turn, message):
            return GONE
        match press.action:
            case "good" | "bad" as value:
                await self._feedback.give(turn.id, message.author, value)
                return "Thank you, that is noted."
            case "why":
                report = await self._usages.report(turn.id)
                return explain(report) if report else GONE
            case "file":
                return await self._use_file(press, message, choice)
            case "stop" | "again":
                if turn.message.author.id != message.author.id:
                    return NOT_YOURS.format(name=turn.message.author.name)
                if press.action == "again":
                    return "" if self._attend(await self._wishes.again(turn.id)) else AT_IT
                return "" if self._attend(await self._wishes.stop(turn.id, message.author.name)) else ENDED

    async def _use_file(self, press: Press, message: Message, choice: str) -> str:
        """Call the skill that a file's control names, as the person who pressed it."""
        file_id, _, number = press.value.partition(".")
        file = await self._files.get(file_id, message.conversation, message.audience)
        called = _call(file, int(number), choice) if file and number.isdecimal() else None
        if called is None:
            return "This file is no longer kept."
        label, direct = called
        await self._turns.accept(replace(message, text=label, direct=direct))
        return ""

    def _attend(self, turn: Turn | None) -> bool:
        if turn is None:
            return False
        self._turns.attend(turn)
        return True


def _says(message: Message) -> tuple[str, list[str]]:
    """Return what counts when two versions of a message are compared."""
    return message.text, [attachment.filename for attachment in message.attachments]


def _belongs(press: Press, turn: Turn, message: Message) -> bool:
    """Tell whether a key is one of a turn's, and was pressed where the turn was asked."""
    same_place = turn.message.conversation.channel_key == message.conversation.channel_key
    return press.check == controls.check(turn.message.id) and same_place


def _call(file: Attachment, number: int, choice: str) -> tuple[str, DirectCall] | None:
    """Return what a file's control is called, with what was chosen, and the call it stands for."""
    offered = controls.file_controls(file)
    if number >= len(offered):
        return None
    control = offered[number]
    if bool(control.choices) != bool(choice) or (choice and choice not in control.choices):
        return None
    chosen = {control.argument: choice} if choice else {}
    label = f"{control.label}: {choice}" if choice else control.label
    return label, DirectCall(skill=control.skill, arguments={control.file: file.id, **chosen})
