"""From Discord's interactions to what somebody used."""

from pydantic import JsonValue

from bots.discord.events import Room
from bots.discord.interactions import Command, Pressed, Quote, Submitted, Use, read_use
from bots.discord.payloads import InteractionPayload
from core.messages import ADMIN, Attachment, Audience, Conversation, JsonObject, Message, Person

ADA: JsonObject = {"id": "100", "username": "ada", "global_name": "Ada", "discriminator": "0", "avatar": None}
GRACE: JsonObject = {"id": "101", "username": "grace", "global_name": "Grace", "discriminator": "0", "avatar": None}
CSV: JsonObject = {"id": "930", "filename": "a.csv", "size": 3, "url": "https://cdn/a.csv"}

BASE: JsonObject = {
    "id": "1310000000000000001",
    "application_id": "910",
    "type": 2,
    "token": "aW50ZXJhY3Rpb24",
    "version": 1,
    "guild_id": "300",
    "channel_id": "200",
    "channel": {"id": "200", "type": 0, "name": "general", "permissions": "3072"},
    "guild": {"id": "300", "locale": "en-US", "features": []},
    "member": {"user": ADA, "nick": None, "roles": ["400"], "permissions": "3072", "flags": 0},
    "app_permissions": "3072",
    "locale": "en-US",
    "entitlements": [],
    "authorizing_integration_owners": {"0": "300"},
    "context": 0,
    "attachment_size_limit": 10485760,
}
ASK: JsonObject = {
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
    "resolved": {"attachments": {"930": CSV}},
}


def use(data: JsonValue, *, room: Room = Room(public=True), without: str = "", **changes: JsonValue) -> Use:  # noqa: B008
    payload = {key: value for key, value in (BASE | {"data": data} | changes).items() if key not in without.split()}
    found = read_use(InteractionPayload.model_validate(payload), room)
    assert found is not None, "not read"
    return found


def test_a_sub_command_is_read_with_its_place_and_person() -> None:
    found = use(ASK)
    assert found.what == Command(
        name="steward",
        sub="ask",
        texts={"question": "how many?"},
        files={"file": Attachment(filename="a.csv", media_type="text/csv", source="https://cdn/a.csv")},
    )
    assert found.message == Message(
        id="discord/200/1310000000000000001",
        conversation=Conversation(platform="discord", workspace="300", channel="200"),
        audience=Audience(scope="workspace", id="discord/300"),
        author=Person(id="100", name="Ada", roles=frozenset({"400"})),
        text="",
        sent_at=found.message.sent_at,
        origin={
            "channel_id": "200",
            "interaction_id": "1310000000000000001",
            "application_id": "910",
            "interaction_token": "aW50ZXJhY3Rpb24",
            "attachment_size_limit": "10485760",
        },
        link="https://discord.com/channels/300/200",
    )


def test_a_use_is_found_at_its_message_or_else_its_channel() -> None:
    data: JsonObject = {"id": "922", "name": "Ask Steward", "type": 3, "target_id": "940"}
    data["resolved"] = {"messages": {"940": {"id": "940", "content": "hello"}}}
    message: JsonObject = {"id": "950", "type": 0, "content": "", "channel_id": "200"}
    for found, end in (
        (use(data), "300/200/940"),
        (use({"custom_id": "m", "component_type": 2}, type=3, message=message), "300/200/950"),
        (use(ASK, without="guild_id member", user=ADA, context=1), "@me/200"),
    ):
        assert found.message.link == f"https://discord.com/channels/{end}"


def test_who_may_manage_the_server_is_an_admin_there() -> None:
    for permissions, admin in ((1 << 3, True), (1 << 5 | 1 << 10, True), (3072, False), ((1 << 53) - 1, True)):
        member: JsonObject = {"user": ADA, "nick": None, "roles": ["400"], "permissions": str(permissions)}
        found = use(ASK, member=member)
        assert (ADMIN in found.message.author.roles) == admin, f"wrong for {permissions}"
        abroad = use(ASK, member=member, authorizing_integration_owners={"1": "100"})
        assert ADMIN not in abroad.message.author.roles, "of a server that the bot is not in"


def test_the_values_of_a_skills_command_are_read_as_they_are_typed() -> None:
    options: list[JsonValue] = [
        {"name": "sides", "type": 4, "value": 6},
        {"name": "loaded", "type": 5, "value": True},
        {"name": "weight", "type": 10, "value": 0.5},
        {"name": "label", "type": 3, "value": "true"},
    ]
    found = use({"id": "921", "name": "roll_dice", "type": 1, "options": options})
    texts = {"sides": "6", "loaded": "true", "weight": "0.5", "label": "true"}
    assert found.what == Command(name="roll_dice", sub="", texts=texts, files={})


def test_a_direct_message_with_the_bot_is_seen_by_one_person() -> None:
    found = use(ASK, without="guild_id member", user=ADA, context=1, authorizing_integration_owners={"1": "100"})
    assert found.message.audience == Audience(scope="person", id="discord/100")
    assert not found.installed_by_person, "the bot can write in its own direct messages"


def test_a_direct_message_between_people_is_seen_by_those_in_it() -> None:
    found = use(ASK, without="guild_id member", user=ADA, context=2, authorizing_integration_owners={"1": "100"})
    assert found.message.audience == Audience(scope="channel", id="discord/200")
    assert found.message.origin["installed"] == "user"


def test_a_server_where_only_the_person_installed_the_bot_is_private_to_the_channel() -> None:
    found = use(ASK, room=Room(), authorizing_integration_owners={"1": "100"})
    assert found.message.audience == Audience(scope="channel", id="discord/200")
    assert found.installed_by_person


def test_a_server_with_the_bot_counts_also_where_the_person_installed_it_too() -> None:
    assert not use(ASK, authorizing_integration_owners={"0": "300", "1": "100"}).installed_by_person


def test_the_menu_of_a_message_quotes_it() -> None:
    message: JsonObject = {
        "id": "940",
        "type": 0,
        "channel_id": "200",
        "author": GRACE,
        "content": "ask <@100>",
        "embeds": [{"type": "rich", "description": "3 failed"}],
        "mentions": [ADA],
        "attachments": [CSV],
        "flags": 0,
        "timestamp": "2024-11-23T17:00:00.000000+00:00",
    }
    resolved: JsonObject = {"messages": {"940": message}}
    found = use({"id": "922", "name": "Ask Steward", "type": 3, "target_id": "940", "resolved": resolved})
    attachment = Attachment(filename="a.csv", media_type="text/csv", source="https://cdn/a.csv")
    assert found.what == Quote(author="Grace", text="ask @Ada\n\n3 failed", attachments=(attachment,))


def test_a_button_and_a_menu_are_read_with_their_message() -> None:
    pressed: JsonObject = {"id": "950", "type": 0, "content": "", "channel_id": "200"}
    button: JsonObject = {"custom_id": "steward.again.1.00000000", "component_type": 2}
    assert use(button, type=3, message=pressed).what == Pressed(key="steward.again.1.00000000", message_id="950")
    menu: JsonObject = {"custom_id": "m", "component_type": 3, "values": ["line"]}
    assert use(menu, type=3, message=pressed).what == Pressed(key="m", message_id="950", choice="line")


def test_a_form_is_read_with_labels_and_with_rows() -> None:
    field: JsonObject = {"type": 4, "id": 2, "custom_id": "question", "value": " why? "}
    labelled: list[JsonValue] = [{"type": 18, "id": 1, "component": field}]
    rows: list[JsonValue] = [{"type": 1, "id": 1, "components": [field]}]
    for components in (labelled, rows):
        data: JsonObject = {"custom_id": "f", "components": components}
        assert use(data, type=5).what == Submitted(form="f", texts={"question": "why?"}), f"wrong for {components}"


def test_other_interactions_are_ignored() -> None:
    data: list[JsonObject] = [{"type": 1}, {"type": 4, "data": ASK}, {"type": 3, "data": {"custom_id": "x"}}]
    for changes in data:
        payload = InteractionPayload.model_validate(BASE | {"data": ASK} | changes)
        assert read_use(payload, Room()) is None, f"taken: {changes}"
    nobody = {key: value for key, value in (BASE | {"data": ASK}).items() if key != "member"}
    assert read_use(InteractionPayload.model_validate(nobody), Room()) is None
    user_menu: JsonObject = {"id": "923", "name": "x", "type": 2, "target_id": "100"}
    assert read_use(InteractionPayload.model_validate(BASE | {"data": user_menu}), Room()) is None
