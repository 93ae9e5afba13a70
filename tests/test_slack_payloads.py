"""Whatever Slack sends, reading it fails nowhere; pure."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.slack.about import channel_asked_in, question_form, read_asked
from bots.slack.changes import read_change
from bots.slack.events import (
    Lookup,
    calls,
    channel_of,
    people_of,
    place_of,
    position_of,
    read_event,
    read_question,
    read_speech,
    strand_of,
    thread_of,
)
from bots.slack.filled import problems, read_form
from bots.slack.presses import pressed_in, read_press
from core.messages import JsonObject
from core.options import Option

LOOKUP = Lookup(bot="UBOT", team="T1")
OPTIONS = (
    Option(name="question", kind="integer", required=True),
    Option(name="file", kind="file", required=False),
)

words = st.sampled_from(
    [
        *("app_mention", "message", "message_changed", "message_deleted", "tombstone", "reaction_added", "x", "im"),
        *("block_actions", "view_submission", "file_input", "steward.again.1.01234567", "agent_session_stopped"),
        *("U1", "UBOT", "C1", "D1", "1700000000.000100", "<@UBOT> hi", "<@U2|x> <!here>", "", "{}", '{"files": [1]}'),
    ]
)
names = st.sampled_from(
    [
        *("type", "subtype", "event", "message", "previous_message", "channel", "channel_type", "user", "bot_id", "ts"),
        *("thread_ts", "text", "files", "edited", "item", "reaction", "item_user", "deleted_ts", "hidden", "actions"),
        *("action_id", "value", "selected_option", "container", "channel_id", "trigger_id", "view", "state", "values"),
        *("private_metadata", "blocks", "block_id", "question", "file", "id", "name", "command", "response_url"),
    ]
)


def objects(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    return st.dictionaries(names, inner, max_size=6).map(dict[str, JsonValue])


values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | objects(inner),
    max_leaves=12,
)
payloads = st.dictionaries(names, values, max_size=8)


@settings(deadline=None)
@given(payloads)
def test_any_event_can_be_read(event: JsonObject) -> None:
    wrapped: JsonObject = {"event": event}
    for payload in (event, wrapped):
        read_event(payload, LOOKUP)
        read_speech(payload, LOOKUP)
        thread_of(payload, LOOKUP)
        read_change(payload, bot="UBOT", team="T1")
        read_question(payload, "why?", LOOKUP)
        assert calls(payload, "UBOT") in (True, False)
        assert isinstance(strand_of(payload) + channel_of(payload) + str(place_of(payload)), str)
        assert all(isinstance(person, str) for person in people_of(payload))
        assert (position_of(payload) is None) <= (read_event(payload, LOOKUP) is None)


@settings(deadline=None)
@given(payloads)
def test_any_interaction_can_be_read(payload: JsonObject) -> None:
    used = read_press(payload, LOOKUP)
    assert used is None or pressed_in(payload)
    problems(OPTIONS, read_form(payload))
    question_form(payload, "Steward", LOOKUP)
    read_asked(payload, LOOKUP)
    assert isinstance(channel_asked_in(payload), str)
