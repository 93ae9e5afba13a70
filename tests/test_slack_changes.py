"""Payloads of Slack that change what was said before, read; pure."""

import pytest

from bots.slack.changes import Closure, Deletion, Edit, Removal, Stop, read_change
from bots.slack.events import Lookup, read_event, read_speech
from core.messages import Audience, Conversation, JsonObject, Person

LOOKUP = Lookup(bot="UBOT", team="T1", people={"U1": Person(id="U1", name="Ada")}, place="public")


def changed(now: JsonObject, before: JsonObject | None = None, **event: str) -> JsonObject:
    """Return a `message_changed` as Slack sends it."""
    written: JsonObject = {"type": "message", "user": "U1", "ts": "1700000000.000100", "team": "T1"}
    fields: JsonObject = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": "C1",
        "channel_type": "channel",
        "ts": "1700000009.000900",
        "message": {**written, "edited": {"user": "U1", "ts": "1700000009.000000"}, **now},
        **event,
    }
    return {"event": {**fields, "previous_message": {**written, **before}} if before is not None else fields}


def read(payload: JsonObject) -> object:
    return read_change(payload, bot="UBOT", team="T1")


def test_an_edited_question_keeps_its_id() -> None:
    change = read(changed({"text": "<@UBOT> two"}, {"text": "<@UBOT> one"}))
    assert isinstance(change, Edit)
    assert not change.new
    message = read_event(change.payload, LOOKUP)
    assert message is not None
    assert (message.id, message.text, message.conversation.thread) == (
        "slack/T1/C1/1700000000.000100",
        "two",
        "1700000000.000100",
    )


@pytest.mark.parametrize("channel", [("C1", "channel"), ("D1", "im")])
def test_an_edited_question_with_replies_is_where_it_was(channel: tuple[str, str]) -> None:
    place = {"channel": channel[0], "channel_type": channel[1]}
    asked: JsonObject = {"text": "<@UBOT> two", "ts": "1.1", "user": "U1"}
    change = read(changed({**asked, "thread_ts": "1.1"}, {"text": "<@UBOT> one", "ts": "1.1"}, **place))
    assert isinstance(change, Edit)
    edited = read_event(change.payload, LOOKUP)
    first = read_event({"event": {**asked, **place, "type": "message"}}, LOOKUP)
    assert edited is not None
    assert first is not None
    assert edited.conversation == first.conversation


def test_f38_a_preview_of_a_link_changes_nothing() -> None:
    now: JsonObject = {"text": "see <https://x.org>", "attachments": [{"id": 1, "title": "X"}]}
    assert read(changed(now, {"text": "see <https://x.org>"})) is None


def test_a_file_that_was_taken_away_is_a_change() -> None:
    change = read(changed({"text": "hi", "files": []}, {"text": "hi", "files": [{"id": "F1"}]}))
    assert isinstance(change, Edit)


def test_a_message_that_mentions_the_bot_only_now_is_new() -> None:
    change = read(changed({"text": "<@UBOT> hello"}, {"text": "hello"}))
    assert isinstance(change, Edit)
    assert change.new


def test_a_message_whose_earlier_version_is_not_known_may_be_new() -> None:
    change = read(changed({"text": "<@UBOT> hello"}))
    assert isinstance(change, Edit)
    assert change.new


@pytest.mark.parametrize("said_by", [{"bot_id": "B1"}, {"user": "UBOT"}, {"subtype": "assistant_app_thread"}])
def test_an_edit_by_a_bot_or_of_no_message_says_nothing(said_by: JsonObject) -> None:
    change = read(changed({"text": "<@UBOT> two", **said_by}, {"text": "<@UBOT> one"}))
    assert isinstance(change, Edit)
    assert read_speech(change.payload, LOOKUP) is None


def test_a_tombstone_is_a_deletion() -> None:
    now: JsonObject = {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."}
    assert read(changed(now, {"text": "<@UBOT> one"})) == Deletion(id="slack/T1/C1/1700000000.000100")


def test_a_deletion_names_what_was_deleted() -> None:
    event: JsonObject = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": "C1",
        "ts": "1358878755.000001",
        "deleted_ts": "1358878749.000002",
    }
    assert read({"event": event}) == Deletion(id="slack/T1/C1/1358878749.000002")
    assert read({"event": {**event, "previous_message": {"bot_id": "B1", "ts": "1358878749.000002"}}}) is None


def reaction(**changes: object) -> JsonObject:
    event: dict[str, object] = {
        "type": "reaction_added",
        "user": "U1",
        "reaction": "x",
        "item_user": "UBOT",
        "item": {"type": "message", "channel": "C1", "ts": "1360782400.498405"},
        "event_ts": "1360782804.083113",
    }
    return {"event": {**event, **changes}}  # type: ignore[dict-item] # the changes are JSON


def test_a_cross_wants_an_answer_removed() -> None:
    assert read(reaction()) == Removal(
        conversation=Conversation(platform="slack", workspace="T1", channel="C1"),
        answer="1360782400.498405",
        user="U1",
    )


@pytest.mark.parametrize("changes", [{"reaction": "eyes"}, {"item_user": "U2"}, {"item": {"type": "file"}}])
def test_other_reactions_say_nothing(changes: dict[str, object]) -> None:
    assert read(reaction(**changes)) is None


def test_the_native_stop_button_stops_its_thread() -> None:
    event: JsonObject = {
        "channel": "C0123ABC456",
        "event_ts": "1783536983.783769",
        "streaming_message_ts": ["1782234987.693923"],
        "thread_ts": "1782234671.392669",
        "type": "agent_session_stopped",
        "user": "U123ABC456",
    }
    assert read({"event": event}) == Stop(
        conversation=Conversation(platform="slack", workspace="T1", channel="C0123ABC456", thread="1782234671.392669"),
        user="U123ABC456",
    )


@pytest.mark.parametrize("payload", [{}, {"event": None}, {"event": {"type": "message"}}, {"event": {"type": 7}}])
def test_what_changes_nothing_is_none(payload: JsonObject) -> None:
    assert read(payload) is None


def test_a_channel_that_was_made_private_is_its_members_own() -> None:
    """As https://docs.slack.dev/reference/events/message/channel_convert_to_private shows it."""
    event: JsonObject = {
        "subtype": "channel_convert_to_private",
        "user": "U1234ABCD",
        "text": "made this channel *private*. Now, it can only be viewed or joined by invitation.",
        "type": "message",
        "ts": "1730984822.596869",
        "channel": "C1234ABCD",
        "event_ts": "1730984822.596869",
        "channel_type": "group",
    }
    assert read({"event": event}) == Closure(
        conversation=Conversation(platform="slack", workspace="T1", channel="C1234ABCD"),
        audience=Audience(scope="channel", id="slack/C1234ABCD"),
    )


def test_a_channel_that_was_made_public_changes_nothing() -> None:
    event: JsonObject = {"type": "message", "subtype": "channel_convert_to_public", "channel": "C1", "ts": "1.1"}
    assert read({"event": event}) is None
