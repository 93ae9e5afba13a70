"""Slack, from a person's message to `accept` and its acknowledgement; slack-bolt against the simulated Slack."""

import asyncio
import gc
import json
import re
import socket
import time
import warnings
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pydantic import SecretStr

from bots.simulator.slack import Fault, SlackSimulator
from bots.simulator.slack.world import User
from core.errors import OperatorError, PlatformError
from core.messages import ADMIN, GUEST, Audience, Conversation, Message, Person
from core.outlet import Part
from tests.slack_client import client
from tests.slack_team import Team, answers, listening, mention, settings
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(retry_scale=0.001) as simulator:
        yield simulator


async def test_a_mention_is_accepted_and_acknowledged(either: Team) -> None:
    ts = await either.slack.mention("C1", "U1", "is 1 < 2?")
    await either.slack.settled()
    [message] = either.accepted
    assert message.id == f"slack/T1/C1/{ts}"
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1", thread=ts)
    assert (message.text, message.author.name) == ("is 1 < 2?", "Ada")
    assert message.audience == Audience(scope="workspace", id="slack/T1")
    assert either.slack.deliveries[0].acknowledged


async def test_f5_a_message_is_accepted_before_it_is_acknowledged(either: Team) -> None:
    acknowledged: list[bool] = []

    async def look(_: Message) -> None:
        await asyncio.sleep(0.05)
        acknowledged.append(either.slack.deliveries[0].acknowledged)

    either.before = look
    await either.slack.mention("C1", "U1", "hello")
    await either.slack.settled()
    assert acknowledged == [False]
    assert either.slack.deliveries[0].acknowledged


@pytest.mark.parametrize("http", [False, True])
async def test_f5_what_could_not_be_accepted_is_not_acknowledged_and_comes_again(http: bool) -> None:
    async with SlackSimulator(retry_scale=0.001, deadline=0.3) as slack, listening(slack, http=http) as team:
        team.failures.append(OperatorError("The disk is full."))
        await slack.mention("C1", "U1", "hello")
        await slack.settled()
        assert slack.deliveries[0].failures == ["http_error" if http else "timeout"]
        assert [message.text for message in team.accepted] == ["hello"]
        assert slack.deliveries[0].acknowledged


async def test_f2_mention_and_message_of_one_post_have_one_id() -> None:
    async with SlackSimulator(message_events=True) as slack, listening(slack) as team:
        await slack.mention("C1", "U1", "hello")
        await slack.settled()
        assert team.fresh == [True, False]
        assert len({message.id for message in team.accepted}) == 1
        assert all(delivery.acknowledged for delivery in slack.deliveries)


async def test_f1_one_message_in_two_envelopes_has_one_id(team: Team) -> None:
    await team.slack.mention("C1", "U1", "hello")
    await team.slack.settled()
    team.slack.deliver("events_api", team.slack.deliveries[0].payload)
    await team.slack.settled()
    assert team.fresh == [True, False]


async def test_a_direct_message_has_no_thread_and_one_reader(team: Team) -> None:
    await team.slack.say("U1", "hello")
    await team.slack.settled()
    [message] = team.accepted
    assert message.conversation.thread is None
    assert message.audience == Audience(scope="person", id="slack/U1")


async def test_a_mention_in_a_thread_stays_in_it(team: Team) -> None:
    root = await team.slack.say("U2", "look at this", channel="C1")
    await team.slack.mention("C1", "U1", "what do you say?", thread=root)
    await team.slack.settled()
    assert team.accepted[0].conversation.thread == root


async def test_a_private_channel_has_its_members_as_readers(team: Team) -> None:
    await team.slack.mention("G1", "U1", "hello")
    await team.slack.settled()
    assert team.accepted[0].audience == Audience(scope="channel", id="slack/G1")


async def test_a_group_direct_message_has_its_members_as_readers(team: Team) -> None:
    team.slack.add_user("U3", "Linus")
    team.slack.add_channel("G2", "mpdm-linus", kind="mpim", members=["U1", "U3", "UBOT"])
    await team.slack.mention("G2", "U3", "hello")
    await team.slack.settled()
    [message] = team.accepted
    assert message.author.name == "Linus"
    assert message.audience == Audience(scope="channel", id="slack/G2")


async def test_a_channel_shared_with_another_workspace_is_not_the_workspaces(team: Team) -> None:
    team.slack.world.channels["C1"].shared = True
    await team.slack.mention("C1", "U1", "hello")
    await team.slack.settled()
    assert team.accepted[0].audience.scope == "channel"


@pytest.mark.parametrize(
    ("linus", "roles"),
    [
        (User(id="U3", name="Linus"), set()),
        (User(id="U3", name="Linus", admin=True), {ADMIN}),
        (User(id="U3", name="Linus", restricted=True), {GUEST}),
        (User(id="U3", name="Linus", team="T9"), {GUEST}),
    ],
)
async def test_a_message_tells_what_its_author_may(team: Team, linus: User, roles: set[str]) -> None:
    team.slack.world.users["U3"] = linus
    await team.slack.say("U3", "hello")
    await team.slack.settled()
    assert team.accepted[0].author == Person(id="U3", name="Linus", roles=frozenset(roles))


async def test_a_message_is_found_at_the_address_that_slack_gives_it(team: Team) -> None:
    root = await team.slack.mention("C1", "U1", "hello")
    reply = await team.slack.mention("C1", "U1", "again", thread=root)
    await team.slack.settled()
    assert [message.link for message in team.accepted] == [
        (await client(team.slack).chat_getPermalink(channel="C1", message_ts=ts))["permalink"] for ts in (root, reply)
    ]


async def test_without_lookups_messages_come_in_all_the_same() -> None:
    async with SlackSimulator(scopes=["chat:write"]) as slack, listening(slack) as team:
        for _ in range(2):
            await slack.mention("C1", "U1", "hello")
            await slack.settled()
        assert [message.author.name for message in team.accepted] == ["U1", "U1"]
        assert [message.audience.scope for message in team.accepted] == ["channel", "channel"]
        assert len(slack.calls("users.info")) == 1, "a refused method is not asked again"


async def test_a_slow_lookup_does_not_hold_a_message_up(team: Team) -> None:
    team.slack.fail("users.info", Fault(delay=5.0))
    began = time.perf_counter()
    await team.slack.mention("C1", "U1", "hello")
    await team.slack.settled()
    assert [message.author.name for message in team.accepted] == ["U1"]
    assert time.perf_counter() - began < 2.5


async def test_people_in_the_text_have_names(team: Team) -> None:
    await team.slack.mention("C1", "U1", "ask <@U2> and <@U9>")
    await team.slack.settled()
    assert team.accepted[0].text == "ask @Grace and @U9"


async def test_events_of_no_interest_are_acknowledged(either: Team) -> None:
    either.slack.event({"type": "reaction_added", "user": "U1", "reaction": "eyes", "event_ts": "1.0"})
    either.slack.event({"type": "message", "subtype": "message_changed", "channel": "DU1", "channel_type": "im"})
    either.slack.deliver(
        "interactive",
        {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "a", "type": "button"}]},
    )
    await either.slack.settled()
    assert [delivery.acknowledged for delivery in either.slack.deliveries] == [True] * 3
    assert either.accepted == []


async def test_f40_the_bots_own_messages_are_not_accepted(team: Team) -> None:
    await team.slack.say("U1", "hello")
    await team.slack.settled()
    draft = team.platform.draft(team.turn())
    await draft.send(Part(key="1.0", text="hi"))
    await team.slack.settled()
    assert len(team.slack.deliveries) == 2
    assert len(team.accepted) == 1


async def test_f38_a_preview_of_a_link_is_no_new_question() -> None:
    async with SlackSimulator(message_events=True) as slack, listening(slack) as team:
        asked = await slack.say("U1", "hello")
        ignored = await slack.say("U1", "hello", channel="C1")
        await slack.settled()
        await slack.edit("DU1", asked, "hello")
        await slack.edit("C1", ignored, "hello")
        await slack.settled()
        assert len(slack.deliveries) == 4
        assert all(delivery.acknowledged for delivery in slack.deliveries)
        assert len(team.accepted) == 1
        assert team.edits == []


async def test_f40_other_bots_are_not_answered(either: Team) -> None:
    bot = {"user": "UOTHER", "bot_id": "B7", "ts": "1700000000.000100", "text": "<@UBOT> hello", "team": "T1"}
    either.slack.event({**bot, "type": "app_mention", "channel": "C1"})
    either.slack.event({**bot, "type": "message", "subtype": "bot_message", "channel": "D1", "channel_type": "im"})
    either.slack.event({**bot, "type": "message", "channel": "C1", "channel_type": "channel", "user": "USLACKBOT"})
    await either.slack.settled()
    assert [delivery.acknowledged for delivery in either.slack.deliveries] == [True] * 3
    assert either.accepted == []


async def test_f41_an_error_that_the_bot_said_asks_nothing() -> None:
    async with SlackSimulator(message_events=True) as slack, listening(slack) as team:
        await mention(team)
        before = len(team.accepted)
        error = "Something went wrong inside me, <@UBOT>, and I could not answer."
        await team.platform.draft(team.turn()).send(Part(key="1.0", text=error))
        await slack.say("U1", "and here?")
        await slack.settled()
        await team.platform.draft(team.turn()).send(Part(key="2.0", text=error))
        await slack.settled()
        assert [message.text for message in team.accepted[before:]] == ["and here?"]


async def test_a_refreshed_socket_is_replaced(team: Team) -> None:
    await team.slack.refresh()
    await team.slack.called("apps.connections.open", 2)
    await team.slack.connected()
    await team.slack.mention("C1", "U1", "still there?")
    await team.slack.settled()
    assert len(team.accepted) == 1


async def test_a_lost_socket_is_replaced(team: Team) -> None:
    team.slack.sockets.cut()
    await team.slack.called("apps.connections.open", 2)
    await team.slack.connected()
    await team.slack.mention("C1", "U1", "still there?")
    await team.slack.settled()
    assert len(team.accepted) == 1


async def test_a_server_that_is_gone_for_good_is_reported(slack: SlackSimulator) -> None:
    team = Team(slack, settings(slack))
    task = asyncio.create_task(team.platform.listen(team))
    await slack.connected()
    await slack.stop()
    with pytest.raises(PlatformError, match="connection to Slack was lost"):
        await asyncio.wait_for(task, 10)


async def test_a_forged_request_is_refused() -> None:
    async with SlackSimulator() as slack, listening(slack, http=True) as team:
        body = json.dumps({"type": "event_callback", "event": {"type": "app_mention"}})
        old = str(int(time.time()) - 301)
        assert (await slack.webhook.post(body, secret="another"))[0] == 401
        assert (await slack.webhook.post(body, timestamp=old))[0] == 401
        assert (await slack.webhook.post(body, timestamp="yesterday"))[0] == 401
        assert (await slack.webhook.post(body))[0] == 200, "the same request, well signed"
        assert team.accepted == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"bot_token": SecretStr("xoxb-wrong")}, r"Slack refused slack\.bot_token \(invalid_auth\)\."),
        ({"app_token": SecretStr("xapp-wrong")}, r"Slack refused slack\.app_token \(invalid_auth\)\."),
        ({"app_token": SecretStr("xoxb-simulator")}, r"slack\.app_token \(not_allowed_token_type\): .* another kind"),
        ({"app_token": None}, r"Slack needs slack\.app_token .* or slack\.signing_secret"),
    ],
)
async def test_a_bad_token_is_named(slack: SlackSimulator, changes: dict[str, object], sentence: str) -> None:
    team = Team(slack, settings(slack).model_copy(update=changes))
    with pytest.raises(PlatformError, match=sentence) as caught:
        await team.platform.listen(team)
    assert caught.value.permanent
    assert "wrong" not in str(caught.value)


async def test_a_dead_server_is_named(slack: SlackSimulator) -> None:
    await slack.stop()
    team = Team(slack, settings(slack))
    with pytest.raises(PlatformError, match=r"could not be reached to connect at http://127\.0\.0\.1") as caught:
        await team.platform.listen(team)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("status", "content_type", "body", "sentence"),
    [
        (502, "text/plain", "bad gateway", "answered with status 502"),
        (200, "text/plain", "ok", "its answer made no sense"),
        (502, "text/html", "<html>", "answered with status 502"),
        (200, "application/json", "[]", "answered with status 200"),
        (200, "application/json", "{", "answered with status 200"),
        (200, "application/json", '{"ok": true}', "gave no address for a socket"),
        (200, "application/json", '{"ok": false, "error": "internal_error"}', "internal_error"),
    ],
)
async def test_a_server_with_other_ideas_is_tried_again(
    slack: SlackSimulator, status: int, content_type: str, body: str, sentence: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, content_type=content_type, text=body)

    app = web.Application()
    app.router.add_post("/api/{method}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
        team = Team(slack, settings(slack).model_copy(update={"api_url": url}))
        with pytest.raises(PlatformError, match=sentence) as caught:
            await team.platform.listen(team)
    finally:
        await runner.cleanup()
    assert not caught.value.permanent


async def test_a_proxy_is_not_used_for_this_machine(slack: SlackSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with listening(slack) as team:
        await slack.command("C2", "U1", "ask why")
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="because"))
    assert slack.transcript.messages[-1].text == "because"


async def test_a_port_in_use_is_named(slack: SlackSimulator) -> None:
    async with listening(slack, http=True) as team:
        config = settings(slack, http=True).model_copy(update={"port": team.platform.port})
        with pytest.raises(PlatformError, match=r"change slack\.port") as caught:
            await Team(slack, config).platform.listen(team)
        assert caught.value.permanent


@pytest.mark.parametrize("steps", range(4))
async def test_requests_that_meet_the_end_of_the_server_leave_no_open_connection(
    slack: SlackSimulator, steps: int
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with listening(slack, http=True) as team:
            there = ("127.0.0.1", team.platform.port)
            callers = [socket.create_connection(there, timeout=10) for _ in range(3)]
            for caller in callers:
                caller.sendall(b"POST /slack/events HTTP/1.1\r\nHost: steward\r\nContent-Length: 0\r\n\r\n")
            for _ in range(steps):
                await asyncio.sleep(0)
        gc.collect()
    for caller in callers:
        caller.close()
    assert [str(warning.message) for warning in caught] == []


async def test_cancelling_leaves_nothing_behind(slack: SlackSimulator) -> None:
    before = asyncio.all_tasks()
    async with listening(slack) as team:
        await slack.mention("C1", "U1", "hello")
        await slack.settled()
        assert team.accepted
    await asyncio.sleep(0)
    left = {task for task in asyncio.all_tasks() - before if "aiohttp.web" not in repr(task.get_coro())}
    assert {task for task in left if "slack" in repr(task)} == set()
    assert not team.platform.listening.is_set()


async def test_a_stop_in_the_middle_of_accepting_acknowledges_nothing(slack: SlackSimulator) -> None:
    async with asyncio.timeout(10), listening(slack) as team:
        arrived = asyncio.Event()

        async def hold(_: Message) -> None:
            arrived.set()
            await asyncio.Event().wait()

        team.before = hold
        await slack.mention("C1", "U1", "hello")
        await arrived.wait()
    assert not slack.deliveries[0].acknowledged
    async with listening(slack) as team:
        slack.deliver("events_api", slack.deliveries[0].payload)
        await until(lambda: team.accepted)


async def test_a_stop_does_not_wait_for_a_server_that_says_nothing_more(slack: SlackSimulator) -> None:
    team = Team(slack, settings(slack))
    listen = asyncio.create_task(team.platform.listen(team))
    await team.platform.listening.wait()
    await slack.connected()
    slack.sockets.freeze()
    listen.cancel()
    ended, _ = await asyncio.wait([listen], timeout=7)
    slack.sockets.cut()
    assert ended, "it waits for the other side"
    await asyncio.gather(listen, return_exceptions=True)


async def test_an_answer_after_the_stop_still_arrives(slack: SlackSimulator) -> None:
    async with listening(slack) as team:
        await mention(team)
    await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert [shown.text for shown in answers(team)] == ["hi"]


async def test_an_answer_that_a_stop_cuts_off_is_an_error_in_a_sentence_and_not_doubled_later(
    slack: SlackSimulator,
) -> None:
    async with listening(slack) as team:
        await mention(team)
        slack.fail("chat.postMessage", Fault(status=500, performed=True, delay=60))
        slack.fail("conversations.replies", Fault(status=500))
        sending = asyncio.create_task(team.platform.draft(team.turn()).send(Part(key="1.0", text="hi")))
        await slack.called("chat.postMessage")
    with pytest.raises(PlatformError, match="see whether the answer is there"):
        await sending
    await Team(slack, settings(slack)).platform.draft(team.turn()).send(Part(key="1.0", text="hi", repeated=True))
    assert [shown.text for shown in answers(team)] == ["hi"]


async def test_f52_a_token_that_slack_repeats_in_an_error_is_shown_to_nobody(team: Team) -> None:
    await mention(team)
    team.slack.fail("chat.postMessage", Fault(error=f"no good: {team.slack.bot_token}"))
    with pytest.raises(PlatformError) as caught:
        await team.platform.draft(team.turn()).send(Part(key="1.0", text="hi"))
    assert team.slack.bot_token not in str(caught.value)


async def test_help_is_answered_to_its_author_alone(either: Team) -> None:
    await either.slack.command("C1", "U1", "help")
    [shown] = either.slack.transcript.messages
    assert shown.to == "U1"
    assert "`/steward ask QUESTION`" in shown.text


async def test_no_question_is_help(either: Team) -> None:
    for text in ("", "ask", "  ask  "):
        await either.slack.command("C1", "U1", text)
    assert all("`/steward help`" in shown.text for shown in either.slack.transcript.messages)
    assert either.accepted == []


async def test_skills_are_listed(team: Team) -> None:
    await team.slack.command("C1", "U1", "skills")
    [shown] = team.slack.transcript.messages
    assert "`roll_dice` – Roll some dice." in shown.text


async def test_forget_forgets_the_channel(team: Team) -> None:
    await team.slack.command("C1", "U1", "forget")
    assert team.forgotten == [Conversation(platform="slack", workspace="T1", channel="C1")]
    [shown] = team.slack.transcript.messages
    assert (shown.to, shown.text) == ("U1", "Forgotten in this channel: 3 turns and 1 file.")


async def test_a_question_by_command_is_visible_and_accepted(either: Team) -> None:
    delivery = await either.slack.command("C1", "U1", "ask how does <@U2> do?")
    [shown] = either.slack.transcript.messages
    assert (shown.text, shown.to) == ("/steward ask how does <@U2> do?", None)
    [message] = either.accepted
    assert message.text == "how does @Grace do?"
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1")
    assert message.id == f"slack/T1/C1/{delivery.payload['trigger_id']}"


async def test_a_question_that_could_not_be_accepted_is_answered_with_the_logs_id(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    team.failures.append(OperatorError("The disk is full."))
    await team.slack.command("C1", "U1", "ask why")
    [shown] = team.slack.transcript.messages
    number = re.search(r"under (e[0-9a-f]{6})\.\)$", shown.text)
    assert number, shown.text
    assert shown.to == "U1"
    assert "disk" not in shown.text
    assert f"[{number[1]}]" in caplog.text


async def test_a_mention_that_says_help_is_an_ordinary_message(team: Team) -> None:
    await team.slack.mention("C1", "U1", "help")
    await team.slack.settled()
    assert [message.text for message in team.accepted] == ["help"]


async def test_a_channel_that_is_made_private_is_its_members_own_from_then_on() -> None:
    async with SlackSimulator(message_events=True) as slack, listening(slack) as team:
        assert (await mention(team)).audience == Audience(scope="workspace", id="slack/T1")
        await slack.make_private("C1", "U1")
        await slack.settled()
        members = Audience(scope="channel", id="slack/C1")
        assert team.closings == [(Conversation(platform="slack", workspace="T1", channel="C1"), members)]
        assert (await mention(team)).audience == members
