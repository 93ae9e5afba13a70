"""What the simulated Slack tells an app of, and what it answers about threads and people, through slack-sdk itself."""

from collections.abc import AsyncIterator

import pytest

from bots.simulator.slack import EVENTS, SlackSimulator
from core.messages import JsonObject
from tests.slack_client import App, client, refused, shown


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(retry_scale=0.001, message_events=True) as simulator:
        yield simulator


@pytest.fixture
async def app(slack: SlackSimulator) -> AsyncIterator[App]:
    async with App(slack) as connected:
        await slack.connected()
        yield connected


async def heard(slack: SlackSimulator, app: App) -> list[JsonObject]:
    """Return the events that arrived, in the order in which they happened."""
    await slack.settled()
    events = [request.payload["event"] for request in app.requests]
    return sorted(events, key=lambda event: str(event["event_ts"]))


async def test_a_mention_arrives_twice_and_a_message_once(slack: SlackSimulator, app: App) -> None:
    asked = await slack.mention("C1", "U1", "hi")
    said = await slack.say("U1", "psst", channel="G1")
    events = await heard(slack, app)
    assert sorted((str(event["type"]), str(event["ts"])) for event in events) == sorted(
        [("app_mention", asked), ("message", asked), ("message", said)]
    )


async def test_only_what_the_app_subscribed_to_arrives() -> None:
    async with SlackSimulator(events=["app_mention"]) as slack, App(slack) as app:
        await slack.connected()
        asked = await slack.mention("C1", "U1", "hi")
        await slack.say("U1", "hi")
        await slack.react("C1", asked, "U1", "x")
        slack.open_home("U1")
        assert [event["type"] for event in await heard(slack, app)] == ["app_mention"]
    assert "app_mention" in EVENTS


async def test_an_edit_arrives_with_what_was_there_before(slack: SlackSimulator, app: App) -> None:
    asked = await slack.say("U1", "one", channel="C1")
    await slack.edit("C1", asked, "two")
    event = (await heard(slack, app))[-1]
    message, previous = event["message"], event["previous_message"]
    assert isinstance(message, dict)
    assert isinstance(previous, dict)
    assert (event["subtype"], event["channel"], event["channel_type"]) == ("message_changed", "C1", "channel")
    assert (message["text"], previous["text"], message["ts"]) == ("two", "one", asked)
    assert isinstance(message["edited"], dict)
    assert (message["edited"]["user"], "edited" in previous) == ("U1", False)
    assert shown(slack, asked).text == "two"


async def test_a_preview_of_a_link_is_an_edit_that_changes_no_text(slack: SlackSimulator, app: App) -> None:
    asked = await slack.say("U1", "https://a.example", channel="C1")
    await slack.edit("C1", asked, "https://a.example")
    message = (await heard(slack, app))[-1]["message"]
    assert isinstance(message, dict)
    assert (message["text"], "edited" in message) == ("https://a.example", False)


async def test_a_deletion_arrives_with_what_was_there(slack: SlackSimulator, app: App) -> None:
    asked = await slack.say("U1", "one", channel="C1")
    slack.delete("C1", asked)
    event = (await heard(slack, app))[-1]
    previous = event["previous_message"]
    assert isinstance(previous, dict)
    assert (event["subtype"], event["deleted_ts"], previous["text"]) == ("message_deleted", asked, "one")
    assert shown(slack, asked).deleted


async def test_the_root_of_a_thread_leaves_a_tombstone(slack: SlackSimulator, app: App) -> None:
    root = await slack.say("U1", "one", channel="C1")
    await client(slack).chat_postMessage(channel="C1", thread_ts=root, text="answer")
    slack.delete("C1", root)
    event = (await heard(slack, app))[-1]
    message, previous = event["message"], event["previous_message"]
    assert isinstance(message, dict)
    assert isinstance(previous, dict)
    assert (event["subtype"], message["subtype"], message["ts"]) == ("message_changed", "tombstone", root)
    assert (message["text"], previous["text"]) == ("This message was deleted.", "one")
    replies = await client(slack).conversations_replies(channel="C1", ts=root)
    assert [each["text"] for each in replies["messages"]] == ["This message was deleted.", "answer"]


async def test_reactions_arrive_with_whose_message_it_is(slack: SlackSimulator, app: App) -> None:
    answer = await client(slack).chat_postMessage(channel="C1", text="answer")
    await slack.react("C1", str(answer["ts"]), "U2", "x")
    await slack.react("C1", str(answer["ts"]), "U2", "x", take_back=True)
    events = (await heard(slack, app))[1:]
    assert [event["type"] for event in events] == ["reaction_added", "reaction_removed"]
    assert (events[0]["user"], events[0]["reaction"], events[0]["item_user"]) == ("U2", "x", "UBOT")
    assert events[0]["item"] == {"type": "message", "channel": "C1", "ts": answer["ts"]}


async def test_the_bots_own_messages_edits_and_deletions_come_back(slack: SlackSimulator, app: App) -> None:
    answer = await client(slack).chat_postMessage(channel="C1", text="one")
    await client(slack).chat_update(channel="C1", ts=answer["ts"], text="two")
    await client(slack).chat_delete(channel="C1", ts=answer["ts"])
    events = await heard(slack, app)
    assert [event.get("subtype") for event in events] == [None, "message_changed", "message_deleted"]
    assert events[0]["bot_id"] == "B1"


async def test_nothing_is_heard_of_channels_the_bot_is_not_in(slack: SlackSimulator, app: App) -> None:
    asked = await slack.mention("C2", "U1", "hi")
    await slack.edit("C2", asked, "ho")
    await slack.react("C2", asked, "U1", "x")
    assert await heard(slack, app) == []


async def test_a_thread_with_the_bot_begins_beside_a_channel(slack: SlackSimulator, app: App) -> None:
    thread = slack.open_assistant("U1", channel="C1")
    slack.change_context("U1", thread, "C2")
    started, changed = await heard(slack, app)
    assert (started["type"], changed["type"]) == ("assistant_thread_started", "assistant_thread_context_changed")
    assert started["assistant_thread"] == {
        "user_id": "U1",
        "context": {"channel_id": "C1", "team_id": "T1", "enterprise_id": None},
        "channel_id": "DU1",
        "thread_ts": thread,
    }


async def test_the_tab_of_the_messages_is_opened(slack: SlackSimulator, app: App) -> None:
    slack.open_home("U1", tab="messages")
    event = (await heard(slack, app))[0]
    assert (event["type"], event["tab"], event["channel"], "view" in event) == (
        "app_home_opened",
        "messages",
        "DU1",
        False,
    )


async def test_the_stop_button_ends_the_streams_of_its_thread(slack: SlackSimulator, app: App) -> None:
    root = await slack.mention("C1", "U1", "hi")
    begun = await client(slack).chat_startStream(
        channel="C1", thread_ts=root, recipient_user_id="U1", recipient_team_id="T1", markdown_text="a"
    )
    await slack.stop_session("C1", root, "U1")
    event = (await heard(slack, app))[-1]
    assert {name: event[name] for name in ("type", "channel", "thread_ts", "user", "streaming_message_ts")} == {
        "type": "agent_session_stopped",
        "channel": "C1",
        "thread_ts": root,
        "user": "U1",
        "streaming_message_ts": [begun["ts"]],
    }
    append = client(slack).chat_appendStream(channel="C1", ts=begun["ts"], markdown_text="b")
    assert await refused(append) == "stopped_by_user"


async def test_prompts_titles_and_states_of_work_are_kept(slack: SlackSimulator) -> None:
    thread = slack.open_assistant("U1")
    bot = client(slack)
    prompts = [{"title": "Dice", "message": "roll 2d6"}]
    await bot.assistant_threads_setSuggestedPrompts(channel_id="DU1", thread_ts=thread, prompts=[*prompts])
    await bot.assistant_threads_setTitle(channel_id="DU1", thread_ts=thread, title="About dice")
    status = {"channel_id": "DU1", "thread_ts": thread, "status": "processing"}
    await bot.api_call("agents.sessions.setStatus", json=status)
    place = ("DU1", thread)
    assert (slack.world.prompts[place], slack.world.titles[place]) == ([("Dice", "roll 2d6")], "About dice")
    assert slack.world.sessions[place] == "processing"
    unwanted = bot.assistant_threads_setSuggestedPrompts(channel_id="DU1", thread_ts=thread, prompts=[*prompts * 5])
    assert await refused(unwanted) == "invalid_arguments"
    body = {**status, "status": "busy"}
    assert await refused(bot.api_call("agents.sessions.setStatus", json=body)) == "invalid_arguments"


async def test_members_guests_and_strangers_are_described(slack: SlackSimulator) -> None:
    slack.add_user("UFAR", "Alan", team="TFAR")
    slack.add_user("UGUEST", "Kurt", restricted=True)
    assert (await client(slack).conversations_members(channel="C1"))["members"] == ["U1", "U2", "UBOT"]
    far = (await client(slack).users_info(user="UFAR"))["user"]
    guest = (await client(slack).users_info(user="UGUEST"))["user"]
    assert (far["team_id"], far["is_stranger"], guest["is_restricted"]) == ("TFAR", True, True)


async def test_a_message_has_an_address(slack: SlackSimulator) -> None:
    asked = await slack.say("U1", "one", channel="C1")
    answer = await client(slack).chat_getPermalink(channel="C1", message_ts=asked)
    assert answer["permalink"] == f"https://simulated.slack.com/archives/C1/p{asked.replace('.', '')}"
    assert await refused(client(slack).chat_getPermalink(channel="C1", message_ts="1.1")) == "message_not_found"
