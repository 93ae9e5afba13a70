"""Files on their way between Steward and a worker: what is said of them in the header, their contents as blobs."""

import json
from collections.abc import Iterable

from core.errors import SkillError
from core.messages import Attachment
from core.workers.frames import Blobs, File, FrameError


def pack(files: Iterable[Attachment], blobs: list[bytes]) -> tuple[File, ...]:
    """Describe files for a header and add their contents to its blobs.

    Raises:
        SkillError: what a file was made from is not JSON.
    """
    return tuple(_packed(file, blobs) for file in files)


def unpack(file: File, blobs: Blobs) -> Attachment:
    """Make an attachment of a file in a header.

    Raises:
        FrameError: there is no such blob, or the spec is no JSON object.
    """
    try:
        content = None if file.blob is None else blobs[file.blob]
        spec = None if file.spec is None else json.loads(file.spec)
    except (IndexError, ValueError) as error:
        raise FrameError(f"a file that cannot be read: {error}") from error
    if spec is not None and not isinstance(spec, dict):
        raise FrameError("a file whose spec is no object")
    return Attachment(
        filename=file.filename,
        media_type=file.media_type,
        content=content,
        source=file.source,
        alt=file.alt,
        spec=spec,
        id=file.id,
    )


def _packed(file: Attachment, blobs: list[bytes]) -> File:
    try:
        spec = None if file.spec is None else json.dumps(file.spec)
    except (TypeError, ValueError) as error:
        raise SkillError(f"What {file.filename} was made from is not JSON: {error}.") from error
    if file.content is not None:
        blobs.append(bytes(file.content))
    return File(
        filename=file.filename,
        media_type=file.media_type,
        source=file.source,
        alt=file.alt,
        spec=spec,
        id=file.id,
        blob=None if file.content is None else len(blobs) - 1,
    )
