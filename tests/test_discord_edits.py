"""Questions that are edited or deleted in Discord: the real discord.py against the simulated server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bots.discord import keeping
from bots.simulator.discord import DiscordSimulator
from core.messages import Message
from tests.discord_team import Steward, listening, made, said
from tests.waiting import until


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


@dataclass(slots=True, kw_only=True)
class Changing(Steward):
    """A steward that knows which questions there were, as the desk does.

    Attributes:
        failures: are raised by the next changes.
        changed: an edit was handed over.
        storing: questions are stored, once this is set.
    """

    failures: list[Exception] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    storing: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, message: Message) -> bool:
        await self.storing.wait()
        return await super(Changing, self).accept(message)

    async def edited(self, message: Message) -> bool:
        self.changed.set()
        if self.failures:
            raise self.failures.pop()
        known = [each for each in self.accepted if each.id == message.id]
        if not known or known[-1].text == message.text:
            return False
        return await super(Changing, self).edited(message)

    async def deleted(self, message_id: str) -> bool:
        if self.failures:
            raise self.failures.pop()
        return await super(Changing, self).deleted(message_id)


def changing(simulator: DiscordSimulator) -> Changing:
    steward = Changing(platform=made(simulator))
    steward.storing.set()
    return steward


async def test_f39_an_edited_question_is_handed_over_with_its_id(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        question = await simulator.mention(general, ada, "how many?")
        message = await steward.heard()
        await simulator.edit(question, f"{simulator.bot.mention} how few?")
        await until(lambda: steward.edits)
    [edit] = steward.edits
    assert (edit.id, edit.text, edit.origin) == (message.id, "how few?", message.origin)
    assert steward.inbox.empty(), "taken for a new question"


async def test_f39_an_edited_direct_message_is_handed_over(simulator: DiscordSimulator) -> None:
    async with listening(simulator, steward := changing(simulator)):
        question = await simulator.dm(simulator.person("Ada"), "how many?")
        await steward.heard()
        await simulator.edit(question, "how few?")
        await until(lambda: steward.edits)
    assert [edit.text for edit in steward.edits] == ["how few?"]


@pytest.mark.parametrize("partial", [False, True])
async def test_f38_the_preview_of_a_link_is_no_edit(simulator: DiscordSimulator, partial: bool) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        question = await simulator.mention(general, ada, "read https://example.com/")
        await steward.heard()
        await simulator.unfurl(question, partial=partial)
        await simulator.mention(general, ada, "last")
        assert (await steward.heard()).text == "last"
        assert not steward.changed.is_set()


async def test_f38_the_preview_after_an_edit_changes_nothing(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        question = await simulator.say(general, ada, "read")
        await simulator.edit(question, f"{simulator.bot.mention} read https://example.com/")
        assert (await steward.heard()).text == "read https://example.com/"
        steward.changed.clear()
        await simulator.unfurl(question)
        await simulator.mention(general, ada, "last")
        assert (await steward.heard()).text == "last"
    assert steward.edits == []


async def test_f39_an_edit_that_adds_a_mention_asks(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        chatter = await simulator.say(general, ada, "how many?")
        await simulator.edit(chatter, f"{simulator.bot.mention} how many?")
        message = await steward.heard()
        assert (message.id, message.text) == (f"discord/{general.id}/{chatter.id}", "how many?")


async def test_an_edit_without_a_mention_is_chatter(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        await simulator.edit(await simulator.say(general, ada, "lunch?"), "dinner?")
        await simulator.mention(general, ada, "last")
        assert (await steward.heard()).text == "last"
        assert not steward.changed.is_set()


async def test_a_message_that_was_edited_long_ago_is_none_because_it_is_pinned(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    old = await simulator.say(general, ada, "old")
    async with listening(simulator, steward := changing(simulator)):
        simulator.clock.advance(-3600)
        await simulator.edit(old, f"{simulator.bot.mention} old")
        await asyncio.wait_for(steward.changed.wait(), 5)
        simulator.clock.advance(3600)
        await simulator.mention(general, ada, "last")
        assert (await steward.heard()).text == "last"


async def test_f39_deleted_questions_are_handed_over(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        questions = [await simulator.mention(general, ada, text) for text in ("one", "two", "three")]
        ids = [(await steward.heard()).id for _ in questions]
        await simulator.delete(questions[0])
        await until(lambda: steward.deletions)
        assert steward.deletions == ids[:1]
        await simulator.delete(*questions[1:])
        await until(lambda: len(steward.deletions) == 3)
    assert steward.deletions == ids


async def test_f39_changes_that_cannot_be_stored_at_first_are_stored(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    steward = changing(simulator)
    async with listening(simulator, steward):
        question = await simulator.mention(general, ada, "how many?")
        await steward.heard()
        steward.failures = [OSError("disk")]
        await simulator.edit(question, f"{simulator.bot.mention} how few?")
        await until(lambda: steward.edits)
        steward.failures = [OSError("disk")]
        await simulator.delete(question)
        await until(lambda: steward.deletions)
    assert said(simulator) == []


async def test_an_edit_that_is_lost_is_said_with_the_id_of_the_log(
    simulator: DiscordSimulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_PAUSES", (0.01, 0.01))
    general, ada = simulator.channel("general"), simulator.person("Ada")
    steward = changing(simulator)
    async with listening(simulator, steward):
        question = await simulator.mention(general, ada, "how many?")
        await steward.heard()
        steward.failures = [OSError("disk") for _ in range(3)]
        await simulator.edit(question, f"{simulator.bot.mention} how few?")
        shown = await simulator.transcript.wait(lambda shown: "could not take in what you changed" in shown.text)
    assert f"[{shown.text.partition('under ')[2].rstrip('.)')}]" in caplog.text


async def test_f39_a_question_that_is_edited_while_it_is_stored_is_not_left_as_it_was(
    simulator: DiscordSimulator,
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        steward.storing.clear()
        question = await simulator.mention(general, ada, "how many?")
        await simulator.edit(question, f"{simulator.bot.mention} how few?")
        await asyncio.wait_for(steward.changed.wait(), 5)
        steward.storing.set()
        await until(lambda: steward.edits)
    assert [message.text for message in steward.accepted] == ["how many?"]
    assert [edit.text for edit in steward.edits] == ["how few?"]


async def test_f39_a_question_that_is_deleted_while_it_is_stored_is_not_answered(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        steward.storing.clear()
        question = await simulator.mention(general, ada, "how many?")
        await simulator.delete(question)
        await until(lambda: steward.deletions)
        steward.storing.set()
        await until(lambda: len(steward.deletions) == 2)
    assert steward.deletions == [steward.accepted[0].id] * 2, "not taken back once it was stored"


async def test_f39_of_several_edits_the_last_one_counts(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        question = await simulator.mention(general, ada, "0")
        await steward.heard()
        for number in range(1, 10):
            await simulator.edit(question, f"{simulator.bot.mention} {number}")
        await until(lambda: len(steward.edits) == 9)
    assert [edit.text for edit in steward.edits] == [str(number) for number in range(1, 10)]


async def test_f9_f39_edits_that_are_repeated_are_known(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator, steward := changing(simulator)):
        question = await simulator.mention(general, ada, "0")
        await steward.heard()
        for number in (1, 2):
            await simulator.edit(question, f"{simulator.bot.mention} {number}")
        await until(lambda: len(steward.edits) == 2)
        await simulator.gateway.repeat()
        assert await asyncio.wait_for(steward.again.get(), 5) == steward.accepted[0].id
        await simulator.mention(general, ada, "last")
        await steward.heard()
    assert [edit.text for edit in steward.edits] == ["1", "2"]
