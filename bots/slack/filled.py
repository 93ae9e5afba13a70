"""Forms for skills as they were filled in; pure.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bots.slack.attachments import attachments
from bots.slack.events import Lookup, audience, message_id
from bots.slack.fields import part, parts, text
from bots.slack.views import read_note
from core.errors import UserError
from core.messages import Attachment, Conversation, DirectCall, JsonObject, Message
from core.options import Option, given, missing, typed

_LONGEST_ERROR: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as it was submitted.

    Attributes:
        channel: where it was opened.
        response_url: of the command that opened it.
        texts: what was filled in, by option.
        files: the files that were put in, by option.
    """

    skill: str
    channel: str
    response_url: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Attachment] = field(default_factory=dict)


def read_form(view: JsonObject) -> Filled:
    """Return what was filled in, from a submitted view."""
    note = read_note(view)
    texts: dict[str, str] = {}
    files: dict[str, Attachment] = {}
    values = part(part(view, "state"), "values")
    for name in values:
        element = part(part(values, name), name)
        if put_in := attachments(parts(element, "files")):
            files[name] = put_in[0]
        elif element.get("type") != "file_input":
            texts[name] = text(element, "value") or text(part(element, "selected_option"), "value")
    return Filled(
        skill=text(note, "skill"),
        channel=text(note, "channel"),
        response_url=text(note, "response_url"),
        texts=texts,
        files=files,
    )


def problems(options: Sequence[Option], filled: Filled) -> dict[str, str]:
    """Return what is wrong with what was filled in, by option; nothing where the call can be made."""
    found: dict[str, str] = {}
    for option in options:
        try:
            arguments = given([option], _texts([option], filled))
        except UserError as error:
            found[option.name] = str(error)[:_LONGEST_ERROR]
        else:
            if missing([option], {**arguments, **filled.files}):
                found[option.name] = "This is needed."
    return found


def call(options: Sequence[Option], filled: Filled) -> tuple[DirectCall, str]:
    """Return the call that was filled in without problems, and as somebody would type it.

    What is as it is by default is left out.
    """
    usual = {option.name: option.default for option in options if not option.required}
    arguments = {
        name: value
        for name, value in given(options, _texts(options, filled)).items()
        if name not in usual or value != usual[name]
    }
    files = {name: place for place, name in enumerate(filled.files)}
    named: JsonObject = {**arguments, **{name: file.filename for name, file in filled.files.items()}}
    return DirectCall(skill=filled.skill, arguments=arguments, files=files), f"call {typed(filled.skill, named)}"


def read_call(payload: JsonObject, filled: Filled, options: Sequence[Option], lookup: Lookup) -> Message:
    """Return the call that was filled in without problems, said in the channel where the form was opened.

    A form is submitted once: whatever comes twice has one id.
    """
    view, person = part(payload, "view"), part(payload, "user")
    user = text(person, "id")
    direct, said = call(options, filled)
    return Message(
        id=message_id(lookup.team, filled.channel, text(view, "id")),
        conversation=Conversation(platform="slack", workspace=lookup.team, channel=filled.channel),
        audience=audience(lookup.place, team=lookup.team, channel=filled.channel, user=user),
        author=lookup.person(user, text(person, "name")),
        text=said,
        attachments=tuple(filled.files.values()),
        sent_at=time.time(),
        origin={"response_url": filled.response_url},
        direct=direct,
        link=lookup.link(filled.channel),
    )


def _texts(options: Sequence[Option], filled: Filled) -> dict[str, str]:
    return {option.name: filled.texts[option.name] for option in options if option.name in filled.texts}
