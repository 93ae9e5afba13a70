"""From Discord's payloads to messages."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.discord.events import Me, Room, branched, can_branch, is_blanked, only_replies, read_edit, read_message
from bots.discord.payloads import MessagePayload
from core.messages import ADMIN, Attachment, Audience, Conversation, JsonObject, Message, Person

ME = Me(id="900", roles=frozenset({"901"}))
PUBLIC = Room(public=True)

ADA: JsonObject = {
    "id": "100",
    "username": "ada",
    "global_name": "Ada",
    "discriminator": "0",
    "avatar": None,
    "public_flags": 0,
}
STEWARD: JsonObject = {"id": "900", "username": "steward", "discriminator": "0001", "avatar": None, "bot": True}

MENTION: JsonObject = {
    "id": "1310000000000000000",
    "type": 0,
    "channel_id": "200",
    "guild_id": "300",
    "author": ADA,
    "member": {"nick": "Countess", "roles": ["400"], "joined_at": "2024-01-01T00:00:00+00:00", "flags": 0},
    "content": "<@900> how many?",
    "timestamp": "2024-11-23T17:00:00.000000+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "mentions": [STEWARD | {"member": {"nick": None, "roles": ["901"]}}],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "components": [],
    "pinned": False,
    "flags": 0,
    "nonce": "1",
}


def read(changes: JsonObject, *, without: str = "", room: Room = PUBLIC) -> Message | None:
    payload = {key: value for key, value in (MENTION | changes).items() if key != without}
    return read_message(MessagePayload.model_validate(payload), ME, room)


def text_of(content: str, **changes: JsonValue) -> str:
    message = read({"content": content, **changes})
    assert message is not None, f"not taken for a message: {content!r}"
    return message.text


def test_a_mention_becomes_a_message() -> None:
    assert read({}) == Message(
        id="discord/200/1310000000000000000",
        conversation=Conversation(platform="discord", workspace="300", channel="200"),
        audience=Audience(scope="workspace", id="discord/300"),
        author=Person(id="100", name="Countess", roles=frozenset({"400"})),
        text="how many?",
        sent_at=1732381200.0,
        origin={"channel_id": "200", "message_id": "1310000000000000000"},
        link="https://discord.com/channels/300/200/1310000000000000000",
    )


def test_a_message_with_only_the_essential_fields_is_read() -> None:
    payload: JsonObject = {"id": "5", "channel_id": "200", "author": {"id": 100}, "content": "hello"}
    message = read_message(MessagePayload.model_validate(payload), ME, Room())
    assert message is not None
    assert (message.author.id, message.author.name, message.text) == ("100", "100", "hello")


def test_a_direct_message_needs_no_mention_and_is_seen_by_one_person() -> None:
    message = read({"content": "hello", "mentions": []}, without="guild_id")
    assert message is not None
    assert message.conversation == Conversation(platform="discord", workspace="direct", channel="200")
    assert message.audience == Audience(scope="person", id="discord/100")


def test_a_message_is_found_where_it_was_written() -> None:
    for message, end in (
        (read({}, room=Room(parent="199")), "300/200"),
        (read({"mentions": []}, without="guild_id"), "@me/200"),
    ):
        assert message is not None
        assert message.link == f"https://discord.com/channels/{end}/1310000000000000000"
        assert branched(message).link == message.link, "the question itself does not move into its thread"


def test_who_runs_the_server_is_an_admin() -> None:
    for admins, admin in (
        (frozenset({"100", "5"}), True),  # its owner
        (frozenset({"400"}), True),  # by a role
        (frozenset({"300"}), True),  # by the role of everybody, which has the server's id
        (frozenset({"401", "101"}), False),
        (frozenset[str](), False),
    ):
        message = read_message(MessagePayload.model_validate(MENTION), replace(ME, admins=admins), PUBLIC)
        assert message is not None
        assert message.author.roles == ({"400", ADMIN} if admin else {"400"}), f"wrong for {admins}"


def test_nobody_is_an_admin_in_direct_messages() -> None:
    payload = MessagePayload.model_validate(MENTION | {"guild_id": None})
    message = read_message(payload, replace(ME, admins=frozenset({"100"})), Room())
    assert message is not None
    assert ADMIN not in message.author.roles


def test_the_bots_own_role_is_a_mention() -> None:
    assert text_of("<@&901> hi", mentions=[], mention_roles=["901"]) == "hi"


def test_a_reply_that_names_nobody_is_told_from_a_mention() -> None:
    replied: JsonObject = {"id": "5", "author": STEWARD}
    changes: list[tuple[JsonObject, bool]] = [
        ({"content": "and now?"}, True),  # mentions the bot as every reply does
        ({"content": "and now?", "mentions": []}, True),
        ({"content": "<@900> and now?"}, False),
        ({"content": "<@!900> and now?", "mentions": []}, False),
        ({"content": "<@&901> and now?", "mentions": [], "mention_roles": ["901"]}, False),
        ({"content": "and now?", "guild_id": None}, False),
    ]
    for changed, alone in changes:
        payload = MessagePayload.model_validate(MENTION | {"referenced_message": replied} | changed)
        assert only_replies(payload, ME) == alone, f"wrong for {changed}"
    assert not only_replies(MessagePayload.model_validate(MENTION | {"content": "chatter", "mentions": []}), ME)


def test_another_role_is_none() -> None:
    assert read({"content": "<@&902> hi", "mentions": [], "mention_roles": ["902"]}) is None


def test_chatter_is_ignored() -> None:
    assert read({"content": "hi all", "mentions": []}) is None


def test_a_reply_to_the_bot_needs_no_mention() -> None:
    replied: JsonObject = {"id": "6", "author": STEWARD, "content": "before"}
    assert text_of("and now?", type=19, mentions=[], referenced_message=replied) == "and now?"


def test_a_reply_to_somebody_else_is_chatter() -> None:
    replied: JsonObject = {"id": "6", "author": ADA, "content": "before"}
    assert read({"content": "yes", "type": 19, "mentions": [], "referenced_message": replied}) is None


def test_a_reply_to_a_deleted_message_is_chatter() -> None:
    assert read({"content": "yes", "type": 19, "mentions": [], "referenced_message": None}) is None


def test_other_bots_webhooks_and_the_bot_itself_are_ignored() -> None:
    robot = ADA | {"bot": True}
    others: list[JsonObject] = [{"author": robot}, {"webhook_id": "7"}, {"author": STEWARD | {"bot": False}}]
    for changes in others:
        assert read(changes) is None, f"taken for a person: {changes}"


def test_a_notice_of_discord_is_ignored() -> None:
    assert read({"type": 6}) is None


def test_a_reply_without_its_text_is_recognised() -> None:
    blanked = MENTION | {"content": "", "mentions": [], "type": 19, "referenced_message": {"author": STEWARD}}
    for changes, expected in (
        ({}, True),
        ({"content": "text"}, False),
        ({"sticker_items": [{"id": "8", "name": "wave", "format_type": 1}]}, False),
        ({"mentions": [STEWARD]}, False),
        ({"referenced_message": {"author": ADA}}, False),
        ({"author": ADA | {"bot": True}}, False),
        ({"guild_id": None}, False),
    ):
        payload = MessagePayload.model_validate(blanked | changes)
        assert is_blanked(payload, ME) is expected, f"wrong for {changes}"
        assert expected is False or read_message(payload, ME, PUBLIC) is None


def test_the_mention_is_taken_out_of_the_text() -> None:
    for content, expected in (
        ("<@!900> hi", "hi"),
        ("<@900>, hi", "hi"),
        ("ask <@900> now", "ask now"),
        ("<@900>\n```py\n  x\n```", "```py\n  x\n```"),
        ("<@900>", ""),
    ):
        assert text_of(content) == expected, f"wrong for {content!r}"


def test_other_people_are_shown_by_name() -> None:
    bob: JsonObject = {"id": "101", "username": "bob", "global_name": "Bob", "member": {"nick": "Bobby", "roles": []}}
    assert text_of("<@900> ask <@101> and <@102>", mentions=[STEWARD, bob]) == "ask @Bobby and <@102>"


def test_files_keep_their_type_address_and_alt_text() -> None:
    files: list[JsonValue] = [
        {"id": "1", "filename": "a.png", "size": 3, "url": "https://cdn/a.png?ex=1", "content_type": "image/png"},
        {"id": "2", "filename": "b.csv", "size": 3, "url": "https://cdn/b.csv", "description": "Numbers"},
        {
            "id": "3",
            "filename": "c.txt",
            "size": 3,
            "url": "https://cdn/c",
            "content_type": "text/plain; charset=utf-8",
        },
    ]
    message = read({"attachments": files})
    assert message is not None
    assert message.attachments == (
        Attachment(filename="a.png", media_type="image/png", source="https://cdn/a.png?ex=1"),
        Attachment(filename="b.csv", media_type="text/csv", source="https://cdn/b.csv", alt="Numbers"),
        Attachment(filename="c.txt", media_type="text/plain", source="https://cdn/c"),
    )


def test_rooms_decide_who_sees_a_message() -> None:
    for room, thread, audience in (
        (Room(public=True), None, Audience(scope="workspace", id="discord/300")),
        (Room(), None, Audience(scope="channel", id="discord/200")),
        (Room(parent="199", public=True), "200", Audience(scope="workspace", id="discord/300")),
        (Room(parent="199"), "200", Audience(scope="channel", id="discord/199")),
        (Room(parent="199", invited=True), "200", Audience(scope="channel", id="discord/200")),
    ):
        message = read({}, room=room)
        assert message is not None
        assert (message.conversation.thread, message.audience) == (thread, audience), f"wrong for {room}"
        assert message.conversation.channel == (room.parent or "200")


@given(st.text(max_size=60))
def test_text_without_mentions_is_kept(content: str) -> None:
    content = content.replace("<@", "")
    message = read({"content": content, "mentions": [STEWARD]})
    assert message is not None
    assert message.text == content.strip()


def test_a_voice_message_is_a_file_with_sound() -> None:
    voice: JsonObject = {"id": "1", "filename": "voice-message.ogg", "size": 3, "url": "https://cdn/voice"}
    waves: JsonObject = {"duration_secs": 1.5, "waveform": "AAA="}
    for described in (voice | waves | {"content_type": "audio/ogg"}, voice | waves, voice | {"filename": "voice"}):
        message = read({"content": "", "flags": 8192, "attachments": [described]}, without="guild_id")
        assert message is not None
        assert [file.media_type for file in message.attachments] == ["audio/ogg"], f"wrong for {described}"


EDITED = MENTION | {"content": "<@900> how few?", "edited_timestamp": "2024-11-23T17:01:00.000000+00:00"}


def test_f39_an_edit_has_the_id_of_the_question_and_its_new_text() -> None:
    edit = read_edit(EDITED)
    assert edit is not None
    before, after = read({}), read_message(edit, ME, PUBLIC)
    assert before is not None
    assert after is not None
    assert (after.id, after.text) == (before.id, "how few?")


def test_f38_an_update_that_nobody_made_is_no_edit() -> None:
    unfurled: list[JsonValue] = [{"type": "link", "url": "https://example.org"}]
    partial: JsonObject = {"id": MENTION["id"], "channel_id": "200", "guild_id": "300", "embeds": unfurled}
    echoes: list[JsonValue] = [
        MENTION | {"embeds": unfurled},
        MENTION | {"pinned": True},
        partial,
        partial | {"edited_timestamp": "2024-11-23T17:01:00.000000+00:00"},
        None,
    ]
    for echo in echoes:
        assert read_edit(echo) is None, f"taken for an edit: {echo}"


def test_a_question_can_be_moved_into_the_thread_that_is_opened_from_it() -> None:
    message = read({})
    assert message is not None
    moved = branched(message)
    assert moved.conversation == Conversation(
        platform="discord", workspace="300", channel="200", thread="1310000000000000000"
    )
    assert moved.origin == {"channel_id": "200", "message_id": "1310000000000000000", "thread": "open"}
    assert (moved.id, moved.audience) == (message.id, message.audience)


def test_threads_are_opened_at_the_root_of_text_channels_only() -> None:
    for room, expected in (
        (Room(branches=True), True),
        (Room(), False),
        (Room(parent="199", branches=True), False),
    ):
        message = read({}, room=room)
        assert message is not None
        assert can_branch(message, room) is expected, f"wrong for {room}"


def test_a_forwarded_message_is_quoted_with_its_files() -> None:
    inner: JsonObject = {
        "type": 0,
        "content": "The build\nis broken.",
        "embeds": [{"type": "rich", "title": "CI", "description": "3 failed"}],
        "attachments": [{"id": "1", "filename": "log.txt", "size": 3, "url": "https://cdn/log.txt"}],
        "timestamp": "2024-11-23T16:00:00.000000+00:00",
    }
    forward: JsonObject = {
        "content": "",
        "mentions": [],
        "message_reference": {"type": 1, "message_id": "7", "channel_id": "8"},
        "message_snapshots": [{"message": inner}],
    }
    message = read(forward, without="guild_id")
    assert message is not None
    assert message.text == "(I forward this message:)\n> The build\n> is broken.\n>\n> CI\n>\n> 3 failed"
    assert [file.filename for file in message.attachments] == ["log.txt"]
