"""The reader: makes of each file that came with a question what a model reads, sees or is told of it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter, ValidationError

from core.context import Context
from core.errors import ModelError, SkillAbortedError, SkillError
from core.messages import Attachment, JsonObject, Reply
from core.model import Model
from core.reading import jobs
from core.reading.excerpt import Excerpt, fenced, unknown
from core.reading.formats import Format, format_of, named
from core.reading.unreadable import UnreadableError
from core.skill import RaisedError, Runner, Skill
from core.telemetry import current_turn
from core.unicode import well_formed

log = logging.getLogger("steward.reading")

ROOM: Final = 6_000
"""Characters of one file that go into a question."""

ROOM_OF_ALL: Final = 20_000
LONGEST_CLIP: Final = 25_000_000
"""Bytes of a voice clip: https://platform.openai.com/docs/guides/speech-to-text."""

_LONGEST_TRANSCRIPT: Final = 20_000
_REMEMBERED: Final = 16
"""Pictures that are not prepared again when the next question is about them too."""

_BEGINNING: Final = Skill.of(jobs.read_beginning, topic="")
_PICTURE: Final = Skill.of(jobs.prepare_picture, topic="")
_excerpt: Final = TypeAdapter(Excerpt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of a file.

    Attributes:
        text: for the model, to stand in the question; "" where there is none. A file's content is marked as data.
        note: a sentence for people on what could not be read; "" where nothing is to be said.
        picture: the file as it is shown to a model that sees, with the same id.
    """

    text: str = ""
    note: str = ""
    picture: Attachment | None = None


class Reader:
    """Reads files in worker processes, and voice clips at the model's server.

    Args:
        runner: runs what takes memory and time.
        model: transcribes.
    """

    def __init__(self, runner: Runner, model: Model) -> None:
        self._runner = runner
        self._model = model
        self._pictures: OrderedDict[str, Attachment] = OrderedDict()

    async def read_all(self, files: Sequence[Attachment], context: Context) -> tuple[Reading, ...]:
        """Read the files of a message, side by side; see `read`."""
        room = min(ROOM, ROOM_OF_ALL // max(1, len(files)))
        return tuple(await asyncio.gather(*(self.read(file, context, room=room) for file in files)))

    async def read(self, file: Attachment, context: Context, *, room: int = ROOM) -> Reading:
        """Read a file; what cannot be read is said, nothing is raised.

        Args:
            file: with its content and its id.
            context: the turn.
            room: characters of its text.
        """
        try:
            found = format_of(file)
            match found.kind:
                case "picture":
                    return Reading(picture=await self._picture(file, context))
                case "sound":
                    return Reading(text=await self._heard(file, found))
                case _:
                    return await self._beginning(file, context, room)
        except ModelError as error:
            return _failed(file, f"I could not listen to {named(file)}. {error}")
        except SkillError as error:
            return _failed(file, f"I could not read {named(file)}: {_reason(error)}.")
        except RaisedError as error:
            log.error("turn %d: reading %s failed", current_turn.get(), file.id, exc_info=error)
            return _failed(file, f"I could not read {named(file)}: it is broken.")

    async def _beginning(self, file: Attachment, context: Context, room: int) -> Reading:
        reply = await self._run(_BEGINNING, file, context, room=room)
        try:
            excerpt = _excerpt.validate_json(reply.text)
        except ValidationError as error:
            raise UnreadableError("it is broken") from error
        note = f"{named(file)}: {' '.join(excerpt.remarks)}" if excerpt.remarks else ""
        return Reading(text=fenced(excerpt, file), note=note)

    async def _picture(self, file: Attachment, context: Context) -> Attachment:
        if known := self._pictures.get(file.id):
            self._pictures.move_to_end(file.id)
            return known
        reply = await self._run(_PICTURE, file, context)
        picture = replace(reply.attachments[0], id=file.id)
        if file.id:
            self._pictures[file.id] = picture
        if len(self._pictures) > _REMEMBERED:
            self._pictures.popitem(last=False)
        return picture

    async def _heard(self, file: Attachment, found: Format) -> str:
        content = file.content or b""
        if len(content) > LONGEST_CLIP:
            raise UnreadableError(f"it has more than the {LONGEST_CLIP // 1_000_000} MB that I listen to")
        clip = replace(file, filename=f"clip{found.suffix}")
        said = " ".join(well_formed(await self._model.transcribe(clip)).split())
        if not said:
            raise UnreadableError("nothing is said in it")
        more = "" if len(said) <= _LONGEST_TRANSCRIPT else " [the rest is left out]"
        return f"[voice clip {named(file)}, transcribed] {said[:_LONGEST_TRANSCRIPT]}{more}"

    async def _run(self, job: Skill, file: Attachment, context: Context, **given: int) -> Reply:
        arguments: JsonObject = {"file": file.id or "file", **given}
        return await self._runner.run(job, arguments, {file.id or "file": file}, context)


def _failed(file: Attachment, note: str) -> Reading:
    """Say it to people and to the model."""
    log.info("turn %d: %s could not be read", current_turn.get(), file.id)
    return Reading(text=unknown(file, note), note=note)


def _reason(error: SkillError) -> str:
    if isinstance(error, SkillAbortedError):
        log.warning("turn %d: a file was given up: %s", current_turn.get(), error)
        return "it takes too much time or memory"
    if any(str(error).startswith(job.tool.name) for job in (_BEGINNING, _PICTURE)):  # of the workers, not of the file
        log.error("turn %d: no file can be read: %s", current_turn.get(), error)
        return "reading files does not work at the moment"
    return str(error)
