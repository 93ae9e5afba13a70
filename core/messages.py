"""The values that travel between platforms, the core and skills: who said what where, and what is answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import JsonValue, PlainSerializer, TypeAdapter

from core.unicode import well_formed

JsonObject: TypeAlias = dict[str, JsonValue]

ADMIN: Final = "admin"
GUEST: Final = "guest"
"""Roles of people that mean the same on every platform: who runs the workspace, and who is let into parts of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A place where people talk: a channel, a direct message, or a thread in either.

    Attributes:
        workspace: the Slack team or Discord server; "direct" for Discord direct messages.
        thread: the thread's id, None at the channel's root.
    """

    platform: str
    workspace: str
    channel: str
    thread: str | None = None

    @property
    def channel_key(self) -> str:
        """The key of the channel, which all its threads share."""
        return f"{self.platform}/{self.workspace}/{self.channel}"

    @property
    def key(self) -> str:
        """The key that order and a conversation's own turns hang on."""
        return f"{self.channel_key}/{self.thread}" if self.thread else self.channel_key

    @property
    def workspace_audience(self) -> "Audience":
        """Who can see what is said in public here: the whole workspace."""
        return Audience(scope="workspace", id=f"{self.platform}/{self.workspace}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who could see a message where it was written.

    Attributes:
        scope: "workspace": everybody in it; "channel": the members of one private channel; "person": one person.
        id: the platform's id of that workspace, channel or person, prefixed with the platform: "slack/T1".
    """

    scope: Literal["workspace", "channel", "person"]
    id: str

    @property
    def key(self) -> str:
        """The audience as one word, for the database."""
        return f"{self.scope}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who talks to Steward.

    Attributes:
        id: the platform's.
        name: for display only.
        roles: `ADMIN` and `GUEST`, as far as the platform tells, and the ids of the platform's own roles.
    """

    id: str
    name: str
    roles: Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str])] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that somebody sent or a skill made.

    Attributes:
        filename: a name for people; never used as a path.
        media_type: such as "image/png".
        content: the bytes; None while they are still where `source` says.
        source: the platform's address of the bytes, for `Platform.download`.
        alt: what a picture shows, for people who do not see it.
        spec: what the file was made from, kept with it so that a skill can change it later. `spec["kind"]` names the
            sort of file, as in `Context.latest(kind)`.
        id: the name under which it is kept, once it is; generated.
    """

    filename: str
    media_type: str
    content: bytes | None = field(default=None, repr=False)
    source: str | None = None
    alt: str = ""
    spec: JsonObject | None = field(default=None, repr=False)
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectCall:
    """A skill that somebody called by name, without a model in between.

    Attributes:
        arguments: by name, for the skill to check.
        files: for arguments that take a file, the place of that file among the message's attachments.
    """

    skill: str
    arguments: JsonObject = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something said to Steward.

    Attributes:
        id: unique for this message across everything, made from the platform's own ids: "slack/T1/C1/1700.1".
            Two deliveries of one message have one id.
        text: what was said, without the mention of the bot.
        sent_at: seconds since 1970, UTC.
        origin: what the platform needs in order to answer in the same place (message id, interaction token, …).
            Only the adapter that wrote it reads it. What lets anybody act who has it (a token, an address to post to)
            has a name that ends in `_token` or `_url`; it expires, and an answer does without it.
        direct: the skill that is called, where the message is no question to the model; `text` then shows the call as
            somebody would type it.
        link: the address at which people find it, or its channel where it is no message of its own; "" where there is
            none.
    """

    id: str
    conversation: Conversation
    audience: Audience
    author: Person
    text: str
    attachments: tuple[Attachment, ...] = ()
    sent_at: float = 0.0
    origin: Mapping[str, str] = field(default_factory=dict)
    direct: DirectCall | None = None
    link: str = ""

    @property
    def account(self) -> str:
        """The author across all platforms: "slack/U1"."""
        return f"{self.conversation.platform}/{self.author.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, or what a skill returns: text (Markdown) and files."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One accepted message on its way to an answer.

    Attributes:
        id: the row's number; rises with the order of acceptance.
        attempt: counts the workers that took this turn; a worker whose number is no longer the row's is stale.
        shown: the platform's ids of our messages that hold no part of the reply yet: the progress that an attempt
            before a restart showed, or the answer to an earlier version of the question. The reply takes their place.
    """

    id: int
    message: Message
    attempt: int
    shown: tuple[str, ...] = ()


_messages: TypeAdapter[Message] = TypeAdapter(Message)


def dump_message(message: Message) -> str:
    """Write a message as JSON, without the content of its attachments and without halves of characters."""
    fields = _messages.dump_python(message, mode="json", exclude={"attachments": {"__all__": {"content"}}})
    return well_formed(json.dumps(fields, ensure_ascii=False))


def load_message(text: str) -> Message:
    """Read what `dump_message` wrote."""
    return _messages.validate_json(text)
