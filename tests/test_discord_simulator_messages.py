"""Messages of the simulated Discord: edits, deletions, limits, files, links, threads."""

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.links import links, previews
from core.messages import JsonObject
from tests.discord_bot import connected, request, room

MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
FROM_MESSAGE = MESSAGE + "/threads"
IS_VOICE = 1 << 13


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


async def test_an_edit_changes_what_people_see_and_keeps_what_it_does_not_name(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        message = await room(bot, general.id).send("first", file=discord.File(io.BytesIO(b"1"), "a.txt"))
        edited = await message.edit(content="second")
        assert edited.edited_at is not None
        event = await bot.next_event("MESSAGE_UPDATE")
        assert (event["id"], event["content"]) == (str(message.id), "second")
    [shown] = simulator.transcript.messages
    assert (shown.text, shown.earlier, shown.edits) == ("second", ["first"], 1)
    assert [file.name for file in shown.files] == ["a.txt"]


async def test_an_edit_keeps_the_files_it_lists_and_adds_new_ones(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        files = [discord.File(io.BytesIO(b"1"), f"{name}.txt") for name in "ab"]
        message = await room(bot, general.id).send("files", files=files)
        new = discord.File(io.BytesIO(b"2"), "c.png", description="A chart")
        edited = await message.edit(attachments=[message.attachments[1], new])
        assert [each.filename for each in edited.attachments] == ["b.txt", "c.png"]
        [shown] = simulator.transcript.messages
        assert [(file.name, file.alt) for file in shown.files] == [("b.txt", ""), ("c.png", "A chart")]
        path = f"/channels/{general.id}/messages/{message.id}"
        with pytest.raises(discord.HTTPException) as caught:
            await request(bot, "PATCH", path, {"attachments": [{"id": "1"}]})
        assert caught.value.code == 50035


async def test_an_edit_heeds_one_flag_only(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        message = await room(bot, general.id).send("https://example.com")
        path = f"/channels/{general.id}/messages/{message.id}"
        assert (await request(bot, "PATCH", path, {"flags": 1 << 2 | 1 << 6}))["flags"] == 1 << 2
        assert (await request(bot, "PATCH", path, {"content": "x"}))["flags"] == 1 << 2


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"content": "x" * 2001}, 50035, ["content"]),
        ({"content": ""}, 50006, []),
        ({"components": [{"type": 1, "components": []}]}, 50035, ["components", "0", "components"]),
    ],
)
async def test_an_edit_over_a_limit_is_refused_with_its_place_and_changes_nothing(
    simulator: DiscordSimulator, changes: JsonObject, code: int, place: list[str]
) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        message = await room(bot, general.id).send("as it was")
    address = f"{simulator.api_url}/channels/{general.id}/messages/{message.id}"
    headers = {"Authorization": f"Bot {simulator.token}"}
    async with aiohttp.ClientSession() as session, session.patch(address, json=changes, headers=headers) as answer:
        body = await answer.json()
    assert (answer.status, body["code"]) == (400, code)
    errors = body.get("errors", {})
    for key in place:
        errors = errors[key]
    assert not place or errors["_errors"][0]["code"]
    assert simulator.transcript.messages[0].text == "as it was"


async def test_an_edit_of_another_message_is_refused(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    written = await simulator.say(general, ada, "mine")
    async with connected(simulator) as bot:
        with pytest.raises(discord.Forbidden) as caught:
            await room(bot, general.id).get_partial_message(int(written.id)).edit(content="yours")
        assert caught.value.code == 50005


async def test_a_message_that_is_gone_can_neither_be_edited_nor_deleted(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        message = await room(bot, general.id).send("soon gone")
        await message.delete()
        assert (await bot.next_event("MESSAGE_DELETE"))["id"] == str(message.id)
        for attempt in (message.edit(content="x"), message.delete()):
            with pytest.raises(discord.NotFound) as caught:
                await attempt
            assert caught.value.code == 10008
    assert simulator.transcript.messages[0].deleted


@pytest.mark.parametrize("moderated", [False, True])
async def test_a_message_of_another_is_deleted_only_with_the_permission(
    simulator: DiscordSimulator, moderated: bool
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    general.moderated = moderated
    written = await simulator.say(general, ada, "mine")
    async with connected(simulator) as bot:
        attempt = room(bot, general.id).get_partial_message(int(written.id)).delete()
        if moderated:
            await attempt
        else:
            with pytest.raises(discord.Forbidden) as caught:
                await attempt
            assert caught.value.code == 50013
    assert simulator.transcript.messages[0].deleted == moderated


async def test_a_direct_message_of_another_cannot_be_deleted(simulator: DiscordSimulator) -> None:
    written = await simulator.dm(simulator.person("Ada"), "mine")
    async with connected(simulator) as bot:
        with pytest.raises(discord.Forbidden) as caught:
            await room(bot, written.channel.id).get_partial_message(int(written.id)).delete()
        assert caught.value.code == 50003


async def test_an_edit_by_a_person_is_told_with_the_new_text_and_mentions(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        written = await simulator.say(general, ada, "hello")
        await simulator.edit(written, f"{simulator.bot.mention} hello")
        event = await bot.next_event("MESSAGE_UPDATE")
        assert event["content"] == f"{simulator.bot.mention} hello"
        assert event["edited_timestamp"] is not None
        assert isinstance(event["mentions"], list)
        assert len(event["mentions"]) == 1


@pytest.mark.parametrize("partial", [False, True])
async def test_a_preview_is_told_as_an_update_that_changes_no_text(simulator: DiscordSimulator, partial: bool) -> None:
    ada = simulator.person("Ada")
    async with connected(simulator) as bot:
        written = await simulator.dm(ada, "https://example.com")
        await simulator.unfurl(written, partial=partial)
        event = await bot.next_event("MESSAGE_UPDATE")
        assert isinstance(event["embeds"], list)
        assert len(event["embeds"]) == 1
        assert event.get("content") == (None if partial else "https://example.com")
        assert event.get("edited_timestamp") is None


async def test_deletions_by_people_are_told_one_by_one_or_together(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    written = [await simulator.say(general, ada, f"{number}") for number in range(3)]
    async with connected(simulator) as bot:
        await simulator.delete(written[0])
        await simulator.delete(*written[1:])
        one, several = await bot.next_event("MESSAGE_DELETE"), await bot.next_event("MESSAGE_DELETE_BULK")
    assert (one["id"], one["guild_id"]) == (written[0].id, simulator.world.guild_id)
    assert (several["ids"], several["channel_id"]) == ([written[1].id, written[2].id], general.id)
    assert all(shown.deleted for shown in simulator.transcript.messages)


async def test_edits_are_limited_by_channel_and_the_headers_say_so() -> None:
    async with DiscordSimulator(edit_limit=(2, 60.0)) as simulator:
        places = [simulator.channel(name) for name in ("one", "two")]
        async with connected(simulator) as bot:
            written = [await room(bot, place.id).send("0") for place in places]
        headers = {"Authorization": f"Bot {simulator.token}"}
        seen: list[tuple[int, str]] = []
        async with aiohttp.ClientSession(headers=headers) as session:
            for place, message in [(0, "1"), (0, "2"), (0, "3"), (1, "1")]:
                address = f"{simulator.api_url}/channels/{places[place].id}/messages/{written[place].id}"
                async with session.patch(address, json={"content": message}) as answer:
                    seen.append((answer.status, answer.headers["X-RateLimit-Remaining"]))
                    body = await answer.json()
                    if answer.status == 429:
                        assert (body["global"], 0 < body["retry_after"] <= 60) == (False, True)
                        assert answer.headers["X-RateLimit-Scope"] == "user"
        assert seen == [(200, "1"), (200, "0"), (429, "0"), (200, "1")]
        assert [shown.text for shown in simulator.transcript.messages] == ["2", "1"]
        assert simulator.edits.refused == 1


async def test_discord_py_waits_for_the_limit_on_edits() -> None:
    async with DiscordSimulator(edit_limit=(1, 0.05)) as simulator:
        general = simulator.channel("general")
        async with connected(simulator) as bot:
            message = await room(bot, general.id).send("0")
            for number in range(1, 4):
                await message.edit(content=f"{number}")
        assert simulator.transcript.messages[0].earlier == ["0", "1", "2"]


@pytest.mark.parametrize("performed", [True, False])
async def test_an_edit_can_be_cut_off_before_or_after_it_is_carried_out(
    simulator: DiscordSimulator, performed: bool
) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        message = await room(bot, general.id).send("before")
        simulator.faults.add("PATCH", MESSAGE, Fault(cut=True, performs=performed))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await message.edit(content="after")
    assert simulator.transcript.messages[0].text == ("after" if performed else "before")


async def test_a_deletion_whose_answer_was_lost_is_repeated_by_the_client(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        message = await room(bot, general.id).send("before")
        simulator.faults.lose_answer("DELETE", MESSAGE)
        with pytest.raises(discord.NotFound) as caught:
            await message.delete()
        assert caught.value.code == 10008
    assert simulator.transcript.messages[0].deleted


async def test_a_file_has_the_limit_of_its_servers_tier() -> None:
    async with DiscordSimulator(tier=2) as simulator:
        simulator.channel("general")
        async with connected(simulator) as bot:
            await bot.next_event("GUILD_CREATE")
            assert bot.guilds[0].filesize_limit == 50 << 20


@pytest.mark.parametrize(("sizes", "fits"), [([9 << 20] * 2, True), ([9 << 20] * 3, False), ([(10 << 20) + 1], False)])
async def test_files_fit_each_and_together(simulator: DiscordSimulator, sizes: list[int], fits: bool) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        files = [discord.File(io.BytesIO(bytes(size)), f"{number}.bin") for number, size in enumerate(sizes)]
        if fits:
            await room(bot, general.id).send("files", files=files)
        else:
            with pytest.raises(discord.HTTPException) as caught:
                await room(bot, general.id).send("files", files=files)
            assert (caught.value.status, caught.value.code) == (413, 40005)


async def test_a_description_of_a_file_has_a_limit(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        with pytest.raises(discord.HTTPException) as caught:
            await room(bot, general.id).send(file=discord.File(io.BytesIO(b"1"), "a.txt", description="x" * 1025))
        assert "attachments.0.description" in str(caught.value)


async def test_a_voice_message_arrives_with_how_long_it_lasts(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        sent = await room(bot, general.id).send("ask me")
        await simulator.voice(general, ada, b"OggS", seconds=3.5, reply_to=str(sent.id))
        message = await bot.next_message()
        assert message.flags.value & IS_VOICE
        assert (message.content, message.attachments[0].content_type) == ("", "audio/ogg")
        assert message.attachments[0].duration == 3.5
        assert message.attachments[0].waveform
        assert await message.attachments[0].read() == b"OggS"


@pytest.mark.parametrize(
    ("text", "clickable", "previewed"),
    [
        ("see https://a.example/x.", ["https://a.example/x"], ["https://a.example/x"]),
        ("see <https://a.example>", ["https://a.example"], []),
        ("[here](https://a.example)", ["https://a.example"], ["https://a.example"]),
        ("[here](<https://a.example>)", ["https://a.example"], []),
        ('[here](https://a.example "title")', ["https://a.example"], ["https://a.example"]),
        ("`https://a.example`", [], []),
        ("``a ` https://a.example``", [], []),
        ("```\nhttps://a.example\n```", [], []),
        ("```\nhttps://a.example", ["https://a.example"], ["https://a.example"]),
        ("`https://a.example", ["https://a.example"], ["https://a.example"]),
        ("(https://a.example/b_(c))", ["https://a.example/b_(c)"], ["https://a.example/b_(c)"]),
        ("a.example www.a.example", [], []),
        ("||https://a.example||", ["https://a.example"], ["https://a.example"]),
        ("**https://a.example**", ["https://a.example"], ["https://a.example"]),
        ("[here](https://a.example/b_(c))", ["https://a.example/b_(c)"], ["https://a.example/b_(c)"]),
        ("\\`https://a.example`", ["https://a.example`"], ["https://a.example`"]),
        ("`a\nhttps://a.example`", ["https://a.example`"], ["https://a.example`"]),
    ],
)
def test_links_are_what_can_be_clicked(text: str, clickable: list[str], previewed: list[str]) -> None:
    assert (links(text), previews(text)) == (clickable, previewed)


@given(st.text(alphabet="ab `<>[]()\n:/.", max_size=60))
def test_every_preview_is_a_link(text: str) -> None:
    assert set(previews(text)) <= set(links(text))


async def test_links_and_pings_are_kept_even_when_an_edit_takes_them_away(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        everybody = discord.AllowedMentions(users=True)
        text = f"https://a.example {ada.mention} @everyone"
        message = await room(bot, general.id).send(text, allowed_mentions=everybody, suppress_embeds=True)
        await message.edit(content="nothing")
    [shown] = simulator.transcript.messages
    assert (shown.text, shown.links, shown.previews) == ("nothing", ["https://a.example"], [])
    assert shown.pings == [ada.id]


async def test_a_thread_opened_from_a_message_has_its_id(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    question = await simulator.mention(general, ada, "why?")
    async with connected(simulator) as bot:
        path = f"/channels/{general.id}/messages/{question.id}/threads"
        thread = await request(bot, "POST", path, {"name": "why?", "auto_archive_duration": 60})
        assert (thread["id"], thread["parent_id"], thread["type"]) == (question.id, general.id, 11)
        assert (await bot.next_event("THREAD_CREATE"))["newly_created"] is True
        await room(bot, question.id).typing()
        await room(bot, question.id).send("because")
        await simulator.say(simulator.world.channels[question.id], ada, f"{simulator.bot.mention} and?")
        assert (await bot.next_message()).channel.id == int(question.id)
        with pytest.raises(discord.HTTPException) as caught:
            await request(bot, "POST", path, {"name": "again"})
        assert caught.value.code == 160004
        starter = await anext(room(bot, question.id).history(oldest_first=True))
        assert starter.type is discord.MessageType.thread_starter_message
    shown = simulator.transcript.messages[1]
    assert (shown.text, shown.channel, shown.thread) == ("because", general.id, question.id)
    assert simulator.transcript.typing == [question.id]


@pytest.mark.parametrize(("name", "code"), [("", 50035), ("x" * 101, 50035), ("fine", 50013)])
async def test_a_thread_needs_a_name_and_a_permission(simulator: DiscordSimulator, name: str, code: int) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    general.threadless = code == 50013
    question = await simulator.mention(general, ada, "why?")
    async with connected(simulator) as bot:
        with pytest.raises(discord.HTTPException) as caught:
            await request(bot, "POST", f"/channels/{general.id}/messages/{question.id}/threads", {"name": name})
        assert caught.value.code == code
        assert question.id not in simulator.world.channels


async def test_a_thread_is_not_opened_in_direct_messages(simulator: DiscordSimulator) -> None:
    question = await simulator.dm(simulator.person("Ada"), "why?")
    async with connected(simulator) as bot:
        path = f"/channels/{question.channel.id}/messages/{question.id}/threads"
        with pytest.raises(discord.HTTPException) as caught:
            await request(bot, "POST", path, {"name": "why?"})
        assert caught.value.code == 50024


async def test_a_thread_without_a_message_is_announced_unless_it_is_private(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        path = f"/channels/{general.id}/threads"
        assert (await request(bot, "POST", path, {"name": "hidden"}))["type"] == 12
        assert (await request(bot, "POST", path, {"name": "open", "type": 11}))["type"] == 11
        [noted] = [message async for message in room(bot, general.id).history()]
        assert (noted.type, noted.content) == (discord.MessageType.thread_created, "open")
        assert noted.reference is not None
        assert simulator.world.channels[str(noted.reference.channel_id)].name == "open"
        with pytest.raises(discord.HTTPException) as caught:
            await noted.edit(content="other")
        assert caught.value.code == 50021


async def test_a_thread_put_away_opens_again_when_somebody_writes(simulator: DiscordSimulator) -> None:
    thread = simulator.thread(simulator.channel("general"), "old")
    thread.archived = True
    async with connected(simulator) as bot:
        await room(bot, thread.id).send("more")
        event = await bot.next_event("THREAD_UPDATE")
        metadata = event["thread_metadata"]
        assert isinstance(metadata, dict)
        assert metadata["archived"] is False


async def test_a_message_in_a_thread_put_away_cannot_be_edited(simulator: DiscordSimulator) -> None:
    thread = simulator.thread(simulator.channel("general"), "old")
    async with connected(simulator) as bot:
        message = await room(bot, thread.id).send("more")
        thread.archived = True
        with pytest.raises(discord.HTTPException) as caught:
            await message.edit(content="less")
        assert caught.value.code == 50083


async def test_a_reply_needs_the_permission_to_read_the_history(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    question = await simulator.mention(general, ada, "why?")
    general.unreadable = True
    async with connected(simulator) as bot:
        target = discord.MessageReference(message_id=int(question.id), channel_id=int(general.id))
        with pytest.raises(discord.HTTPException) as caught:
            await room(bot, general.id).send("because", reference=target)
        assert caught.value.code == 160002


async def test_an_answer_is_lost_of_the_next_call_that_is_carried_out(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    simulator.faults.lose_answer("POST", MESSAGES)
    async with connected(simulator) as bot:
        with pytest.raises(discord.HTTPException) as caught:
            await room(bot, general.id).send("x" * 2001)
        assert caught.value.code == 50035
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await room(bot, general.id).send("x")
    assert [shown.text for shown in simulator.transcript.messages] == ["x"]


async def test_a_thread_whose_opening_was_not_answered_is_there(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    question = await simulator.mention(general, ada, "why?")
    simulator.faults.lose_answer("POST", FROM_MESSAGE)
    async with connected(simulator) as bot:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await request(bot, "POST", f"/channels/{general.id}/messages/{question.id}/threads", {"name": "why?"})
        assert (await asyncio.wait_for(bot.next_event("THREAD_CREATE"), 5))["id"] == question.id
