"""Threads that are opened for longer conversations in Discord, and voice messages."""

from collections.abc import AsyncIterator

import pytest

from bots.simulator.discord import DiscordSimulator
from core.errors import OperatorError
from core.messages import Conversation, Reply
from tests.discord_team import Steward, listening, made, said


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


class Recent:
    """How many questions there were before, and of whom that was asked."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, conversation: Conversation, person: str) -> int:
        self.asked.append((conversation.key, person))
        if self.before < 0:
            raise OperatorError("The database cannot be read.")
        return self.before


def opening(simulator: DiscordSimulator, recent: Recent, *, after: int = 3) -> Steward:
    return Steward(platform=made(simulator, thread_after=after, recent=recent))


async def test_the_third_question_in_a_row_opens_a_thread(simulator: DiscordSimulator) -> None:
    general, ada, recent = simulator.channel("general"), simulator.person("Ada"), Recent(2)
    async with listening(simulator, opening(simulator, recent)) as steward:
        question = await simulator.mention(general, ada, "and then?")
        message = await steward.heard()
        assert message.conversation.thread == question.id
        assert message.origin == {"channel_id": general.id, "message_id": question.id, "thread": "open"}
        assert recent.asked == [(f"discord/{simulator.world.guild_id}/{general.id}", ada.id)]
        await steward.answer(message, Reply(text="Then that."))
    [answer] = said(simulator)
    assert (answer.text, answer.thread) == ("Then that.", question.id)


@pytest.mark.parametrize(("after", "before"), [(3, 1), (0, 9), (3, -1)])
async def test_no_thread_is_opened_before_or_where_it_is_switched_off_or_not_known(
    simulator: DiscordSimulator, after: int, before: int
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, opening(simulator, Recent(before), after=after)) as steward:
        await simulator.mention(general, ada, "and then?")
        message = await steward.heard()
        assert message.conversation.thread is None
        assert "thread" not in message.origin


async def test_no_thread_is_opened_in_a_thread_or_a_direct_message(simulator: DiscordSimulator) -> None:
    ada, plans = simulator.person("Ada"), simulator.thread(simulator.channel("general"), "plans")
    async with listening(simulator, opening(simulator, Recent(9))) as steward:
        await simulator.mention(plans, ada, "and then?")
        assert (await steward.heard()).conversation.thread == plans.id
        await simulator.dm(ada, "and then?")
        assert "thread" not in (await steward.heard()).origin


async def test_a_voice_message_is_a_file_with_sound(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.voice(simulator.world.direct(ada), ada, b"OggS")
        message = await steward.heard()
        assert [(file.filename, file.media_type) for file in message.attachments] == [
            ("voice-message.ogg", "audio/ogg")
        ]
        assert await steward.platform.download(message.attachments[0]) == b"OggS"
