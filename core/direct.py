"""Direct calls: a skill that somebody calls by name, in the words in which a model would call it."""

import json

from pydantic import JsonValue

from core.items import Call, Result
from core.messages import Message
from core.readable import readable
from core.reading import unfenced


def call_of(message: Message) -> Call:
    """Write the call that a message asks for as a model would."""
    assert message.direct is not None, "asked for by a direct call only"
    files: dict[str, JsonValue] = {name: message.attachments[place].id for name, place in message.direct.files.items()}
    arguments = json.dumps({**message.direct.arguments, **files}, ensure_ascii=False)
    return Call(id="direct", name=message.direct.skill, arguments=arguments)


def for_people(result: Result) -> str:
    """Return a result as its asker reads it: JSON as a list, without the lines and marks that tell a model of files.

    Of a skill that broke they read where the log has it, not what it raised.
    """
    if result.excuse:
        return result.excuse
    told = tuple(f"[file {file_id}:" for file_id in result.files)
    lines = [line for line in result.text.split("\n") if not (told and line.startswith(told))]
    return readable(unfenced("\n".join(lines)).removeprefix("Error: ").strip())
