"""What is left of an answer to a command where Discord takes no further message: a file at the first one."""

import re
from dataclasses import replace
from typing import Final

from bots.discord.body import FILE_LIMIT, MAX_FILES, added
from bots.discord.files import fetch
from bots.discord.payloads import Payload
from bots.discord.rest import Rest
from core.errors import PlatformError
from core.messages import Attachment
from core.outlet import Part

TOO_LONG: Final = "This answer is longer than Discord takes from me here."

_NAME: Final = re.compile(r"answer-(?P<first>\d+)(?:-to-(?P<last>\d+))?\.md")
_MARKDOWN: Final = "text/markdown"


class _File(Payload):
    id: str
    filename: str = ""
    url: str = ""


class _Answer(Payload):
    id: str
    attachments: tuple[_File, ...] = ()


async def attach(rest: Rest, application_id: str, token: str, part: Part) -> str:
    """Add a part to the first answer, as the end of a file that stands there, where no further answer is taken.

    The file is named after the parts in it, by which one of them is known when this is tried again.

    Raises:
        HTTPException: Discord refused, or failed.
        PlatformError: there is no room for more files, or the file could not be fetched.
    """
    message = _Answer.model_validate(await rest.answer_to(application_id, token))
    first = last = int(part.key.rpartition(".")[2])
    text, kept = part.text, [file.id for file in message.attachments]
    for file in message.attachments:
        if named := _NAME.fullmatch(file.filename):
            first, before = int(named["first"]), int(named["last"] or named["first"])
            if last <= before:
                return message.id
            text = f"{await _text(file)}\n{text}"
            kept.remove(file.id)
    name = f"answer-{first}.md" if first == last else f"answer-{first}-to-{last}.md"
    written = Attachment(filename=name, media_type=_MARKDOWN, content=text.encode())
    more = replace(part, attachments=(written, *part.attachments))
    if len(kept) + len(more.attachments) > MAX_FILES:
        raise PlatformError(TOO_LONG, permanent=True)
    return await rest.edit_response(application_id, token, added(more, kept))


async def _text(file: _File) -> str:
    attachment = Attachment(filename=file.filename, media_type=_MARKDOWN, source=file.url)
    return (await fetch(attachment, max_bytes=FILE_LIMIT)).decode(errors="replace")
