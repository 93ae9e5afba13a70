"""Transcription, the server's side: takes voice clips and says what a script has them say.

https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.web_request import FileField

from bots.simulator.model.script import Failed
from bots.simulator.model.wire import refusal

LARGEST: Final = 26_214_400
_FORMATS: Final = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")

Heard: TypeAlias = str | Failed | None
"""What is said in a clip, a refusal of it, or silence until the server ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A voice clip that was sent to be transcribed."""

    filename: str
    model: str
    content: bytes = field(repr=False)


class Transcription:
    """Answers `/audio/transcriptions`.

    Args:
        script: what each clip says, in order; None: the server has no such address.
        closing: set when the server ends.

    Attributes:
        clips: everything that was sent, oldest first.
        mistakes: requests without a step left, or that a strict server refuses.
    """

    def __init__(self, script: Sequence[Heard] | None, closing: asyncio.Event) -> None:
        self.clips: list[Clip] = []
        self.mistakes: list[str] = []
        self.left = list(script or ())
        self._is_there = script is not None
        self._closing = closing

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """Answer one request."""
        form = await http.post()
        file, model = form.get("file"), form.get("model")
        if not self._is_there:
            raise web.HTTPNotFound
        if not isinstance(file, FileField) or not isinstance(model, str):
            return self._mistake("Missing required parameter: 'file' or 'model'.")
        clip = Clip(filename=file.filename, model=model, content=file.file.read())
        self.clips.append(clip)
        if len(clip.content) > LARGEST:
            return refusal(Failed(status=413, message=f"Maximum content size limit ({LARGEST}) exceeded."))
        if clip.filename.rpartition(".")[2] not in _FORMATS:
            return self._mistake(f"Invalid file format. Supported formats: {list(_FORMATS)}")
        if not self.left:
            return self._mistake("no transcription is left")
        heard = self.left.pop(0)
        if heard is None:
            await self._closing.wait()
            raise web.HTTPServiceUnavailable
        return refusal(heard) if isinstance(heard, Failed) else web.json_response({"text": heard})

    def _mistake(self, found: str) -> web.Response:
        self.mistakes.append(f"transcription: {found}")
        return refusal(Failed(status=400, message=found))
