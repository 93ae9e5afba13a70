"""Messages of the simulated Slack that are written while people watch, and edits, through slack-sdk itself."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.messages.chunk import BlocksChunk, MarkdownTextChunk, PlanUpdateChunk, TaskUpdateChunk
from slack_sdk.web.async_chat_stream import AsyncChatStream

from bots.simulator.slack import SlackSimulator
from bots.simulator.slack.chunks import added
from bots.simulator.slack.reading import tasks, visible
from bots.simulator.transcript import ShownTask
from core.messages import JsonObject
from tests.slack_client import App, client, refused, shown

RECIPIENT = {"recipient_user_id": "U1", "recipient_team_id": "T1"}
TASK = {"type": "task_update", "id": "1", "title": "t", "status": "error"}
BOTH = "cannot_provide_both_markdown_text_and_chunks"
BUTTON = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Press"}}
ACTIONS = {"type": "actions", "elements": [BUTTON]}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(retry_scale=0.001) as simulator:
        yield simulator


async def begun(slack: SlackSimulator, **arguments: str) -> AsyncChatStream:
    root = await slack.mention("C1", "U1", "tell me")
    return await client(slack).chat_stream(channel="C1", thread_ts=root, **RECIPIENT, buffer_size=1, **arguments)


async def started(slack: SlackSimulator) -> str:
    root = await slack.mention("C1", "U1", "tell me")
    answer = await client(slack).chat_startStream(
        channel="C1", thread_ts=root, recipient_user_id="U1", recipient_team_id="T1", markdown_text="a"
    )
    return str(answer["ts"])


async def test_a_stream_grows_in_its_thread_until_it_is_stopped(slack: SlackSimulator) -> None:
    stream = await begun(slack)
    await stream.append(markdown_text="**Hel")
    message = shown(slack, stream.ts)
    assert (message.text, message.streaming, message.thread) == ("**Hel", True, slack.transcript.messages[0].id)
    await stream.append(markdown_text="lo**")
    assert message.text == "**Hello**"
    answer = await stream.stop(
        markdown_text="!",
        blocks=[ACTIONS],
        metadata={"event_type": "part", "event_payload": {"key": "1"}},
    )
    assert (message.text, message.streaming, message.edits) == ("**Hello**!", False, 1)
    assert [control.label for control in message.controls] == ["Press"]
    assert answer["message"]["metadata"]["event_payload"] == {"key": "1"}
    assert answer["message"]["streaming_state"] == "completed"


async def test_a_task_is_changed_by_its_id_and_its_details_grow(slack: SlackSimulator) -> None:
    stream = await begun(slack)
    await stream.append(markdown_text="Let me see.")
    await stream.append(chunks=[TaskUpdateChunk(id="1", title="Roll", status="in_progress", details="2d6")])
    await stream.append(
        chunks=[TaskUpdateChunk(id="1", title="Roll dice", status="complete", details=", 1 s", output="7")]
    )
    await stream.stop(markdown_text=" It is 7.")
    message = shown(slack, stream.ts)
    assert message.tasks == [
        ShownTask(id="1", title="Roll dice", status="complete", details="2d6, 1 s", output="7"),
    ]
    assert message.text == "Let me see. It is 7."


async def test_tasks_of_a_plan_stand_under_its_title(slack: SlackSimulator) -> None:
    stream = await begun(slack, task_display_mode="plan")
    await stream.append(
        chunks=[TaskUpdateChunk(id="1", title="Roll", status="pending"), PlanUpdateChunk(title="Playing")]
    )
    await stream.stop(chunks=[MarkdownTextChunk(text="Done."), BlocksChunk(blocks=[{"type": "divider"}])])
    message = shown(slack, stream.ts)
    assert (message.plan, [task.title for task in message.tasks], message.text) == ("Playing", ["Roll"], "Done.")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"thread_ts": None}, "invalid_arguments"),
        ({"thread_ts": "1.000001"}, "thread_not_found"),
        ({"recipient_team_id": None}, "missing_recipient_team_id"),
        ({"recipient_user_id": None}, "missing_recipient_user_id"),
        ({"recipient_user_id": "UFAR", "recipient_team_id": "TFAR"}, "user_not_found"),
        ({"recipient_user_id": "U999"}, "user_not_found"),
        ({"task_display_mode": "list"}, "invalid_arguments"),
        ({"markdown_text": "a", "chunks": [{"type": "markdown_text", "text": "b"}]}, BOTH),
        ({"markdown_text": "a" * 12_001}, "msg_too_long"),
        ({"chunks": [{"type": "markdown_text"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "invented"}]}, "invalid_chunks"),
        ({"chunks": [{**TASK, "status": "done"}]}, "invalid_chunks"),
        (
            {"chunks": [{**TASK, "output": "x" * 257}]},
            "invalid_chunks",
        ),
        ({"chunks": [{"type": "blocks", "blocks": [{"type": "invented"}]}]}, "invalid_blocks"),
    ],
)
async def test_a_bad_stream_is_not_begun(slack: SlackSimulator, arguments: dict[str, object], error: str) -> None:
    slack.add_user("UFAR", "Alan", team="TFAR")
    root = await slack.mention("C1", "U1", "tell me")
    wanted = {"channel": "C1", "thread_ts": root, **RECIPIENT, **arguments}
    body = {name: value for name, value in wanted.items() if value is not None}
    assert await refused(client(slack).api_call("chat.startStream", json=body)) == error
    assert len(slack.transcript.messages) == 1


async def test_a_direct_message_needs_no_recipient(slack: SlackSimulator) -> None:
    root = await slack.say("U1", "hi")
    answer = await client(slack).chat_startStream(channel="DU1", thread_ts=root, markdown_text="hello")
    assert shown(slack, answer["ts"]).streaming


async def test_a_stream_takes_no_more_than_a_message_holds(slack: SlackSimulator) -> None:
    ts = await started(slack)
    await client(slack).chat_appendStream(channel="C1", ts=ts, markdown_text="b" * 11_999)
    assert await refused(client(slack).chat_appendStream(channel="C1", ts=ts, markdown_text="c")) == "msg_too_long"
    assert len(shown(slack, ts).text) == 12_000


async def test_an_empty_append_is_refused(slack: SlackSimulator) -> None:
    ts = await started(slack)
    assert await refused(client(slack).api_call("chat.appendStream", json={"channel": "C1", "ts": ts})) == "no_text"


async def test_only_the_bots_own_open_stream_is_written(slack: SlackSimulator) -> None:
    asked = await slack.mention("C1", "U1", "hi")
    posted = await client(slack).chat_postMessage(channel="C1", text="x")
    for ts, error in (
        (asked, "message_not_owned_by_app"),
        (str(posted["ts"]), "message_not_in_streaming_state"),
        ("1.000001", "message_not_found"),
    ):
        assert await refused(client(slack).chat_appendStream(channel="C1", ts=ts, markdown_text="x")) == error
        assert await refused(client(slack).chat_stopStream(channel="C1", ts=ts)) == error


async def test_a_stream_that_nothing_was_added_to_ends_and_can_be_edited_then(slack: SlackSimulator) -> None:
    ts = await started(slack)
    await slack.expire_streams()
    assert not shown(slack, ts).streaming
    append, stop = client(slack).chat_appendStream, client(slack).chat_stopStream
    assert await refused(append(channel="C1", ts=ts, markdown_text="b")) == "message_not_in_streaming_state"
    assert await refused(stop(channel="C1", ts=ts)) == "message_not_in_streaming_state"
    await client(slack).chat_update(channel="C1", ts=ts, text="whole", blocks=[])
    assert shown(slack, ts).text == "whole"


async def test_a_stream_ends_by_itself_after_its_idle_time() -> None:
    async with SlackSimulator(stream_idle=-1.0) as slack:
        appended, edited = await started(slack), await started(slack)
        refusal = await refused(client(slack).chat_appendStream(channel="C1", ts=appended, markdown_text="b"))
        assert refusal == "message_not_in_streaming_state"
        await client(slack).chat_update(channel="C1", ts=edited, text="whole", blocks=[])
        assert (shown(slack, edited).text, shown(slack, edited).streaming) == ("whole", False)


async def test_an_open_stream_is_neither_edited_nor_deleted(slack: SlackSimulator) -> None:
    ts = await started(slack)
    assert await refused(client(slack).chat_update(channel="C1", ts=ts, text="x")) == "streaming_state_conflict"
    assert await refused(client(slack).chat_delete(channel="C1", ts=ts)) == "cant_delete_message"
    await client(slack).chat_stopStream(channel="C1", ts=ts)
    await client(slack).chat_update(
        channel="C1",
        ts=ts,
        text="x",
        blocks=[{"type": "markdown", "text": "whole"}, ACTIONS],
    )
    message = shown(slack, ts)
    assert (message.text, len(message.controls)) == ("whole", 1)
    await client(slack).chat_delete(channel="C1", ts=ts)
    assert message.deleted


async def test_a_stream_is_found_in_its_thread_while_it_grows(slack: SlackSimulator) -> None:
    ts = await started(slack)
    replies = await client(slack).conversations_replies(channel="C1", ts=slack.transcript.messages[0].id)
    assert [(each["ts"], each.get("streaming_state")) for each in replies["messages"]][1] == (ts, "in_progress")


async def test_an_address_was_live_even_if_it_was_only_for_a_moment(slack: SlackSimulator) -> None:
    stream = await begun(slack)
    await stream.append(markdown_text="see `https://a.example/1")
    await stream.append(markdown_text="` and <!chan")
    await stream.append(markdown_text="nel>")
    message = shown(slack, stream.ts)
    assert (message.links, message.pings) == (["https://a.example/1"], ["channel"])


async def test_an_edit_without_blocks_keeps_those_that_are_there(slack: SlackSimulator) -> None:
    posted = await client(slack).chat_postMessage(channel="C1", text="x", blocks=[{"type": "markdown", "text": "one"}])
    await client(slack).chat_update(channel="C1", ts=posted["ts"], text="two")
    assert shown(slack, posted["ts"]).text == "one"
    await client(slack).chat_update(channel="C1", ts=posted["ts"], text="two", blocks=[])
    assert shown(slack, posted["ts"]).text == "two"


async def test_an_edit_without_metadata_keeps_it_and_an_empty_one_takes_it_away(slack: SlackSimulator) -> None:
    metadata = {"event_type": "part", "event_payload": {"key": "1"}}
    posted = await client(slack).chat_postMessage(channel="C1", text="x", metadata=metadata)
    post = slack.world.find(str(posted["ts"]))
    assert post is not None
    await client(slack).chat_update(channel="C1", ts=posted["ts"], text="y")
    assert post.metadata == metadata
    await client(slack).api_call("chat.update", json={"channel": "C1", "ts": posted["ts"], "text": "z", "metadata": {}})
    assert post.metadata is None


async def test_only_the_bots_own_messages_of_at_most_4000_characters_are_edited(slack: SlackSimulator) -> None:
    asked = await slack.mention("C1", "U1", "hi")
    posted = await client(slack).chat_postMessage(channel="C1", text="x")
    update = client(slack).chat_update
    assert await refused(update(channel="C1", ts=asked, text="x")) == "cant_update_message"
    assert await refused(update(channel="C1", ts="1.000001", text="x")) == "message_not_found"
    assert await refused(update(channel="C1", ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"
    assert await refused(client(slack).api_call("chat.update", json={"channel": "C1", "ts": posted["ts"]})) == "no_text"


async def test_a_deleted_file_leaves_its_message_and_an_empty_message_goes(slack: SlackSimulator) -> None:
    uploads = [{"content": b"1", "filename": "a.csv"}, {"content": b"2", "filename": "b.csv"}]
    answer = await client(slack).files_upload_v2(file_uploads=uploads, channel="C1")
    message = slack.transcript.messages[-1]
    first, second = (str(file["id"]) for file in answer["files"])
    await client(slack).files_delete(file=first)
    assert ([file.name for file in message.files], message.deleted) == (["b.csv"], False)
    await client(slack).files_delete(file=second)
    assert message.deleted
    assert await refused(client(slack).files_delete(file=second)) == "file_not_found"


async def test_the_bot_reacts_and_takes_it_back(slack: SlackSimulator) -> None:
    asked = await slack.mention("C1", "U1", "hi")
    await client(slack).reactions_add(channel="C1", timestamp=asked, name="eyes")
    assert shown(slack, asked).reactions == {"eyes": ["UBOT"]}
    assert await refused(client(slack).reactions_add(channel="C1", timestamp=asked, name="eyes")) == "already_reacted"
    await client(slack).reactions_remove(channel="C1", timestamp=asked, name="eyes")
    assert shown(slack, asked).reactions == {}


async def test_a_stream_is_heard_when_it_begins_and_as_an_edit_when_it_ends() -> None:
    async with SlackSimulator(message_events=True) as slack, App(slack) as app:
        await slack.connected()
        ts = await started(slack)
        await client(slack).chat_appendStream(channel="C1", ts=ts, markdown_text="b")
        await client(slack).chat_stopStream(channel="C1", ts=ts)
        await slack.settled()
    heard = [request.payload["event"] for request in app.requests[2:]]
    assert [(event.get("subtype"), event.get("bot_id")) for event in heard] == [(None, "B1"), ("message_changed", None)]
    assert (heard[1]["previous_message"]["text"], heard[1]["message"]["text"]) == ("ab", "ab")


@given(pieces=st.lists(st.one_of(st.text(min_size=1, max_size=20), st.sampled_from([1, 2, 3])), max_size=12))
def test_text_reads_on_around_tasks_and_each_task_is_there_once(pieces: list[str | int]) -> None:
    chunks: list[JsonObject] = [
        {"type": "markdown_text", "text": piece}
        if isinstance(piece, str)
        else {"type": "task_update", "id": str(piece), "title": "t", "status": "complete"}
        for piece in pieces
    ]
    together = added([], chunks, planned=False)
    one_by_one: list[JsonObject] = []
    for chunk in chunks:
        one_by_one = added(one_by_one, [chunk], planned=False)
    assert one_by_one == together
    assert visible("", together) == "".join(piece for piece in pieces if isinstance(piece, str))
    ids = [task.id for task in tasks(together)]
    assert sorted(ids) == sorted({str(piece) for piece in pieces if isinstance(piece, int)})
