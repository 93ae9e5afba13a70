"""The bodies of requests to Discord's API, and the limits on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bots.simulator.discord.components import check_components
from bots.simulator.discord.errors import invalid, too_large, too_long
from core.messages import JsonObject

MAX_CONTENT = 2000
MAX_FILES = 10
MAX_EMBEDS = 10
MAX_EMBED_TEXT = 6000
MAX_NONCE = 25
MAX_DESCRIPTION = 1024


class Body(BaseModel):
    """Part of a request; fields the simulation does not know are ignored, as Discord does."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class AllowedMentions(Body):
    """Who may be pinged: https://discord.com/developers/docs/resources/message#allowed-mentions-object."""

    parse: list[str] = []
    users: list[str] = []
    roles: list[str] = []
    replied_user: bool = False


class Reference(Body):
    """What a message replies to."""

    message_id: str
    fail_if_not_exists: bool = True


class FileDescription(Body):
    """A file of a message: its number among the uploads, or the id of one that stays."""

    id: str
    filename: str | None = None
    description: str | None = None


class MessageBody(Body):
    """A message to create, or the changes to one."""

    content: str | None = None
    nonce: str | None = None
    enforce_nonce: bool = False
    embeds: list[JsonObject] | None = None
    allowed_mentions: AllowedMentions | None = None
    message_reference: Reference | None = None
    attachments: list[FileDescription] | None = None
    components: list[JsonObject] | None = None
    flags: int | None = None


class CallbackBody(Body):
    """The first answer to an interaction; `data` is a message or a form."""

    type: int
    data: JsonObject = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file in a multipart request.

    Attributes:
        number: the n of its field's name, files[n].
        seconds: how long a voice message lasts.
    """

    number: str
    name: str
    media_type: str
    content: bytes = field(repr=False)
    seconds: float | None = None


AnyBody = TypeVar("AnyBody", bound=Body)


def read_body(model: type[AnyBody], payload: JsonValue, *, at: str = "") -> AnyBody:
    """Check the shape of a request's JSON, or of the part of it that stands `at`.

    Raises:
        ApiError: 50035 with the place of the first mistake.
    """
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "_errors"
        raise invalid(f"{at}{place}", "MODEL_TYPE_CONVERT", first["msg"]) from error


def check_message(body: MessageBody, uploads: Sequence[Upload], *, file_limit: int, at: str = "") -> None:
    """Hold a message against the documented limits; sizes are in bytes.

    `at` is where the message stands in the request, "data." in the answer to an interaction.

    Raises:
        ApiError: it is over one of them.
    """
    if len(body.content or "") > MAX_CONTENT:
        raise too_long(f"{at}content", MAX_CONTENT)
    if len(body.nonce or "") > MAX_NONCE:
        raise too_long(f"{at}nonce", MAX_NONCE)
    if len(uploads) > MAX_FILES or len(body.attachments or ()) > MAX_FILES:
        raise too_long(f"{at}attachments", MAX_FILES)
    if any(len(upload.content) > file_limit for upload in uploads):
        raise too_large()
    for number, each in enumerate(body.attachments or ()):
        if len(each.description or "") > MAX_DESCRIPTION:
            raise too_long(f"{at}attachments.{number}.description", MAX_DESCRIPTION)
    _check_embeds(body.embeds or [], f"{at}embeds")
    _check_mentions(body.allowed_mentions, f"{at}allowed_mentions")
    check_components(body.components or [], f"{at}components")


def _check_embeds(embeds: Sequence[JsonObject], at: str) -> None:
    if len(embeds) > MAX_EMBEDS:
        raise too_long(at, MAX_EMBEDS)
    if sum(_text_length(embed) for embed in embeds) > MAX_EMBED_TEXT:
        raise invalid(at, "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBED_TEXT}")


def _text_length(value: JsonValue) -> int:
    """Count the characters of an embed's texts, without its addresses."""
    match value:
        case dict():
            return sum(_text_length(each) for key, each in value.items() if not key.endswith("url"))
        case list():
            return sum(_text_length(each) for each in value)
        case str():
            return len(value)
    return 0


def _check_mentions(allowed: AllowedMentions | None, at: str) -> None:
    if allowed is None:
        return
    if not set(allowed.parse) <= {"everyone", "users", "roles"}:
        raise invalid(at, "BASE_TYPE_CHOICES", "Value must be one of ('users', 'roles', 'everyone').")
    if ("users" in allowed.parse and allowed.users) or ("roles" in allowed.parse and allowed.roles):
        raise invalid(
            at,
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
            "parse and users or roles are mutually exclusive.",
        )
