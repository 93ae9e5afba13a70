"""From Discord's payloads to messages."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.discord.events import (
    InteractionPayload,
    Me,
    MessagePayload,
    Room,
    is_blanked,
    read_command,
    read_message,
)
from core.messages import Attachment, Audience, Conversation, JsonObject, Message, Person

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


def test_the_bots_own_role_is_a_mention() -> None:
    assert text_of("<@&901> hi", mentions=[], mention_roles=["901"]) == "hi"


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


ASK: JsonObject = {
    "id": "1310000000000000001",
    "application_id": "910",
    "type": 2,
    "token": "aW50ZXJhY3Rpb24",
    "version": 1,
    "guild_id": "300",
    "channel_id": "200",
    "channel": {"id": "200", "type": 0, "name": "general"},
    "member": {"user": ADA, "nick": None, "roles": ["400"], "permissions": "3072", "flags": 0},
    "data": {
        "id": "920",
        "name": "steward",
        "type": 1,
        "options": [
            {
                "name": "ask",
                "type": 1,
                "options": [
                    {"name": "question", "type": 3, "value": " how many? "},
                    {"name": "file", "type": 11, "value": "930"},
                ],
            }
        ],
        "resolved": {"attachments": {"930": {"id": "930", "filename": "a.csv", "size": 3, "url": "https://cdn/a.csv"}}},
    },
    "locale": "en-US",
    "attachment_size_limit": 10485760,
}


def test_a_question_becomes_a_command() -> None:
    command = read_command(InteractionPayload.model_validate(ASK), PUBLIC)
    assert command is not None
    assert command.name == "ask"
    assert command.message == Message(
        id="discord/200/1310000000000000001",
        conversation=Conversation(platform="discord", workspace="300", channel="200"),
        audience=Audience(scope="workspace", id="discord/300"),
        author=Person(id="100", name="Ada", roles=frozenset({"400"})),
        text="how many?",
        attachments=(Attachment(filename="a.csv", media_type="text/csv", source="https://cdn/a.csv"),),
        sent_at=command.message.sent_at,
        origin={
            "channel_id": "200",
            "interaction_id": "1310000000000000001",
            "application_id": "910",
            "interaction_token": "aW50ZXJhY3Rpb24",
        },
    )


def test_a_command_in_a_direct_message_is_seen_by_one_person() -> None:
    payload = {key: value for key, value in ASK.items() if key not in ("guild_id", "member")} | {"user": ADA}
    command = read_command(InteractionPayload.model_validate(payload), Room())
    assert command is not None
    assert command.message.audience == Audience(scope="person", id="discord/100")


def test_other_interactions_are_ignored() -> None:
    other: JsonObject = {"id": "921", "name": "weather", "type": 1, "options": []}
    for changes in ({"type": 3}, {"data": other}, {"data": other | {"name": "steward"}}):
        assert read_command(InteractionPayload.model_validate(ASK | changes), PUBLIC) is None, f"taken: {changes}"
