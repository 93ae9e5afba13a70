"""What Steward and a worker say to each other: frames of a JSON header and raw bytes, over a socket.

A frame is the length of its header in four bytes, the header, and the blobs whose sizes the header names: texts and
contents of files. Both sides read with the same types; what a worker sends is also limited in size.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from core.messages import Conversation, JsonObject, Person
from core.unicode import well_formed

LONGEST_HEADER: Final = 8_000_000
LARGEST: Final = 128_000_000
"""Bytes of all blobs of a frame from a worker."""

_LENGTH: Final = struct.Struct(">I")


class FrameError(Exception):
    """What came is no frame, or too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An `Attachment` in a header.

    Attributes:
        spec: as JSON.
        blob: which of the frame's blobs is the content, None where it has none.
    """

    filename: str
    media_type: str
    source: str | None
    alt: str
    spec: str | None
    id: str
    blob: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A `Context` without its shelf."""

    conversation: Conversation
    person: Person
    attachments: tuple[File, ...]
    settings: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Steward asks for a call.

    Attributes:
        name: the skill's, for sentences.
        module, attribute: where the function is found.
        arguments: as the model wrote them.
        files: those whose ids are among the arguments, by id.
        surroundings: only for a function that takes the `Context`.
        directory: the call's own, an absolute path.
        output: path of the file that takes what the function prints.
    """

    name: str
    module: str
    attribute: str
    arguments: JsonObject
    files: dict[str, File]
    surroundings: Surroundings | None
    directory: str
    output: str
    type: Literal["invocation"] = "invocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Steward answers `Wanted`."""

    file: File | None
    type: Literal["found"] = "found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The worker has started and waits for a call."""

    type: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The function asks its context for the file of an id, or for the latest of a kind."""

    by: Literal["id", "kind"]
    value: str
    type: Literal["wanted"] = "wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The function returned a reply, whose text is the first blob; `leaving`: the process ends after this."""

    files: tuple[File, ...]
    leaving: bool = False
    type: Literal["returned"] = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The function raised a `SkillError`; `aborted`: a `SkillAbortedError`, or it ran out of memory."""

    text: str
    aborted: bool
    leaving: bool = False
    type: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """The function raised something else; `kind` is its type's name."""

    kind: str
    text: str
    traceback: str
    leaving: bool = False
    type: Literal["raised"] = "raised"


ToWorker: TypeAlias = Annotated[Invocation | Found, Field(discriminator="type")]
FromWorker: TypeAlias = Annotated[Ready | Wanted | Returned | Refused | Raised, Field(discriminator="type")]
Blobs: TypeAlias = Sequence[bytes]
M = TypeVar("M")

_to_worker: TypeAdapter[tuple[list[int], ToWorker]] = TypeAdapter(tuple[list[int], ToWorker])
_any: TypeAdapter[ToWorker | FromWorker] = TypeAdapter(ToWorker | FromWorker)
_from_worker: TypeAdapter[tuple[list[int], FromWorker]] = TypeAdapter(tuple[list[int], FromWorker])


def head(message: ToWorker | FromWorker, blobs: Blobs = ()) -> bytes:
    """Write the part of a frame before its blobs."""
    fields = [[len(blob) for blob in blobs], _any.dump_python(message, mode="json")]
    header = well_formed(json.dumps(fields, ensure_ascii=False)).encode()
    return _LENGTH.pack(len(header)) + header


def is_too_large(message: FromWorker, blobs: Blobs) -> bool:
    """Tell whether a frame is larger than Steward takes from a worker."""
    return len(head(message, blobs)) > LONGEST_HEADER or sum(len(blob) for blob in blobs) > LARGEST


async def send(connection: socket.socket, message: ToWorker, blobs: Blobs = ()) -> None:
    """Send a frame to a worker."""
    loop = asyncio.get_running_loop()
    for part in (head(message, blobs), *blobs):
        await loop.sock_sendall(connection, part)


async def receive(connection: socket.socket) -> tuple[FromWorker, Blobs]:
    """Wait for a frame of a worker.

    Raises:
        FrameError: what came is none.
        EOFError: the worker has ended.
    """
    length = _length(await _read(connection, _LENGTH.size))
    if length > LONGEST_HEADER:
        raise FrameError(f"a header of {length} bytes")
    sizes, message = _parse(_from_worker, await _read(connection, length))
    if min(sizes, default=0) < 0 or sum(sizes) > LARGEST:
        raise FrameError(f"blobs of {sum(sizes)} bytes")
    return message, [await _read(connection, size) for size in sizes]


def send_now(connection: socket.socket, message: FromWorker, blobs: Blobs = ()) -> None:
    """Send a frame to Steward, blocking."""
    for part in (head(message, blobs), *blobs):
        connection.sendall(part)


def receive_now(connection: socket.socket) -> tuple[ToWorker, Blobs]:
    """Wait for a frame of Steward, blocking.

    Raises:
        EOFError: Steward has ended.
    """
    length = _length(_read_now(connection, _LENGTH.size))
    sizes, message = _parse(_to_worker, _read_now(connection, length))
    return message, [_read_now(connection, size) for size in sizes]


def _length(prefix: bytes) -> int:
    length: int = _LENGTH.unpack(prefix)[0]
    return length


def _parse(adapter: TypeAdapter[tuple[list[int], M]], header: bytes) -> tuple[list[int], M]:
    try:
        return adapter.validate_json(header)
    except ValidationError as error:
        raise FrameError(str(error)) from error


async def _read(connection: socket.socket, size: int) -> bytes:
    loop, content, at = asyncio.get_running_loop(), bytearray(size), 0
    while at < size:
        got = await loop.sock_recv_into(connection, memoryview(content)[at:])
        if not got:
            raise EOFError
        at += got
    return bytes(content)


def _read_now(connection: socket.socket, size: int) -> bytes:
    content, at = bytearray(size), 0
    while at < size:
        got = connection.recv_into(memoryview(content)[at:])
        if not got:
            raise EOFError
        at += got
    return bytes(content)
