"""From an interaction to what somebody used: pure functions of the documented payload.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from pydantic import JsonValue

from bots.discord import events
from bots.discord.content import attachments, name, quoted_files, quoted_text
from bots.discord.events import Room
from bots.discord.payloads import DataPayload, FieldPayload, InteractionPayload, OptionPayload, UserPayload
from core.messages import Attachment, Message

COMMAND, COMPONENT, FORM = 2, 3, 5
"""The types of interactions that are read."""

CHAT_INPUT, ON_MESSAGE = 1, 3
"""The types of commands that are read: one that is typed, and one in the menu of a message."""

_BOT_DM, _AMONG_PEOPLE = 1, 2
_SERVER_INSTALL: Final = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that was used.

    Attributes:
        sub: its sub-command, "" where it has none.
        texts: what was filled in, by the option's name.
        files: what was attached, by the option's name.
    """

    name: str
    sub: str
    texts: Mapping[str, str]
    files: Mapping[str, Attachment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message whose menu was used: its author's name, text and files."""

    author: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A control that was used, of a message of ours; `choice` is what was chosen from a menu."""

    key: str
    message_id: str
    choice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A form that was sent: its id, and what was filled in by the field's id."""

    form: str
    texts: Mapping[str, str]


What: TypeAlias = Command | Quote | Pressed | Submitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Something that somebody used.

    Attributes:
        message: the use as a message without text; what it is to say is filled in by who takes it up.
    """

    what: What
    message: Message

    @property
    def id(self) -> str:
        """The interaction's id."""
        return self.message.origin["interaction_id"]

    @property
    def token(self) -> str:
        """The interaction's token."""
        return self.message.origin["interaction_token"]

    @property
    def application_id(self) -> str:
        """The application that was used."""
        return self.message.origin["application_id"]

    @property
    def installed_by_person(self) -> bool:
        """Whether the bot is here for its user alone, and can answer only through the interaction."""
        return "installed" in self.message.origin

    def said(self, text: str, attachments: Sequence[Attachment] = ()) -> Message:
        """Return what was used as a message that says something."""
        return replace(self.message, text=text, attachments=tuple(attachments))


def read_use(payload: InteractionPayload, room: Room) -> Use | None:
    """Tell what somebody used, and where; None for what is not read here."""
    user = payload.member.user if payload.member else payload.user
    what = _what(payload)
    return Use(what=what, message=_message(payload, user, room)) if user and what else None


def _message(payload: InteractionPayload, user: UserPayload, room: Room) -> Message:
    among_people, by_person = payload.context == _AMONG_PEOPLE, _installed_by_person(payload)
    origin = {
        "channel_id": payload.channel_id,
        "interaction_id": payload.id,
        "application_id": payload.application_id,
        "interaction_token": payload.token,
    }
    if payload.attachment_size_limit:
        origin["attachment_size_limit"] = str(payload.attachment_size_limit)
    if by_person:
        origin["installed"] = "user"
    return Message(
        id=events.message_id(payload.channel_id, payload.id),
        conversation=events.conversation(payload.channel_id, payload.guild_id, room),
        audience=events.audience(payload.channel_id, payload.guild_id, user.id, room, among_people=among_people),
        author=events.person(user, payload.member, admin=_is_admin(payload) and not by_person),
        text="",
        sent_at=events.sent_at(payload.id),
        origin=origin,
        link=events.link(payload.channel_id, payload.guild_id, _used_on(payload)),
    )


def _used_on(payload: InteractionPayload) -> str:
    """Return the id of the message whose control or menu was used, "" where it was none."""
    if payload.message is not None:
        return payload.message.id
    return payload.data.target_id if payload.data.type == ON_MESSAGE else ""


def _is_admin(payload: InteractionPayload) -> bool:
    return payload.member is not None and bool(payload.member.permissions & events.RUNS_SERVER)


def _installed_by_person(payload: InteractionPayload) -> bool:
    """Tell whether the bot is no member here. In its own direct message with a person it always is.

    https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object
    """
    owners = payload.authorizing_integration_owners
    return payload.context != _BOT_DM and bool(owners) and _SERVER_INSTALL not in owners


def _what(payload: InteractionPayload) -> What | None:
    data = payload.data
    if payload.type == COMMAND and data.type == CHAT_INPUT:
        return _command(data)
    if payload.type == COMMAND and data.type == ON_MESSAGE:
        return _quote(data)
    if payload.type == COMPONENT and payload.message is not None:
        return Pressed(key=data.custom_id, message_id=payload.message.id, choice=next(iter(data.values), ""))
    if payload.type == FORM:
        texts = {field.custom_id: _text(field.value) for field in _fields(data.components) if field.custom_id}
        return Submitted(form=data.custom_id, texts=texts)
    return None


def _command(data: DataPayload) -> Command:
    sub = next((option for option in data.options if option.value is None), OptionPayload(name=""))
    options = sub.options if sub.name else data.options
    files = {option.name: data.resolved.attachments.get(str(option.value)) for option in options}
    return Command(
        name=data.name,
        sub=sub.name,
        texts={option.name: _text(option.value) for option in options if files[option.name] is None},
        files={option: attachments([file])[0] for option, file in files.items() if file is not None},
    )


def _quote(data: DataPayload) -> Quote | None:
    message = data.resolved.messages.get(data.target_id)
    if message is None:
        return None
    return Quote(
        author=name(message.author, None) if message.author else "somebody",
        text=quoted_text(message),
        attachments=quoted_files(message),
    )


def _fields(components: Sequence[FieldPayload]) -> Iterator[FieldPayload]:
    for component in components:
        yield component
        yield from _fields(component.components)
        if component.component is not None:
            yield from _fields([component.component])


def _text(value: JsonValue) -> str:
    """Write a value as somebody would type it."""
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
