"""Payloads of Slack, read; pure."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bots.simulator.slack.blocks import checked
from bots.simulator.slack.messages import MAX_TEXT
from bots.simulator.slack.reading import pings
from bots.slack.blocks import content
from bots.slack.events import Lookup, described_place, place_of, read_event, read_question
from bots.slack.markup import escape, inert, plain
from bots.slack.pieces import LIMIT, split
from bots.text import REPEATED
from core.messages import (
    GUEST,
    Attachment,
    Audience,
    Conversation,
    JsonObject,
    Message,
    Person,
    Reply,
    dump_message,
    load_message,
)

unhurried = settings(deadline=None)  # the machine that tests may be busy
PEOPLE = {"U1": Person(id="U1", name="Ada"), "U2": Person(id="U2", name="Grace")}
LOOKUP = Lookup(bot="UBOT", team="T1", address="https://team.slack.com/", people=PEOPLE, place="public")


def event(**changes: object) -> JsonObject:
    """Return an `app_mention` as Slack sends it, with some fields changed; None takes one away."""
    fields: dict[str, object] = {
        "type": "app_mention",
        "user": "U1",
        "ts": "1700000000.000100",
        "client_msg_id": "9ad1c1ba-93ab-4b1d-a8e2-2f8fb42d5c73",
        "text": "<@UBOT> hello",
        "team": "T1",
        "channel": "C1",
        "event_ts": "1700000000.000100",
    } | changes
    payload: dict[str, object] = {
        "team_id": "T1",
        "api_app_id": "A1",
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1700000000,
        "event": {name: value for name, value in fields.items() if value is not None},
    }
    return payload  # type: ignore[return-value] # the changes are JSON


def read(**changes: object) -> Message | None:
    return read_event(event(**changes), LOOKUP)


def known(**changes: object) -> Message:
    message = read(**changes)
    assert message is not None
    return message


def test_a_mention_becomes_a_message_in_a_new_thread() -> None:
    assert known() == Message(
        id="slack/T1/C1/1700000000.000100",
        conversation=Conversation(platform="slack", workspace="T1", channel="C1", thread="1700000000.000100"),
        audience=Audience(scope="workspace", id="slack/T1"),
        author=Person(id="U1", name="Ada"),
        text="hello",
        sent_at=1700000000.0001,
        origin={"ts": "1700000000.000100"},
        link="https://team.slack.com/archives/C1/p1700000000000100",
    )


def test_a_message_survives_the_database() -> None:
    assert load_message(dump_message(known())) == known()


def test_mention_and_message_of_one_post_are_the_same_message() -> None:
    assert known(type="message", channel_type="channel") == known()


def test_a_payload_without_its_workspace_is_of_the_bots_own() -> None:
    payload = event(type="message")
    del payload["team_id"]
    assert read_event(payload, LOOKUP) == known()


def test_two_questions_without_a_trigger_are_two() -> None:
    payload: JsonObject = {"command": "/steward", "channel_id": "C1", "user_id": "U1"}
    first, second = (read_question(payload, text, LOOKUP) for text in ("one", "two"))
    assert first.id != second.id
    assert first.conversation == Conversation(platform="slack", workspace="T1", channel="C1")
    assert first.link == "https://team.slack.com/archives/C1"


def test_a_direct_message_has_no_thread_unless_it_is_in_one() -> None:
    direct = {"type": "message", "channel": "D1", "channel_type": "im", "text": "hello"}
    assert known(**direct).conversation.thread is None
    assert known(**direct, thread_ts="1600000000.000100").conversation.thread == "1600000000.000100"


@pytest.mark.parametrize(
    ("place", "audience"),
    [
        ("public", Audience(scope="workspace", id="slack/T1")),
        ("private", Audience(scope="channel", id="slack/C1")),
        ("direct", Audience(scope="person", id="slack/U1")),
    ],
)
def test_the_readers_are_the_audience(place: str, audience: Audience) -> None:
    lookup = Lookup(bot="UBOT", team="T1", place=place)  # type: ignore[arg-type] # the three values
    message = read_event(event(), lookup)
    assert message is not None
    assert message.audience == audience


@pytest.mark.parametrize(
    ("channel_type", "place"),
    [("im", "direct"), ("group", "private"), ("mpim", "private"), ("channel", None), (None, None)],
)
def test_the_payload_tells_who_reads_it_or_somebody_has_to_be_asked(
    channel_type: str | None, place: str | None
) -> None:
    assert place_of(event(channel_type=channel_type)) == place


def test_a_direct_message_is_known_by_its_channel() -> None:
    assert place_of(event(type="message", channel="D1")) == "direct"


def test_a_command_does_not_tell_who_reads_it() -> None:
    assert place_of({"command": "/steward", "channel_id": "D1"}) is None
    assert place_of({"command": "/steward", "channel_id": "C1"}) is None


@pytest.mark.parametrize(
    ("channel", "place"),
    [
        ({"is_channel": True, "is_private": False}, "public"),
        ({"is_channel": True, "is_private": True}, "private"),
        ({"is_channel": True, "is_ext_shared": True}, "private"),
        ({"is_mpim": True, "is_private": True}, "private"),
        ({"is_im": True}, "direct"),
        ({}, "private"),
    ],
)
def test_a_described_channel_tells_who_reads_it(channel: JsonObject, place: str) -> None:
    assert described_place(channel) == place


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"bot_id": "B7"},
        {"user": "UBOT"},
        {"user": None},
        {"hidden": True},
        {"ts": "soon"},
        {"ts": None},
        {"type": "reaction_added"},
        {"type": "message", "channel_type": "channel", "text": "to nobody"},
        {"type": "message", "channel_type": "channel", "text": None},
    ],
)
def test_what_is_not_said_to_the_bot_is_ignored(changes: dict[str, object]) -> None:
    assert read(**changes) is None


@pytest.mark.parametrize("said_by", [{"user": "UBOT"}, {"user": "UOTHER", "bot_id": "B1"}])
@pytest.mark.parametrize("place", [{}, {"type": "message", "channel": "D1", "channel_type": "im"}])
def test_f41_an_error_of_a_bot_asks_nothing(said_by: dict[str, object], place: dict[str, object]) -> None:
    assert read(**said_by, **place, text="<@UBOT> Something went wrong inside me.") is None


@pytest.mark.parametrize("payload", [{}, {"event": None}, {"event": "x"}, {"event": {}}, {"event": {"type": 7}}])
def test_a_broken_payload_says_nothing(payload: JsonObject) -> None:
    assert read_event(payload, LOOKUP) is None


def test_files_come_with_their_address() -> None:
    files = [
        {
            "id": "F1",
            "name": "a.png",
            "mimetype": "image/png",
            "url_private": "https://files.slack.com/files-pri/T1-F1/a.png",
            "alt_txt": "a cat",
        },
        {"id": "F2", "mode": "file_access", "file_access": "check_file_info"},
        {"id": "F3", "mode": "tombstone"},
        {"id": "F4", "name": "v.mp4", "mimetype": "video/mp4", "subtype": "slack_audio", "url_private": "https://x/v"},
    ]
    assert known(files=files, subtype="file_share", type="message", channel_type="im").attachments == (
        Attachment(
            filename="a.png",
            media_type="image/png",
            source="https://files.slack.com/files-pri/T1-F1/a.png",
            alt="a cat",
        ),
        Attachment(filename="F2", media_type="application/octet-stream", source="file:F2"),
        Attachment(filename="v.mp4", media_type="audio/mp4", source="https://x/v"),
    )


def test_a_command_becomes_a_question_at_the_channels_root() -> None:
    payload: JsonObject = {
        "team_id": "T1",
        "channel_id": "C1",
        "user_id": "U7",
        "user_name": "linus",
        "command": "/steward",
        "text": "ask what is <https://x.org|that>?",
        "response_url": "https://hooks.slack.com/commands/T1/1/x",
        "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    }
    message = read_question(payload, "what is <https://x.org|that>?", LOOKUP)
    assert message.id == "slack/T1/C1/13345224609.738474920.8088930838d88f008e0"
    assert message.conversation == Conversation(platform="slack", workspace="T1", channel="C1")
    assert message.author == Person(id="U7", name="linus", roles=frozenset({GUEST})), "who is unknown may no more"
    assert message.text == "what is [that](https://x.org)?"
    assert message.origin == {"response_url": "https://hooks.slack.com/commands/T1/1/x"}


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        ("<@UBOT> draw", "draw"),
        ("<@UBOT>: draw", "draw"),
        ("<@UBOT|steward>, draw", "draw"),
        ("please <@UBOT> draw", "please draw"),
        ("line one\n<@UBOT> line two", "line one\n line two"),
        ("<@UBOT>", ""),
        ("<@U1> and <@U2|grace> and <@U9> and <@U8|x>", "@Ada and @Grace and @U9 and @x"),
        ("in <#C1|general> or <#C2>", "in #general or #C2"),
        ("see <https://x.org/a?b=1&amp;c=2>", "see https://x.org/a?b=1&c=2"),
        ("see <https://x.org|the page>", "see [the page](https://x.org)"),
        ("see <http://x.org|x.org>", "see http://x.org"),
        ("to <mailto:a@x.org|a@x.org>", "to a@x.org"),
        ("<!here> <!subteam^S1|@team> <!date^1^{date}|today>", "@here @team today"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_markup_becomes_plain_text(mrkdwn: str, text: str) -> None:
    assert plain(mrkdwn, bot="UBOT", names=LOOKUP.names) == text


MENTIONS = (
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!here|here>",
    "<@U1>",
    "<@W1|x>",
    "<!subteam^S1>",
    "<!subteam^S1|@t>",
)
SPELLINGS = (
    *MENTIONS,
    r"<\!channel>",
    "&lt;!channel>",
    "<&#33;here>",
    "&#60;@U1>",
    "<&commat;U1>",
    "@channel",
    "@Here",
)


@given(
    st.lists(st.sampled_from([*SPELLINGS, "<", ">", "!", "@", "\\", "&", "channel", "U1", " ", "x", "\n"])).map("".join)
)
def test_text_of_the_model_notifies_nobody(text: str) -> None:
    assert pings(escape(text), []) == []
    assert pings("", [{"type": "markdown", "text": inert(text)}]) == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_mention_is_parted(spelling: str) -> None:
    assert inert(f"a {spelling} b") != f"a {spelling} b"
    assert inert(f"a {spelling} b").replace("\u2060", "") == f"a {spelling} b"


@pytest.mark.parametrize(
    "text", ["<!DOCTYPE html>", "List<String>", "a <b> & c", "<https://x.org>", "me@here.org", "1 <2", "<!-- note -->"]
)
def test_what_mentions_nobody_is_left_alone(text: str) -> None:
    assert inert(text) == text


@given(st.text().filter(lambda text: "\u2060" not in text))
def test_escaped_text_reads_the_same(text: str) -> None:
    shown = escape(text).replace("\u2060", "")
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


pieces = st.sampled_from(
    [*SPELLINGS, "<", ">", "&", "@here ", "```", "~~~\n", "\n", "\n\n", "👩‍👩‍👧", "漢字。", "word "]
)
hostile = st.tuples(
    st.lists(st.one_of(pieces, pieces, st.text(min_size=1, max_size=8)), min_size=1, max_size=6).map("".join),
    st.integers(min_value=LIMIT, max_value=3 * LIMIT),
).map(lambda drawn: (drawn[0] * drawn[1])[: drawn[1]])
"""Texts of several pieces."""


@given(st.text().filter(lambda text: "\u2060" not in text))
def test_text_for_a_markdown_block_loses_nothing(text: str) -> None:
    assert inert(text).replace("\u2060", "") == text


@unhurried
@given(hostile)
@example("&" * LIMIT)
@example("<!here>" * LIMIT)
def test_f20_every_piece_is_within_slacks_limits_and_pings_nobody_with_or_without_its_mark(text: str) -> None:
    for piece in split(Reply(text=text)):
        if piece.attachments:
            continue
        for said in (piece.text, f"{REPEATED}\n\n{piece.text}"):
            sent = content(said)
            blocks = sent["blocks"]
            assert isinstance(blocks, list)
            assert checked(blocks)
            assert len(str(sent["text"]).encode("utf-16-le", "surrogatepass")) // 2 <= MAX_TEXT
            assert pings(str(sent["text"]), [block for block in blocks if isinstance(block, dict)]) == []


@unhurried
@given(hostile)
@example(("<!channel>~~~\n```" * 500)[:7900])
def test_f20_the_pieces_hold_everything_that_was_said(text: str) -> None:
    fences = re.compile(r"```|~~~")
    pieces = split(Reply(text=text))
    whole = "".join(piece.text for piece in pieces)
    for file in (file for piece in pieces for file in piece.attachments):
        whole = whole.replace(f"(see file `{file.filename}`)", (file.content or b"").decode(), 1)
    said = iter("".join(fences.sub("", whole).split()))
    wanted = "".join(fences.sub("", text).split())
    missing = next((place for place, character in enumerate(wanted) if character not in said), None)
    assert missing is None, (
        f"{wanted[missing:][:40]!r} is not there"
    )  # a fence opened anew repeats what stands behind it


def test_a_reply_that_is_also_shown_in_the_channel_is_said_to_the_bot() -> None:
    assert known(subtype="thread_broadcast", thread_ts="1600000000.000100").conversation.thread == "1600000000.000100"
