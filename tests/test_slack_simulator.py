"""The simulated Slack, driven by slack-sdk itself."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from bots.simulator.slack import Fault, SlackSimulator
from bots.simulator.transcript import ShownFile
from tests.slack_client import App, client, refused


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(retry_scale=0.001) as simulator:
        yield simulator


async def test_a_post_is_seen_and_described(slack: SlackSimulator) -> None:
    answer = await client(slack).chat_postMessage(
        channel="C1", text="1 &lt; 2", metadata={"event_type": "e", "event_payload": {"k": "1"}}
    )
    assert answer["message"]["bot_id"] == "B1"
    shown = slack.transcript.find(answer["ts"])
    assert shown is not None
    assert (shown.text, shown.author, shown.thread) == ("1 < 2", "UBOT", None)
    history = await client(slack).conversations_history(channel="C1", include_all_metadata=True)
    assert history["messages"][0]["metadata"]["event_payload"] == {"k": "1"}


async def test_an_edit_and_a_deletion_show(slack: SlackSimulator) -> None:
    posted = await client(slack).chat_postMessage(channel="C1", text="one")
    await client(slack).chat_update(channel="C1", ts=posted["ts"], text="two")
    shown = slack.transcript.find(posted["ts"])
    assert shown is not None
    assert (shown.text, shown.edits) == ("two", 1)
    await client(slack).chat_delete(channel="C1", ts=posted["ts"])
    assert shown.deleted


async def test_only_the_named_person_sees_an_ephemeral_message(slack: SlackSimulator) -> None:
    await client(slack).chat_postEphemeral(channel="C1", user="U2", text="psst")
    assert [(shown.text, shown.to) for shown in slack.transcript.messages] == [("psst", "U2")]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C9", "text": "x"}, "channel_not_found"),
        ({"channel": "C2", "text": "x"}, "not_in_channel"),
        ({"channel": "C1", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C1"}, "no_text"),
        ({"channel": "C1", "text": "x", "blocks": [{"type": "markdown", "text": "y" * 12_001}]}, "msg_blocks_too_long"),
        ({"channel": "C1", "text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        (
            {
                "channel": "C1",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "y" * 3001}}],
            },
            "invalid_blocks",
        ),
        ({"channel": "C1", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": "C1", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C1", "text": "x", "metadata": {"event_type": "e"}}, "invalid_metadata_format"),
    ],
)
@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
async def test_a_bad_post_is_refused(slack: SlackSimulator, arguments: dict[str, object], error: str) -> None:
    assert await refused(client(slack).api_call("chat.postMessage", json=dict(arguments))) == error
    assert slack.transcript.messages == []


async def test_form_bodies_are_read_like_json_bodies(slack: SlackSimulator) -> None:
    await client(slack).api_call(
        "chat.postMessage", data={"channel": "C1", "text": "x", "blocks": '[{"type": "markdown", "text": "**hi**"}]'}
    )
    assert slack.transcript.messages[0].text == "**hi**"


async def test_tokens_and_methods_are_checked(slack: SlackSimulator) -> None:
    assert await refused(client(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
    assert await refused(client(slack, "").auth_test()) == "not_authed"
    assert await refused(client(slack, slack.app_token).auth_test()) == "not_allowed_token_type"
    assert await refused(client(slack).api_call("chat.invented")) == "unknown_method"


async def test_a_missing_scope_is_named() -> None:
    async with SlackSimulator(scopes=["chat:write"]) as slack:
        with pytest.raises(SlackApiError) as caught:
            await client(slack).users_info(user="U1")
    assert caught.value.response["needed"] == "users:read"


async def test_an_upload_lands_in_its_thread_with_its_alt_text(slack: SlackSimulator) -> None:
    root = await slack.mention("C1", "U1", "draw")
    await client(slack).files_upload_v2(
        content=b"PNG", filename="a.png", alt_txt="a chart", channel="C1", thread_ts=root
    )
    shown = slack.transcript.messages[-1]
    assert shown.thread == root
    assert shown.files == [ShownFile(name="a.png", media_type="image/png", content=b"PNG", alt="a chart")]


async def test_a_download_without_the_token_gives_a_login_page(slack: SlackSimulator) -> None:
    await slack.mention("C1", "U1", "read this", files=[ShownFile(name="a.csv", media_type="text/csv", content=b"1,2")])
    event = slack.deliveries[0].payload["event"]
    assert isinstance(event, dict)
    files = event["files"]
    assert isinstance(files, list)
    assert isinstance(files[0], dict)
    address = str(files[0]["url_private"])
    async with aiohttp.ClientSession() as session:
        async with session.get(address, headers={"Authorization": f"Bearer {slack.bot_token}"}) as response:
            assert await response.read() == b"1,2"
        async with session.get(address) as response:
            assert (response.status, response.content_type) == (200, "text/html")


async def test_a_mention_arrives_over_the_socket_as_documented(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        ts = await slack.mention("C1", "U1", "1 < 2 & 3")
        await slack.settled()
    request = app.requests[0]
    assert (request.type, request.retry_attempt, request.accepts_response_payload) == ("events_api", 0, False)
    assert request.payload["authorizations"][0]["user_id"] == "UBOT"
    event = request.payload["event"]
    assert (event["type"], event["ts"], event["text"]) == ("app_mention", ts, "<@UBOT> 1 &lt; 2 &amp; 3")
    assert "channel_type" not in event
    assert slack.deliveries[0].acknowledged


async def test_an_unacknowledged_event_comes_again_in_a_new_envelope() -> None:
    async with SlackSimulator(retry_scale=0.001, deadline=0.1) as slack, App(slack) as app:
        app.silent = 1
        await slack.connected()
        await slack.say("U1", "hello")
        await slack.settled()
    first, second = app.requests
    assert first.payload["event_id"] == second.payload["event_id"]
    assert first.envelope_id != second.envelope_id
    assert (second.retry_attempt, second.retry_reason) == (1, "timeout")


async def test_an_event_is_given_up_after_three_repetitions() -> None:
    async with SlackSimulator(retry_scale=0.0001, deadline=0.02) as slack, App(slack) as app:
        app.silent = 10
        await slack.connected()
        await slack.say("U1", "hello")
        await slack.settled()
    assert len(app.requests) == 4
    assert not slack.deliveries[0].acknowledged


async def test_a_refresh_opens_a_new_socket(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        await slack.refresh()
        await slack.called("apps.connections.open", 2)
        await slack.connected()
        await slack.say("U1", "still there?")
        await slack.settled()
        assert len(app.requests) == 1


async def test_each_event_goes_to_one_of_several_sockets(slack: SlackSimulator) -> None:
    async with App(slack) as first, App(slack) as second:
        await slack.connected(2)
        for _ in range(4):
            await slack.say("U1", "hello")
        await slack.settled()
    assert (len(first.requests), len(second.requests)) == (2, 2)


async def test_a_command_is_answered_in_its_acknowledgement(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        app.answer = {"response_type": "in_channel", "text": "done"}
        await slack.connected()
        await slack.command("C1", "U1", "ask why")
    seen = [(shown.author, shown.text, shown.to) for shown in slack.transcript.messages]
    assert seen == [("U1", "/steward ask why", None), ("UBOT", "done", None)]
    assert app.requests[0].payload["command"] == "/steward"


async def test_a_command_without_an_app_fails_visibly(slack: SlackSimulator) -> None:
    await slack.command("C1", "U1", "help")
    assert [(shown.text, shown.to) for shown in slack.transcript.messages] == [
        ("/steward failed with the error “dispatch_failed”", "U1")
    ]


async def test_a_response_url_takes_five_messages_and_expires(slack: SlackSimulator) -> None:
    delivery = await slack.command("C2", "U1", "ask")
    address = str(delivery.payload["response_url"])
    async with aiohttp.ClientSession() as session:
        statuses = []
        for _ in range(6):
            async with session.post(address, json={"text": "x", "response_type": "in_channel"}) as response:
                statuses.append(response.status)
        assert statuses == [200] * 5 + [404]
        slack.expire_response_urls()
        async with session.post(address, json={"text": "x"}) as response:
            assert (await response.json())["error"] == "expired_url"


async def test_faults_come_on_demand(slack: SlackSimulator) -> None:
    slack.fail("chat.postMessage", Fault(retry_after=7))
    slack.fail("chat.postMessage", Fault(drop="after"))
    with pytest.raises(SlackApiError) as caught:
        await client(slack).chat_postMessage(channel="C1", text="x")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client(slack).chat_postMessage(channel="C1", text="performed all the same")
    assert [shown.text for shown in slack.transcript.messages] == ["performed all the same"]


async def test_events_are_posted_signed_to_a_request_url(slack: SlackSimulator) -> None:
    taken: list[tuple[str | None, bool]] = []

    async def events(request: web.Request) -> web.Response:
        body = await request.json()
        if "challenge" in body:
            return web.json_response({"challenge": body["challenge"]})
        taken.append((request.headers.get("X-Slack-Retry-Num"), request.headers["X-Slack-Signature"].startswith("v0=")))
        return web.Response(status=500 if len(taken) == 1 else 200)

    app = web.Application()
    app.router.add_post("/slack/events", events)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        assert await slack.webhook.verify(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
        await slack.mention("C1", "U1", "hello")
        await slack.settled()
    finally:
        await runner.cleanup()
    assert taken == [(None, True), ("1", True)]


async def test_pings_are_noticed_in_text_and_blocks(slack: SlackSimulator) -> None:
    await client(slack).chat_postMessage(
        channel="C1", text="<!channel>", blocks=[{"type": "markdown", "text": "<@U1> and <!subteam^S1|team>"}]
    )
    assert slack.world.pings == ["channel", "U1", "subteam^S1"]


async def test_the_bot_hears_its_own_direct_messages(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        await client(slack).chat_postMessage(channel=slack.world.direct("U1").id, text="hi")
        await slack.settled()
    assert app.requests[0].payload["event"]["bot_id"] == "B1"


async def test_a_status_goes_when_the_answer_comes(slack: SlackSimulator) -> None:
    root = await slack.mention("C1", "U1", "hello")
    await client(slack).assistant_threads_setStatus(channel_id="C1", thread_ts=root, status="is thinking…")
    assert slack.world.statuses == {("C1", root): "is thinking…"}
    await client(slack).chat_postMessage(channel="C1", thread_ts=root, text="hi")
    assert slack.world.statuses == {}
