"""The parts of Discord's payloads that are read here.

https://discord.com/developers/docs/resources/message#message-object and
https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue


class Payload(BaseModel):
    """A part of a payload; what is not read here is ignored, and errors do not repeat what was said."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, frozen=True, hide_input_in_errors=True)


class MemberPayload(Payload):
    """What a user is in one server."""

    nick: str | None = None
    roles: tuple[str, ...] = ()


class UserPayload(Payload):
    """A user, with its membership where it is one of a message's mentions."""

    id: str
    username: str = ""
    global_name: str | None = None
    bot: bool = False
    member: MemberPayload | None = None


class FilePayload(Payload):
    """An attachment."""

    url: str
    filename: str = "file"
    content_type: str | None = None
    description: str | None = None


class RepliedPayload(Payload):
    """The message that another one replies to."""

    author: UserPayload


class ForwardingPayload(Payload):
    """A message that may forward others.

    https://discord.com/developers/docs/resources/message#message-snapshot-object
    """

    message_snapshots: tuple["SnapshotPayload", ...] = ()


class EmbedPayload(Payload):
    """What a link or a program shows in a message."""

    title: str | None = None
    description: str | None = None


class QuotedPayload(ForwardingPayload):
    """A message that is quoted; in part."""

    content: str = ""
    author: UserPayload | None = None
    mentions: tuple[UserPayload, ...] = ()
    attachments: tuple[FilePayload, ...] = ()
    embeds: tuple[EmbedPayload, ...] = ()
    flags: int = 0


class SnapshotPayload(Payload):
    """A message as it was when it was forwarded; whose it was is not said."""

    message: QuotedPayload


class MessagePayload(ForwardingPayload):
    """A message as MESSAGE_CREATE shows it, and MESSAGE_UPDATE where it is shown in full."""

    id: str
    channel_id: str
    author: UserPayload
    guild_id: str | None = None
    member: MemberPayload | None = None
    content: str = ""
    timestamp: datetime | None = None
    edited_timestamp: datetime | None = None
    type: int = 0
    flags: int = 0
    webhook_id: str | None = None
    mentions: tuple[UserPayload, ...] = ()
    mention_roles: tuple[str, ...] = ()
    attachments: tuple[FilePayload, ...] = ()
    sticker_items: tuple[JsonValue, ...] = ()
    referenced_message: RepliedPayload | None = None


class DeletedPayload(Payload):
    """One message, or several, that are gone: MESSAGE_DELETE and MESSAGE_DELETE_BULK."""

    channel_id: str
    id: str | None = None
    ids: tuple[str, ...] = ()


class OptionPayload(Payload):
    """A sub-command with its options, or one option with its value."""

    name: str
    value: JsonValue = None
    options: tuple["OptionPayload", ...] = ()


class ResolvedPayload(Payload):
    """The objects behind the ids in an interaction."""

    attachments: Mapping[str, FilePayload] = {}
    messages: Mapping[str, QuotedPayload] = {}


class FieldPayload(Payload):
    """A field of a form that was sent, or what is around one: a label, or the row that forms had before labels."""

    custom_id: str = ""
    value: JsonValue = None
    component: "FieldPayload | None" = None
    components: tuple["FieldPayload", ...] = ()


class DataPayload(Payload):
    """What was used: a command, a control under a message, or a form."""

    name: str = ""
    type: int = 1
    options: tuple[OptionPayload, ...] = ()
    target_id: str = ""
    custom_id: str = ""
    values: tuple[str, ...] = ()
    components: tuple[FieldPayload, ...] = ()
    resolved: ResolvedPayload = ResolvedPayload()


class CallerPayload(MemberPayload):
    """The member who used something in a server, with what it may do there as a bit field."""

    user: UserPayload
    permissions: int = 0


class PressedPayload(Payload):
    """The message with the control that was used."""

    id: str


class InteractionPayload(Payload):
    """An interaction as INTERACTION_CREATE shows it."""

    id: str
    token: str
    type: int
    application_id: str = ""
    channel_id: str = ""
    channel: JsonValue = None
    guild_id: str | None = None
    member: CallerPayload | None = None
    user: UserPayload | None = None
    message: PressedPayload | None = None
    context: int | None = None
    authorizing_integration_owners: Mapping[str, str] = {}
    attachment_size_limit: int = 0
    data: DataPayload = DataPayload()
