"""A channel of Discord that is not followed: what only replies to Steward is answered there no more."""

import sqlite3
from collections.abc import AsyncIterator, Sequence

import pytest

from bots.discord import keeping
from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.world import Channel
from core.channels import Channels
from core.config import CatchUpConfig
from core.cursors import Cursors
from core.messages import Conversation, Message, Person, Reply
from core.store import Row, Store, Value
from tests.discord_team import Steward, listening, made, said
from tests.nothing import NoStore
from tests.waiting import until


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


def steward(simulator: DiscordSimulator, store: Store) -> Steward:
    cursors, channels = Cursors(store, "discord"), Channels(store)
    platform = made(simulator, cursors=cursors, channels=channels, catch_up=CatchUpConfig())
    return Steward(platform=platform, cursors=cursors)


async def switch_off(store: Store, channel: Channel) -> None:
    place = Conversation(platform="discord", workspace=channel.guild_id or "direct", channel=channel.id)
    await Channels(store).set(place, "follow", "off", Person(id="1", name="Ada"))


async def answered(simulator: DiscordSimulator, heard: Steward, channel: Channel) -> str:
    """Have a question answered, and return the answer's id."""
    await simulator.mention(channel, simulator.world.owner, "question")
    [answer] = await heard.answer(await heard.heard(), Reply(text="Answer."), turn=len(heard.accepted))
    return answer


async def test_a_reply_is_heard_until_the_channel_is_not_followed(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    other, thread = simulator.channel("other"), simulator.thread(general, "more")
    async with listening(simulator, steward(simulator, store)) as heard:
        places = {place.id: await answered(simulator, heard, place) for place in (general, thread, other)}
        await simulator.say(general, ada, "and before?", reply_to=places[general.id])
        assert (await heard.heard()).text == "and before?"
        await switch_off(store, general)
        await simulator.say(general, ada, "and now?", reply_to=places[general.id])
        await simulator.say(thread, ada, "and in a thread?", reply_to=places[thread.id])
        await simulator.say(other, ada, "and elsewhere?", reply_to=places[other.id])
        assert (await heard.heard()).text == "and elsewhere?"
        assert heard.inbox.empty()


async def test_mentions_commands_and_direct_messages_are_heard_all_the_same(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await switch_off(store, general)
    async with listening(simulator, steward(simulator, store)) as heard:
        answer = await answered(simulator, heard, general)
        await simulator.mention(general, ada, "a mention")
        await simulator.say(general, ada, f"{simulator.bot.mention} in a reply", reply_to=answer)
        await simulator.say(general, ada, f"{simulator.bot.mention} and quietly", reply_to=answer, ping=False)
        await simulator.say(general, ada, f"{simulator.world.bot_role.mention} by its role", reply_to=answer)
        await simulator.command(general, ada, "ask", {"question": "a command"})
        await simulator.dm(ada, "directly")
        texts = {(await heard.heard()).text for _ in range(6)}
    assert texts == {"a mention", "in a reply", "and quietly", "by its role", "a command", "directly"}


async def test_nobody_is_told_to_mention_the_bot_where_it_does_not_follow(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general, other = simulator.person("Ada"), simulator.channel("general"), simulator.channel("other")
    async with listening(simulator, steward(simulator, store)) as heard:
        quiet, loud = [await answered(simulator, heard, place) for place in (general, other)]
        await switch_off(store, general)
        await simulator.say(general, ada, "hush", reply_to=quiet, ping=False)
        await simulator.say(other, ada, "hello?", reply_to=loud, ping=False)
        await simulator.transcript.wait(lambda shown: "mentions me" in shown.text)
    assert {shown.channel for shown in said(simulator) if "mentions me" in shown.text} == {other.id}


class Knowing(Steward):
    """A steward that knows of an edited message whether it was a question, as the desk does."""

    async def edited(self, message: Message) -> bool:
        await super().edited(message)
        return message.id in self.ids


async def test_an_edited_reply_is_a_question_once_it_names_the_bot(simulator: DiscordSimulator, store: Store) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    await switch_off(store, general)
    made_here = steward(simulator, store)
    async with listening(simulator, Knowing(platform=made_here.platform, cursors=made_here.cursors)) as heard:
        reply = await simulator.say(general, ada, "first", reply_to=await answered(simulator, heard, general))
        await simulator.edit(reply, "second")
        await simulator.edit(reply, f"{simulator.bot.mention} third")
        assert (await heard.heard()).text == "third"
        assert heard.inbox.empty()


async def test_what_was_said_meanwhile_is_heard_as_the_channel_is_set_now(
    simulator: DiscordSimulator, store: Store
) -> None:
    ada, general, other = simulator.person("Ada"), simulator.channel("general"), simulator.channel("other")
    async with listening(simulator, steward(simulator, store)) as heard:
        answers = {place.id: await answered(simulator, heard, place) for place in (general, other)}
    await switch_off(store, general)
    for place in (general, other):
        await simulator.say(place, ada, f"to {place.name}", reply_to=answers[place.id])
    await simulator.mention(general, ada, "named")
    async with listening(simulator, steward(simulator, store)) as after:
        assert {(await after.heard()).text for _ in range(2)} == {"to other", "named"}
        await until(lambda: int(after.cursors.positions[general.id]) >= int(general.last_message_id or 0))
        assert after.inbox.empty()


class Unreadable(NoStore):
    """A database that cannot be read so many times; then it says that nothing is set."""

    def __init__(self, times: int) -> None:
        self.times = times

    async def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        self.times -= 1
        if self.times >= 0:
            raise sqlite3.OperationalError("disk I/O error")
        return []


async def test_a_reply_is_not_lost_where_it_cannot_be_read_whether_it_is_followed(
    simulator: DiscordSimulator, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_PAUSES", (0.01, 0.01))
    ada, general = simulator.person("Ada"), simulator.channel("general")
    cursors = Cursors(store, "discord")
    platform = made(simulator, cursors=cursors, channels=Channels(Unreadable(times=2)))
    async with listening(simulator, Steward(platform=platform, cursors=cursors)) as heard:
        answer = await answered(simulator, heard, general)
        await simulator.say(general, ada, "tried again at once", reply_to=answer)
        assert (await heard.heard()).text == "tried again at once"
    cursors = Cursors(store, "discord")
    platform = made(simulator, cursors=cursors, channels=Channels(Unreadable(times=100)))
    async with listening(simulator, Steward(platform=platform, cursors=cursors)) as broken:
        await simulator.say(general, ada, "found later", reply_to=answer)
        await simulator.transcript.wait(lambda shown: "I keep trying" in shown.text)
        assert broken.inbox.empty()
    async with listening(simulator, steward(simulator, store)) as after:
        assert (await after.heard()).text == "found later"
