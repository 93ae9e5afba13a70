"""Steward in Discord: the real discord.py against the simulated server."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from discord.http import MultipartParameters
from pydantic import JsonValue, SecretStr

from bots.discord.catch_up import CatchUp
from bots.discord.deferrals import Deferrals
from bots.discord.events import Me, Room
from bots.discord.intake import Intake
from bots.discord.listen import Listener
from bots.discord.payloads import MessagePayload, UserPayload
from bots.discord.reply import split
from bots.discord.rest import Rest
from bots.simulator.discord import DiscordSimulator, Fault
from core.channels import Channels
from core.config import CatchUpConfig, DiscordConfig
from core.errors import PlatformError
from core.messages import Attachment, Audience, JsonObject, Message, Reply, Turn
from tests.discord_team import KeptCursors, Steward, asked, listening, made, part, said
from tests.inbox import Accepting, KeptInbox, commands
from tests.nothing import NoStore
from tests.waiting import until

MESSAGES = "/channels/{channel_id}/messages"
COMMANDS = "/applications/{application_id}/commands"
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
WEBHOOK = "/webhooks/{application_id}/{token}"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


async def test_a_mention_is_heard_and_answered_as_a_reply(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        question = await simulator.mention(general, ada, "how many?")
        message = await steward.heard()
        assert (message.text, message.author.name, message.author.id) == ("how many?", "Ada", ada.id)
        assert message.id == f"discord/{general.id}/{question.id}"
        assert message.audience == Audience(scope="workspace", id=f"discord/{simulator.world.guild_id}")
        assert abs(message.sent_at - simulator.clock.now()) < 60
        [sent] = await steward.answer(message, Reply(text="Three."))
    [answer] = said(simulator)
    assert (answer.id, answer.text, answer.channel) == (sent, "Three.", general.id)
    assert simulator.world.messages[sent].reply_to == question.id


async def test_a_direct_message_is_heard_and_answered(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.dm(ada, "hello")
        message = await steward.heard()
        assert message.audience == Audience(scope="person", id=f"discord/{ada.id}")
        await steward.answer(message, Reply(text="Hello."))
    assert [answer.text for answer in said(simulator)] == ["Hello."]


async def test_a_reply_to_the_bot_is_heard_without_a_mention() -> None:
    async with DiscordSimulator() as simulator:
        general, ada = simulator.channel("general"), simulator.person("Ada")
        async with listening(simulator) as steward:
            await simulator.mention(general, ada, "first")
            [answer] = await steward.answer(await steward.heard(), Reply(text="One."))
            await simulator.say(general, ada, "and now?", reply_to=answer)
            assert (await steward.heard()).text == "and now?"


async def test_a_reply_whose_text_is_withheld_is_asked_for_with_a_mention(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "first")
        [answer] = await steward.answer(await steward.heard(), Reply(text="One."))
        await simulator.say(general, ada, "and now?", reply_to=answer, ping=False)
        hint = await simulator.transcript.wait(lambda shown: shown.author == simulator.bot.id and shown.id != answer)
        assert "mentions me" in hint.text
        assert steward.inbox.empty()


async def test_f40_chatter_and_bots_are_ignored(simulator: DiscordSimulator) -> None:
    general, ada, robot = simulator.channel("general"), simulator.person("Ada"), simulator.other_bot("Robot")
    async with listening(simulator) as steward:
        await simulator.say(general, ada, "lunch?")
        await simulator.mention(general, robot, "beep")
        await simulator.mention(general, ada, "last")
        assert (await steward.heard()).text == "last"
        assert steward.inbox.empty()


async def test_channels_and_threads_know_who_sees_them(simulator: DiscordSimulator) -> None:
    ada, server = simulator.person("Ada"), f"discord/{simulator.world.guild_id}"
    general, secret = simulator.channel("general"), simulator.channel("secret", private=True)
    open_thread, closed_thread = simulator.thread(general, "plans"), simulator.thread(general, "hush", private=True)
    async with listening(simulator) as steward:
        for place, channel, thread, audience in (
            (general, general.id, None, Audience(scope="workspace", id=server)),
            (secret, secret.id, None, Audience(scope="channel", id=f"discord/{secret.id}")),
            (open_thread, general.id, open_thread.id, Audience(scope="workspace", id=server)),
            (closed_thread, general.id, closed_thread.id, Audience(scope="channel", id=f"discord/{closed_thread.id}")),
        ):
            await simulator.mention(place, ada, "hello")
            message = await steward.heard()
            assert (message.conversation.channel, message.conversation.thread) == (channel, thread)
            assert message.audience == audience, f"wrong audience in {place.name}"


async def test_an_answer_in_a_thread_stays_there(simulator: DiscordSimulator) -> None:
    thread = simulator.thread(simulator.channel("general"), "plans")
    async with listening(simulator) as steward:
        await simulator.mention(thread, simulator.person("Ada"), "hello")
        await steward.answer(await steward.heard(), Reply(text="Hello."))
    assert [answer.thread for answer in said(simulator)] == [thread.id]


async def test_f5_a_question_by_command_is_stored_before_it_is_deferred(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    storing, stored = asyncio.Event(), asyncio.Event()

    async def accept(message: Message) -> bool:
        storing.set()
        await stored.wait()
        return True

    async with listening(simulator, inbox=Accepting(function=accept)):
        interaction = await simulator.command(general, ada, "ask", {"question": "why?"})
        await asyncio.wait_for(storing.wait(), 5)
        assert interaction.response is None, "deferred before it was stored"
        stored.set()
        await until(lambda: interaction.response is not None)
        assert interaction.response == 5
        assert interaction.original is not None
        assert interaction.original.to is None, "deferred for one person only"


async def test_a_command_is_answered_in_its_place_and_followed_up(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        interaction = await simulator.command(general, ada, "ask", {"question": "why?"})
        message = await steward.heard()
        assert (message.text, message.author.id, message.conversation.channel) == ("why?", ada.id, general.id)
        first, second = await steward.answer(message, Reply(text="a" * 1900 + "\n\nb"))
        assert interaction.original is not None
        assert first == interaction.original.id
    assert [(answer.id, answer.text) for answer in said(simulator)] == [(first, "a" * 1900), (second, "b")]


async def test_an_answer_waits_until_its_command_is_deferred(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        deferral = simulator.faults.hold("POST", CALLBACK)
        interaction = await simulator.command(general, ada, "ask", {"question": "why?"})
        answering = asyncio.create_task(steward.answer(await steward.heard(), Reply(text="Because.")))
        await until(lambda: asked(simulator, "POST", "/callback"))
        await asyncio.sleep(0.05)
        assert not said(simulator), "answered past the deferral"
        deferral.set()
        [sent] = await answering
        assert interaction.original is not None
        assert sent == interaction.original.id


async def test_a_late_answer_to_a_command_is_an_ordinary_message(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        interaction = await simulator.command(general, ada, "ask", {"question": "why?"})
        message = await steward.heard()
        await until(lambda: interaction.response is not None)
        simulator.clock.advance(16 * 60)
        await steward.answer(message, Reply(text="Because."))
    assert [(answer.channel, answer.text) for answer in said(simulator)] == [(general.id, "Because.")]


async def test_a_command_that_could_not_be_deferred_is_answered_in_the_channel(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        simulator.faults.add("POST", CALLBACK, Fault(status=404, code=10062, message="Unknown interaction"))
        await simulator.command(general, ada, "ask", {"question": "why?"})
        await steward.answer(await steward.heard(), Reply(text="Because."))
    assert [answer.text for answer in said(simulator)] == ["Because."]


@pytest.mark.parametrize(("sub", "words"), [("help", "/steward ask"), ("skills", "draw_chart"), ("forget", "2 turns")])
async def test_other_commands_are_answered_to_one_person(simulator: DiscordSimulator, sub: str, words: str) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.command(general, ada, sub)
        shown = await simulator.transcript.wait(lambda shown: words in shown.text)
        assert shown.to == ada.id
        assert steward.inbox.empty()


async def test_the_command_is_registered_once(simulator: DiscordSimulator) -> None:
    for _ in range(2):
        async with listening(simulator):
            await until(lambda: asked(simulator, "GET", "/commands") == asked(simulator, "GET", "/users/@me"))
            await until(lambda: "steward" in simulator.commands)
    assert asked(simulator, "PUT", "/commands") == 1


async def test_a_changed_command_is_registered_again(simulator: DiscordSimulator) -> None:
    async with listening(simulator):
        await until(lambda: "steward" in simulator.commands)
    command = simulator.commands["steward"]
    assert isinstance(command, dict)
    command["description"] = "Something older"
    async with listening(simulator):
        await until(lambda: asked(simulator, "PUT", "/commands") == 2)


async def test_the_bot_works_where_commands_are_refused(simulator: DiscordSimulator) -> None:
    for method in ("GET", "PUT"):
        simulator.faults.add(method, COMMANDS, Fault(status=403, code=50001, message="Missing Access"))
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "hello")
        assert (await steward.heard()).text == "hello"


async def test_f20_a_long_answer_is_split_with_its_code_intact(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    lines = [f"line {number}: 漢字 😀 {'x' * 40}" for number in range(150)]
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "show")
        await steward.answer(await steward.heard(), Reply(text="```py\n" + "\n".join(lines) + "\n```"))
    pieces = [answer.text for answer in said(simulator)]
    assert len(pieces) > 2, "not split"
    for piece in pieces:
        assert piece.startswith("```py\n"), f"the fence is not opened: {piece[:20]!r}"
        assert piece.endswith("\n```"), f"the fence is not closed: {piece[-20:]!r}"
    shown = [line for piece in pieces for line in piece.splitlines()[1:-1]]
    assert shown == lines


async def test_a_picture_is_shown_with_its_alt_text(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    chart = Attachment(filename="chart.png", media_type="image/png", content=PNG, alt="Three bars")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "draw")
        await steward.answer(await steward.heard(), Reply(text="Here.", attachments=(chart,)))
    [answer] = said(simulator)
    assert (answer.channel, answer.text) == (general.id, "Here.")
    assert [(file.name, file.media_type, file.content, file.alt) for file in answer.files] == [
        ("chart.png", "image/png", PNG, "Three bars")
    ]


async def test_a_picture_answers_a_command(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    chart = Attachment(filename="chart.png", media_type="image/png", content=PNG, alt="Three bars")
    async with listening(simulator) as steward:
        await simulator.command(general, ada, "ask", {"question": "draw"})
        await steward.answer(await steward.heard(), Reply(text="Here.", attachments=(chart,)))
    [answer] = said(simulator)
    assert [(file.content, file.alt) for file in answer.files] == [(PNG, "Three bars")]


async def test_eleven_files_are_two_messages(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    files = tuple(Attachment(filename=f"{n}.txt", media_type="text/plain", content=b"%d" % n) for n in range(11))
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "all")
        await steward.answer(await steward.heard(), Reply(text="Here.", attachments=files))
    assert [(answer.text, len(answer.files)) for answer in said(simulator)] == [("Here.", 10), ("", 1)]


def test_files_that_are_too_much_for_one_request_are_divided() -> None:
    half = bytes(13 * 1024 * 1024)
    first, second = (Attachment(filename=name, media_type="a/b", content=half) for name in ("1", "2"))
    assert split(Reply(text="Here.", attachments=(first, second))) == [
        Reply(text="Here.", attachments=(first,)),
        Reply(attachments=(second,)),
    ]


async def test_a_file_that_came_with_a_message_is_fetched(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "read this", files=[("notes.txt", b"some text")])
        [attachment] = (await steward.heard()).attachments
        assert (attachment.filename, attachment.media_type) == ("notes.txt", "text/plain")
        assert await steward.platform.download(attachment) == b"some text"


async def test_a_file_over_the_limit_is_refused(simulator: DiscordSimulator) -> None:
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "read this", files=[("big.txt", b"x" * 1001)])
        [attachment] = (await steward.heard()).attachments
        with pytest.raises(PlatformError, match=r"big\.txt is larger than") as caught:
            await steward.platform.download(attachment)
        assert caught.value.permanent


async def test_f48_a_file_whose_link_has_expired_is_refused(simulator: DiscordSimulator) -> None:
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "read this", files=[("a.txt", b"x")])
        [attachment] = (await steward.heard()).attachments
        simulator.clock.advance(2 * 24 * 3600)
        with pytest.raises(PlatformError, match=r"a\.txt could not be fetched: Discord answered 404") as caught:
            await steward.platform.download(attachment)
        assert caught.value.permanent


async def test_a_file_server_that_is_down_may_be_asked_again(simulator: DiscordSimulator) -> None:
    gone = Attachment(filename="a.txt", media_type="text/plain", source="http://127.0.0.1:1/a.txt")
    with pytest.raises(PlatformError, match=r"a\.txt could not be fetched") as caught:
        await made(simulator).download(gone)
    assert not caught.value.permanent


@pytest.mark.parametrize("by_command", [False, True])
async def test_an_answer_pings_nobody(simulator: DiscordSimulator, by_command: bool) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        if by_command:
            await simulator.command(general, ada, "ask", {"question": "who?"})
        else:
            await simulator.mention(general, ada, "who?")
        message = await steward.heard()
        text = f"@everyone @here {ada.mention} {simulator.world.bot_role.mention}"
        await steward.answer(message, Reply(text=f"{text} {'x' * 1990}\n\n{text}"))
    assert len(said(simulator)) > 1
    assert simulator.pings == []


async def test_f9_a_resumed_connection_brings_what_was_missed(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.gateway.drop()
        await simulator.mention(general, ada, "meanwhile")
        assert (await steward.heard()).text == "meanwhile"
        assert simulator.gateway.identified == 1


async def test_f1_a_repeated_event_has_the_same_id(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "once")
        message = await steward.heard()
        await simulator.gateway.repeat()
        assert await asyncio.wait_for(steward.again.get(), 5) == message.id


async def test_f4_an_answer_whose_response_was_lost_is_sent_once(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "once")
        message = await steward.heard()
        simulator.faults.lose_answer("POST", MESSAGES)
        with pytest.raises(PlatformError) as caught:
            await steward.answer(message, Reply(text="Once."))
        assert not caught.value.permanent
        [sent] = await steward.answer(message, Reply(text="Once."))
    assert [answer.id for answer in said(simulator)] == [sent]


async def test_f4_an_answer_from_before_a_long_pause_is_adopted(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "once")
        message = await steward.heard()
        [sent] = await steward.answer(message, Reply(text="Once."))
        simulator.clock.advance(3600)
        draft = steward.platform.draft(Turn(id=1, message=message, attempt=1))
        assert await draft.send(part(0, Reply(text="Once."), repeated=True)) == sent
        await draft.close()
    assert [answer.id for answer in said(simulator)] == [sent]


async def test_f4_a_follow_up_whose_response_was_lost_is_sent_once(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.command(general, ada, "ask", {"question": "why?"})
        draft = steward.platform.draft(Turn(id=1, message=await steward.heard(), attempt=0))
        await draft.send(part(0, Reply(text="First.")))
        simulator.faults.lose_answer("POST", WEBHOOK)
        with pytest.raises(PlatformError):
            await draft.send(part(1, Reply(text="Second.")))
        await draft.send(part(1, Reply(text="Second.")))
    assert [answer.text for answer in said(simulator)] == ["First.", "Second."]


async def test_two_databases_do_not_share_their_nonces(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        for question in ("one", "two"):
            await simulator.mention(general, ada, question)
            await steward.answer(await steward.heard(), Reply(text=question), turn=1)
    assert [answer.text for answer in said(simulator)] == ["one", "two"]


async def test_f21_a_question_that_was_deleted_is_answered(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        question = await simulator.mention(general, ada, "hello")
        message = await steward.heard()
        await simulator.delete(question)
        await steward.answer(message, Reply(text="Hello."))
    assert [answer.text for answer in said(simulator)] == ["Hello."]


@pytest.mark.parametrize(
    ("fault", "permanent", "words"),
    [
        (Fault(status=403, code=50013, message="Missing Permissions"), True, "does not let me"),
        (Fault(status=404, code=10003, message="Unknown Channel"), True, "does not know"),
        (Fault(status=413, code=40005, message="Request entity too large"), True, "too large"),
        (Fault(status=401, message="401: Unauthorized"), True, "discord.token"),
        (Fault(status=503, message="Service Unavailable"), False, "503"),
        (Fault(cut=True), False, "could not be reached"),
    ],
)
async def test_a_refusal_says_whether_to_try_again(
    simulator: DiscordSimulator, fault: Fault, permanent: bool, words: str
) -> None:
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "hello")
        message = await steward.heard()
        simulator.faults.add("POST", MESSAGES, fault)
        with pytest.raises(PlatformError, match=words) as caught:
            await steward.answer(message, Reply(text="Hello."))
        assert caught.value.permanent is permanent


async def test_a_refusal_says_when_to_try_again(simulator: DiscordSimulator) -> None:
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "hello")
        message = await steward.heard()
        limited = Fault(status=429, message="You are being blocked.", retry_after=7.5, at_edge=True)
        simulator.faults.add("POST", MESSAGES, limited)
        with pytest.raises(PlatformError) as caught:
            await steward.answer(message, Reply(text="Hello."))
        assert (caught.value.permanent, caught.value.retry_after) == (False, 7.5)


async def test_a_message_from_before_a_restart_is_answered_once_connected(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as before:
        await simulator.mention(general, ada, "hello")
        message = await before.heard()
    after = Steward(platform=made(simulator))
    with pytest.raises(PlatformError, match="not connected") as caught:
        await after.answer(message, Reply(text="Hello."))
    assert not caught.value.permanent
    async with listening(simulator, after):
        await after.answer(message, Reply(text="Hello."))
    assert [answer.text for answer in said(simulator)] == ["Hello."]


async def test_the_bot_types_while_it_works(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.mention(general, ada, "hello")
        draft = steward.platform.draft(Turn(id=1, message=await steward.heard(), attempt=0))
        await until(lambda: simulator.typing)
        await draft.close()
    assert simulator.typing == [general.id]


async def test_a_wrong_token_is_said_in_a_sentence(simulator: DiscordSimulator) -> None:
    platform = made(simulator, token="wrong")
    with pytest.raises(PlatformError, match=r"^Discord refused the bot token: check discord\.token") as caught:
        await platform.listen(Steward(platform=platform))
    assert caught.value.permanent
    assert "wrong" not in str(caught.value)


async def test_a_first_connection_that_is_refused_can_be_tried_again(simulator: DiscordSimulator) -> None:
    steward = Steward(platform=made(simulator))
    simulator.gateway.refuse()
    with pytest.raises(PlatformError, match="gateway could not be reached") as caught:
        await steward.platform.listen(steward)
    assert not caught.value.permanent
    async with listening(simulator, steward):
        await simulator.dm(simulator.person("Ada"), "hello")
        assert (await steward.heard()).text == "hello"


async def test_a_server_that_is_down_is_said_in_a_sentence(simulator: DiscordSimulator) -> None:
    config = DiscordConfig(token=SecretStr("token"), api_url="http://127.0.0.1:1/api", gateway_url="ws://127.0.0.1:1/")
    platform = made(simulator, config=config)
    with pytest.raises(PlatformError, match="could not be reached") as caught:
        await platform.listen(Steward(platform=platform))
    assert not caught.value.permanent


@pytest.mark.parametrize("fault", [Fault(status=404, message="404: Not Found"), Fault(status=403, code=20001)])
async def test_a_server_that_describes_no_application_will_do(simulator: DiscordSimulator, fault: Fault) -> None:
    simulator.faults.add("GET", "/oauth2/applications/@me", fault)
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "hello")
        assert (await steward.heard()).text == "hello"


async def test_events_that_say_little_are_heard_and_keep_the_connection(simulator: DiscordSimulator) -> None:
    ada: JsonObject = {"id": "5", "username": "ada"}
    place: JsonObject = {"channel_id": "9", "guild_id": "7"}
    mention: JsonObject = {"id": "10", **place, "author": ada, "content": f"<@{simulator.bot.id}> one"}
    question: JsonObject = {"name": "question", "value": "two"}
    command: JsonObject = {"name": "steward", "options": [{"name": "ask", "options": [question]}]}
    interaction: JsonObject = {"id": "11", "token": "t", "type": 2, **place, "member": {"user": ada}, "data": command}
    async with listening(simulator) as steward:
        await simulator.gateway.dispatch("GUILD_CREATE", {"id": "7", "channels": [{"id": "8", "type": 0}]})
        for name in ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "INTERACTION_CREATE"):
            await simulator.gateway.dispatch(name, {"id": "1"})
        await simulator.gateway.dispatch("MESSAGE_CREATE", mention)
        assert (await steward.heard()).text == "one"
        await simulator.gateway.dispatch("INTERACTION_CREATE", interaction)
        assert (await steward.heard()).text == "two"
        await simulator.dm(simulator.person("Ben"), "three")
        assert (await steward.heard()).text == "three"
    assert (simulator.gateway.identified, simulator.gateway.resumed) == (1, 0), "the connection was lost over an event"


async def test_a_command_without_its_application_is_this_bots(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with listening(simulator) as steward:
        await simulator.command(general, ada, "ask", {"question": "who?"})
        message = await steward.heard()
        bare = replace(message, origin={**message.origin, "application_id": ""})
        await steward.answer(bare, Reply(text="Me."))
    assert [call.method for call in simulator.calls if "/webhooks/" in call.path] == ["PATCH"]
    assert [answer.text for answer in said(simulator)] == ["Me."]


async def test_a_login_that_makes_no_sense_is_said_in_a_sentence(simulator: DiscordSimulator) -> None:
    simulator.faults.add("GET", "/users/@me", Fault(status=200, message="hello"))
    platform = made(simulator)
    with pytest.raises(PlatformError, match="answered the login with something unexpected") as caught:
        await platform.listen(Steward(platform=platform))
    assert not caught.value.permanent


async def test_a_lost_connection_that_cannot_be_made_again_is_said_in_a_sentence(
    simulator: DiscordSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(simulator):
        simulator.gateway.refuse(1000)
        await simulator.gateway.drop()
        await until(lambda: "Trying again" in caplog.text)
    [said] = [record for record in caplog.records if "Trying again" in record.getMessage()]
    assert said.getMessage().startswith("The connection to Discord was lost (")
    assert "Traceback" not in caplog.text


async def test_a_long_time_without_connection_is_given_up() -> None:
    async def accept(message: Message) -> bool:
        return True

    intake = Intake(KeptInbox(), commands(), Deferrals(), KeptCursors(), Channels(NoStore()))
    listener = Listener(intake, CatchUp(intake, KeptCursors(), CatchUpConfig()), patience=0.05)
    giving_up = asyncio.create_task(listener.given_up())
    await listener.on_disconnect()
    await listener.on_resumed()
    await asyncio.sleep(0.1)
    assert not giving_up.done(), "given up although it was resumed"
    await listener.on_disconnect()
    await asyncio.wait_for(giving_up, 5)


async def test_cancelling_leaves_nothing_behind(simulator: DiscordSimulator) -> None:
    before = asyncio.all_tasks()
    async with listening(simulator) as steward:
        await simulator.dm(simulator.person("Ada"), "hello")
        await steward.heard()
    await asyncio.sleep(0.05)
    left = {task for task in asyncio.all_tasks() - before if "discord" in repr(task.get_coro())}
    assert not left, f"still running: {left}"


async def test_a_command_that_fails_is_answered(simulator: DiscordSimulator) -> None:
    async def broken(used: Message, rest: str) -> Reply:
        raise OSError("disk")

    platform = made(simulator, forget=broken)
    async with listening(simulator, Steward(platform=platform)):
        await simulator.command(simulator.channel("general"), simulator.person("Ada"), "forget")
        await simulator.transcript.wait(lambda shown: "something went wrong" in shown.text)


async def test_f5_a_message_that_cannot_be_stored_is_tried_again(simulator: DiscordSimulator) -> None:
    failures = [OSError("disk")]
    accepted: asyncio.Queue[Message] = asyncio.Queue()

    async def accept(message: Message) -> bool:
        if failures:
            raise failures.pop()
        accepted.put_nowait(message)
        return True

    async with listening(simulator, inbox=Accepting(function=accept)):
        await simulator.dm(simulator.person("Ada"), "hello")
        assert (await asyncio.wait_for(accepted.get(), 5)).text == "hello"
    assert said(simulator) == []


class KeptRest(Rest):
    """Keeps the texts that are said."""

    def __init__(self) -> None:
        self.said: list[JsonValue] = []

    async def send(self, channel_id: str, message: MultipartParameters) -> str:
        self.said.append((message.payload or {}).get("content"))
        return "1"


async def test_f5_a_message_that_cannot_be_stored_for_longer_is_stored_later_and_the_person_told_once() -> None:
    failures = [OSError("disk") for _ in range(7)]
    accepted: list[Message] = []

    async def accept(message: Message) -> bool:
        if failures:
            raise failures.pop()
        accepted.append(message)
        return True

    rest, cursors = KeptRest(), KeptCursors()
    intake = Intake(Accepting(function=accept), commands(), Deferrals(), cursors, Channels(NoStore()), first_pause=0.01)
    payload = MessagePayload(id="5", channel_id="7", author=UserPayload(id="1", username="ada"), content="hello")

    assert await intake.message(payload, Me(id="2"), Room(), rest)
    assert [message.text for message in accepted] == ["hello"]
    [told] = rest.said
    assert re.fullmatch(
        r"Sorry, I cannot take this in right now\. .* \(The log has the details under e\w{6}\.\)", str(told)
    )
    assert cursors.positions == {"7": "5"}
