"""The simulated Discord, driven by discord.py itself."""

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.simulator.discord import DiscordSimulator, Fault
from tests.discord_bot import STEWARD, Bot, connected, register, room
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


async def test_a_mention_arrives_with_its_text(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await simulator.mention(general, ada, "hello")
        message = await bot.next_message()
        assert message.content == f"{simulator.bot.mention} hello"
        assert message.author.display_name == "Ada"
        assert isinstance(message.channel, discord.TextChannel)


async def test_a_direct_message_arrives_with_its_text(simulator: DiscordSimulator) -> None:
    async with connected(simulator) as bot:
        await simulator.dm(simulator.person("Ada"), "hello")
        message = await bot.next_message()
        assert (message.content, message.guild) == ("hello", None)


@pytest.mark.parametrize(("granted", "content"), [(True, "chatter"), (False, "")])
async def test_chatter_is_blank_without_the_content_intent(granted: bool, content: str) -> None:
    async with DiscordSimulator(message_content=True) as simulator:
        general, ada = simulator.channel("general"), simulator.person("Ada")
        async with connected(simulator, message_content=granted) as bot:
            await simulator.say(general, ada, "chatter")
            assert (await bot.next_message()).content == content


async def test_an_intent_that_is_not_granted_closes_the_gateway(simulator: DiscordSimulator) -> None:
    Route.BASE = simulator.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(simulator.gateway_url)
    async with Bot(discord.Intents(message_content=True)) as bot:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(simulator.token)


async def test_a_wrong_token_is_refused(simulator: DiscordSimulator) -> None:
    Route.BASE = simulator.api_url
    async with Bot(discord.Intents.none()) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_a_picture_is_seen_with_its_alt_text(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        picture = discord.File(io.BytesIO(b"\x89PNG"), "chart.png", description="A chart")
        sent = await room(bot, general.id).send("Here", file=picture)
        shown = simulator.transcript.messages[-1]
        assert [(file.name, file.media_type, file.content, file.alt) for file in shown.files] == [
            ("chart.png", "image/png", b"\x89PNG", "A chart")
        ]
        assert await sent.attachments[0].read() == b"\x89PNG"


async def test_a_file_link_expires(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await simulator.mention(general, ada, "look", files=[("a.txt", b"text")])
        link = (await bot.next_message()).attachments[0].url
        simulator.clock.advance(2 * 24 * 3600)
        async with aiohttp.ClientSession() as session, session.get(link) as response:
            assert response.status == 404


async def test_a_nonce_sends_once(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        first = await room(bot, general.id).send("once", nonce="n1")
        second = await room(bot, general.id).send("once", nonce="n1")
        assert first.id == second.id
        assert len(simulator.transcript.messages) == 1


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault(status=403, code=50013, message="Missing Permissions"), discord.Forbidden),
        (Fault(status=404, code=10003, message="Unknown Channel"), discord.NotFound),
        (Fault(cut=True), aiohttp.ServerDisconnectedError),
    ],
)
async def test_a_fault_happens_once(simulator: DiscordSimulator, fault: Fault, raised: type[Exception]) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        simulator.faults.add("POST", MESSAGES, fault)
        with pytest.raises(raised):
            await room(bot, general.id).send("lost")
        await room(bot, general.id).send("arrives")
        assert [shown.text for shown in simulator.transcript.messages] == ["arrives"]


async def test_a_lost_answer_was_performed(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        simulator.faults.lose_answer("POST", MESSAGES)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await room(bot, general.id).send("sent")
        assert [shown.text for shown in simulator.transcript.messages] == ["sent"]


async def test_discord_py_waits_for_a_rate_limit(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        limited = Fault(status=429, message="You are being rate limited.", retry_after=0.01)
        simulator.faults.add("POST", MESSAGES, limited)
        await room(bot, general.id).send("later")
        assert [shown.text for shown in simulator.transcript.messages] == ["later"]


@pytest.mark.parametrize(
    ("text", "files", "status", "code"),
    [("x" * 2001, 0, 400, 50035), ("", 0, 400, 50006), ("many", 11, 400, 50035), ("large", 1, 413, 40005)],
)
async def test_limits_are_enforced(text: str, files: int, status: int, code: int) -> None:
    async with DiscordSimulator(file_limit=3) as simulator:
        general = simulator.channel("general")
        async with connected(simulator) as bot:
            attached = [discord.File(io.BytesIO(b"12345" if files == 1 else b"1"), f"{n}.txt") for n in range(files)]
            with pytest.raises(discord.HTTPException) as caught:
                await room(bot, general.id).send(text, files=attached)
            assert (caught.value.status, caught.value.code) == (status, code)


async def test_a_reply_to_a_deleted_message_fails_unless_told_not_to(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    question = await simulator.say(general, ada, "?")
    await simulator.delete(question)
    async with connected(simulator) as bot:
        place = room(bot, general.id)
        for strict, expected in [(True, 50035), (False, None)]:
            reference = discord.MessageReference(
                message_id=int(question.id), channel_id=int(general.id), fail_if_not_exists=strict
            )
            if expected is None:
                await place.send("answer", reference=reference)
            else:
                with pytest.raises(discord.HTTPException) as caught:
                    await place.send("answer", reference=reference)
                assert caught.value.code == expected
    assert simulator.transcript.messages[-1].text == "answer"


@pytest.mark.parametrize(("allowed", "pinged"), [(True, ["everyone"]), (False, [])])
async def test_pings_are_recorded(simulator: DiscordSimulator, allowed: bool, pinged: list[str]) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        await room(bot, general.id).send("@everyone", allowed_mentions=discord.AllowedMentions(everyone=allowed))
    assert simulator.pings == pinged


async def test_a_dropped_gateway_is_resumed_and_replays(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await simulator.gateway.drop()
        await simulator.mention(general, ada, "meanwhile")
        assert (await bot.next_message()).content.endswith("meanwhile")
        assert (simulator.gateway.identified, simulator.gateway.resumed) == (1, 1)


async def test_reconnect_is_followed_by_a_resume(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    async with connected(simulator) as bot:
        await simulator.gateway.reconnect()
        await simulator.dm(ada, "after")
        assert (await bot.next_message()).content == "after"
        assert simulator.gateway.identified == 1


async def test_f12_a_gateway_that_answers_no_heartbeat_is_left_and_resumed() -> None:
    async with DiscordSimulator(heartbeat=0.2) as simulator:
        ada = simulator.person("Ada")
        async with connected(simulator, heartbeat_timeout=1.0) as bot:
            simulator.gateway.freeze()
            await simulator.dm(ada, "unheard at first")
            assert (await bot.next_message()).content == "unheard at first"
            assert (simulator.gateway.identified, simulator.gateway.resumed) == (1, 1)


async def test_a_deaf_session_gets_nothing_but_answers_to_its_heartbeats() -> None:
    async with DiscordSimulator(heartbeat=0.05) as simulator:
        ada = simulator.person("Ada")
        async with connected(simulator, heartbeat_timeout=1.0) as bot:
            simulator.gateway.deafen()
            await simulator.dm(ada, "unheard")
            await asyncio.sleep(1.5)
            assert bot.seen.empty()
            assert (simulator.gateway.identified, simulator.gateway.resumed) == (1, 0)


@pytest.mark.parametrize(("code", "left"), [(1000, 0), (4000, 1)])
async def test_a_session_ends_where_the_client_closes_it(simulator: DiscordSimulator, code: int, left: int) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(simulator.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": simulator.token, "intents": 0}})
        await socket.receive_json()
        await socket.close(code=code)
    assert len(simulator.gateway.sessions) == left


async def test_a_history_is_read_in_pages(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    written = [await simulator.say(general, ada, f"{number}") for number in range(250)]
    async with connected(simulator) as bot:
        place, start = room(bot, general.id), discord.Object(int(written[9].id))
        after = [message.id async for message in place.history(limit=None, after=start)]
        assert after == [int(each.id) for each in written[10:]]
        before = [message.id async for message in place.history(limit=None, before=start)]
        assert before == [int(each.id) for each in reversed(written[:9])]
        with pytest.raises(discord.HTTPException) as caught:
            await bot.http.logs_from(int(general.id), limit=101)
        assert caught.value.code == 50035


async def test_a_history_withholds_what_the_gateway_withholds(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    await simulator.say(general, ada, "chatter")
    await simulator.mention(general, ada, "hello")
    async with connected(simulator) as bot:
        shown = [message.content async for message in room(bot, general.id).history()]
        assert shown == [f"{simulator.bot.mention} hello", ""]


async def test_a_history_that_may_not_be_read_is_empty_and_a_hidden_one_refused(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    await simulator.mention(general, ada, "hello")
    general.unreadable = True
    async with connected(simulator) as bot:
        assert [message async for message in room(bot, general.id).history()] == []
        general.hidden = True
        with pytest.raises(discord.Forbidden):
            await anext(room(bot, general.id).history())


async def test_a_server_describes_where_its_channels_end_and_what_the_bot_may(simulator: DiscordSimulator) -> None:
    ada, general, secret = simulator.person("Ada"), simulator.channel("general"), simulator.channel("s", private=True)
    thread, put_away = simulator.thread(general, "plans"), simulator.thread(general, "old")
    hidden, unreadable = simulator.channel("hidden"), simulator.channel("unreadable")
    put_away.archived = hidden.hidden = unreadable.unreadable = True
    last = {place.id: (await simulator.say(place, ada, "hello")).id for place in (general, secret, thread)}
    async with connected(simulator) as bot:
        await until(lambda: bot.guilds and not bot.guilds[0].unavailable)
        [guild] = bot.guilds
        ends = {str(each.id): str(each.last_message_id) for each in guild.text_channels}
        ends |= {str(each.id): str(each.last_message_id) for each in guild.threads}
        assert {key: ends[key] for key in last} == last
        assert put_away.id not in ends
        may = {each.name: each.permissions_for(guild.me) for each in guild.text_channels}
        assert [name for name in may if not may[name].view_channel] == ["hidden"]
        assert [name for name in may if not may[name].read_message_history] == ["hidden", "unreadable"]


async def test_an_invalid_session_identifies_again(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    async with connected(simulator) as bot:
        await simulator.gateway.invalidate()
        await simulator.connected()
        await simulator.dm(ada, "after")
        assert (await bot.next_message()).content == "after"
        assert simulator.gateway.identified == 2


async def test_a_command_is_deferred_edited_and_followed_up(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "ask", {"question": "why"})
        interaction = await bot.next_interaction()
        await interaction.response.defer()
        assert not simulator.transcript.messages, "a deferral shows no text"
        await interaction.edit_original_response(content="because")
        await interaction.followup.send("and")
        assert [shown.text for shown in simulator.transcript.messages] == ["because", "and"]


async def test_an_ephemeral_answer_is_seen_by_one_person(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "help")
        await (await bot.next_interaction()).response.send_message("help", ephemeral=True)
        assert [(shown.text, shown.to) for shown in simulator.transcript.messages] == [("help", ada.id)]


@pytest.mark.parametrize(("late", "code"), [(4, 10062), (0, None)])
async def test_an_interaction_is_answered_in_time_or_unknown(
    simulator: DiscordSimulator, late: float, code: int | None
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "ask", {"question": "why"})
        interaction = await bot.next_interaction()
        simulator.clock.advance(late)
        if code is None:
            await interaction.response.defer()
            simulator.clock.advance(15 * 60)
            with pytest.raises(discord.HTTPException) as caught:
                await interaction.edit_original_response(content="too late")
            assert caught.value.code == 50027
        else:
            with pytest.raises(discord.NotFound) as missing:
                await interaction.response.defer()
            assert missing.value.code == code
