"""What runs in a worker process: one call after the other, until Steward closes the connection."""

import asyncio
import fcntl
import importlib
import inspect
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import Final, Literal, TypeAlias, TypeVar

from core.context import Context
from core.errors import SkillAbortedError, SkillError
from core.messages import Attachment, Reply
from core.returned import as_reply
from core.skill import Skill
from core.workers import limits as limiting
from core.workers.frames import (
    LARGEST,
    Blobs,
    Found,
    Invocation,
    Raised,
    Ready,
    Refused,
    Returned,
    Surroundings,
    Wanted,
    is_too_large,
    receive_now,
    send_now,
)
from core.workers.limits import Limits
from core.workers.parcel import pack, unpack
from core.workers.server import STOPPING

T = TypeVar("T")
_Answer: TypeAlias = Returned | Refused | Raised

_LONGEST_TEXT: Final = 10_000
"""Characters of an error that are reported."""


def main(connection: socket.socket, limits: Limits) -> None:
    """Serve calls; the target of the process."""
    os.setsid()  # a group of its own, so that a kill reaches what a skill started, and Ctrl-C does not reach the skill
    _end_with_steward()
    _print_to(os.devnull)
    os.chdir("/")
    limiting.apply(limits)
    send_now(connection, Ready())
    own, told, leaving = os.getpid(), _Told(), False
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    while not leaving:
        _on_stopping(signal.SIG_DFL)
        try:
            message, blobs = receive_now(connection)
        except (EOFError, ConnectionError):
            return
        # Whoever tells every process of a service to stop does not mean to cut off a call: Steward decides that.
        _on_stopping(told.stop)
        limiting.allow_cpu(limits.cpu_seconds)
        assert isinstance(message, Invocation)
        answer, contents = _serve(connection, message, blobs, limits)
        if os.getpid() != own:
            os._exit(0)  # a child that the function forked; what it returns would be taken for the result of a call
        leaving = told.to_stop
        send_now(connection, replace(answer, leaving=leaving), contents)


class _Told:
    """Remembers that a call was interrupted by the wish that this process ends."""

    to_stop = False

    def stop(self, *_: object) -> None:
        self.to_stop = True


def _on_stopping(handler: Callable[..., None] | signal.Handlers) -> None:
    for number in STOPPING:
        signal.signal(number, handler)


def _end_with_steward() -> None:
    """Have the kernel end this process's group when Steward has ended, even in the midst of code that holds the GIL.

    The other end of the pipe behind `sentinel` is closed then, which sends SIGIO, which ends a process on Linux.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def _print_to(path: str) -> None:
    """Send what this process and those it starts print to a file."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # a skill may have closed or replaced it
            stream.flush()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


@contextmanager
def _at_work(directory: str, output: str) -> Iterator[None]:
    """Work in a directory of the call's own, with an empty environment."""
    os.environ.clear()
    os.chdir(directory)
    tempfile.tempdir = directory
    _print_to(output)
    try:
        yield
    finally:
        _print_to(os.devnull)
        os.chdir("/")


def _serve(connection: socket.socket, call: Invocation, blobs: Blobs, limits: Limits) -> tuple[_Answer, Blobs]:
    shelf = _AskingShelf(connection)
    with _at_work(call.directory, call.output):
        answer, contents = _answer(call, blobs, shelf, limits)
    shelf.close()
    if is_too_large(answer, contents):
        text = f"{call.name} returned too much: at most {LARGEST // 1_000_000} MB can be taken."
        return Refused(text=text, aborted=True), ()
    return answer, contents


def _answer(call: Invocation, blobs: Blobs, shelf: "_AskingShelf", limits: Limits) -> tuple[_Answer, Blobs]:
    """Call the function and write down what came of it."""
    try:
        reply = _reply(call, blobs, shelf)
        contents = [reply.text.encode("utf-8", "surrogatepass")]
        return Returned(files=pack(reply.attachments, contents)), contents
    except SkillError as error:
        return Refused(text=str(error), aborted=isinstance(error, SkillAbortedError)), ()
    except MemoryError:
        text = f"{call.name} needed more than {limits.memory_mb:g} MB of memory and was stopped."
        return Refused(text=text, aborted=True), ()
    except BaseException as error:
        lines = "".join(traceback.format_exception(error))
        text = str(error)[:_LONGEST_TEXT]
        return Raised(kind=type(error).__name__, text=text, traceback=lines[-_LONGEST_TEXT:]), ()


def _reply(call: Invocation, blobs: Blobs, shelf: "_AskingShelf") -> Reply:
    found = _find(call.module, call.attribute)
    files = {file_id: unpack(file, blobs) for file_id, file in call.files.items()}
    context = _context(call.surroundings, blobs, shelf) if call.surroundings else None
    returned = found.function(**found.bind(call.arguments, files, context))
    return as_reply(asyncio.run(_wait(returned)) if inspect.isawaitable(returned) else returned)


@lru_cache(maxsize=1000)
def _find(module: str, attribute: str) -> Skill:
    return Skill.of(getattr(importlib.import_module(module), attribute), topic="")


async def _wait(returned: Awaitable[T]) -> T:
    return await returned


def _context(around: Surroundings, blobs: Blobs, shelf: "_AskingShelf") -> Context:
    return Context(
        conversation=around.conversation,
        person=around.person,
        attachments=tuple(unpack(file, blobs) for file in around.attachments),
        settings=around.settings,
        files=shelf,
    )


class _AskingShelf:
    """The files of the conversation, asked of Steward while the call runs; asking blocks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = Lock()
        self._is_open = True

    async def get(self, file_id: str) -> Attachment | None:
        """Return a file of this conversation."""
        return self._ask("id", file_id)

    async def latest(self, kind: str) -> Attachment | None:
        """Return the newest file of a kind."""
        return self._ask("kind", kind)

    def close(self) -> None:
        """Refuse what a thread asks that outlived its call."""
        with self._lock:
            self._is_open = False

    def _ask(self, by: Literal["id", "kind"], value: str) -> Attachment | None:
        with self._lock:
            if not self._is_open:
                raise SkillError("The call has ended; its files are out of reach.")
            send_now(self._connection, Wanted(by=by, value=value))
            message, blobs = receive_now(self._connection)
        assert isinstance(message, Found)
        return unpack(message.file, blobs) if message.file else None
