"""One worker process as Steward sees it: started, called, killed."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Final, TypeAlias

from core.context import Context, FileShelf
from core.errors import SkillAbortedError, SkillError
from core.messages import Attachment, JsonObject, Reply
from core.skill import RaisedError, Skill
from core.threads import in_thread
from core.workers import process, server
from core.workers.frames import (
    Blobs,
    Found,
    FrameError,
    Invocation,
    Raised,
    Ready,
    Refused,
    Returned,
    Surroundings,
    Wanted,
    receive,
    send,
)
from core.workers.limits import Limits
from core.workers.parcel import pack, unpack
from core.workers.scratch import Desk

log = logging.getLogger("steward.workers")

MOST_CALLS: Final = 100
"""Calls after which a worker is replaced, for what skills leave behind in its memory."""

_PATIENCE: Final = 60.0
"""Seconds that a process may take to start; the first waits until the fork server has imported everything."""

_DYING: Final = 2.0
"""Seconds that a killed process may take to be gone."""

_HANGING_UP: Final = 1.0
"""Seconds after which a process that closed its connection is taken for one that goes on."""

_Answer: TypeAlias = Returned | Refused | Raised


class StartError(Exception):
    """A worker process could not be started."""


class Worker:
    """A process that waits for calls; made by `start`.

    Attributes:
        pid: also the id of the group of processes that it and what skills started belong to.
    """

    def __init__(self, running: BaseProcess, connection: socket.socket, limits: Limits) -> None:
        assert running.pid is not None
        self.pid = running.pid
        self._process = running
        self._connection = connection
        self._limits = limits
        self._calls = 0
        self._killed = False
        self._leaving = False
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(running.sentinel, self._note_end)

    @classmethod
    async def start(cls, limits: Limits) -> "Worker":
        """Start a process and wait until it is ready.

        Raises:
            StartError: it did not start.
        """
        try:
            return await cls._start(limits)
        except Exception as error:  # of many kinds: no thread, no process, no file, no memory is left, or its end came
            raise StartError(f"{type(error).__name__}: {error}") from error

    @classmethod
    async def _start(cls, limits: Limits) -> "Worker":
        server.ensure_running()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        starting = server.CONTEXT.Process(target=process.main, args=(theirs, limits), daemon=True, name="skills")
        try:
            async with asyncio.timeout(_PATIENCE):
                await in_thread(partial(server.start, starting, theirs), name="start worker")
        except BaseException:
            ours.close()  # a process that starts all the same finds its connection closed and ends
            raise
        worker = cls(starting, ours, limits)
        try:
            async with asyncio.timeout(_PATIENCE):
                message, _ = await receive(ours)
            if not isinstance(message, Ready):
                raise FrameError(f"{message} from a process that starts")
        except BaseException:
            await worker.end()
            raise
        return worker

    @property
    def usable(self) -> bool:
        """Tell whether it can take another call."""
        if self._killed or self._leaving or self._ended.is_set() or self._calls >= MOST_CALLS:
            return False
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # it has just ended, or says what nobody asked for

    async def call(
        self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context, desk: Desk
    ) -> Reply:
        """Run a skill; where it does not come to its end, its process is killed.

        Raises:
            SkillAbortedError: it took too long or too much, or crashed.
            SkillError: it said so.
            RaisedError: it raised something else.
        """
        name = skill.tool.name
        self._calls += 1
        limit = asyncio.timeout(skill.options.timeout)
        try:
            async with limit:
                answer, blobs = await self._converse(skill, given, files, context, desk)
            result = _result(answer, blobs)
        except TimeoutError as error:
            self.kill()
            if not limit.expired():
                raise
            raise skill.too_long() from error
        except (EOFError, ConnectionError) as error:
            raise SkillAbortedError(await self._how_it_ended(name)) from error
        except FrameError as error:
            self.kill()
            raise SkillAbortedError(f"{name} gave an answer that cannot be read, and was stopped.") from error
        except BaseException:
            self.kill()
            raise
        self._leaving = answer.leaving
        if isinstance(result, Reply):
            return result
        if isinstance(result, SkillAbortedError):  # it may have run out of memory
            self.kill()
        raise result

    async def _converse(
        self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context, desk: Desk
    ) -> tuple[_Answer, Blobs]:
        """Ask for a call, and hand over the files that the function asks for until it has ended."""
        contents: list[bytes] = []
        call = Invocation(
            name=skill.tool.name,
            module=skill.function.__module__,
            attribute=skill.attribute,
            arguments=given,
            files=dict(zip(files, pack(files.values(), contents), strict=True)),
            surroundings=_surroundings(context, contents) if skill.signature.context else None,
            directory=str(desk.directory),
            output=str(desk.output),
        )
        await send(self._connection, call, contents)
        while True:
            message, blobs = await receive(self._connection)
            match message:
                case Wanted() if skill.signature.context:
                    await self._hand_over(message, context.files)
                case Returned() | Refused() | Raised():
                    return message, blobs
                case _:
                    raise FrameError(f"{message} out of turn")

    async def _hand_over(self, wanted: Wanted, shelf: FileShelf) -> None:
        found = await (shelf.get if wanted.by == "id" else shelf.latest)(wanted.value)
        contents: list[bytes] = []
        file = pack([found], contents)[0] if found else None
        await send(self._connection, Found(file=file), contents)

    async def _how_it_ended(self, name: str) -> str:
        try:
            async with asyncio.timeout(_HANGING_UP):
                await self._ended.wait()
        except TimeoutError:
            self.kill()
            return f"{name} closed its connection, and was stopped."
        self._killed = True
        code = self._process.exitcode
        if code == -signal.SIGXCPU:
            return f"{name} used more than {self._limits.cpu_seconds:g} s of processor time and was stopped."
        if code and code < 0:
            return f"{name} crashed: its process was ended by {signal.Signals(-code).name}."
        return f"{name} crashed: its process ended with exit code {code}."

    def kill(self) -> None:
        """Kill the process and every process that skills started in it."""
        self._killed = True
        if self._ended.is_set():  # its number may be another's by now
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Kill it and wait until it is gone."""
        self.kill()
        if not self._ended.is_set():
            self._process.kill()  # one that has not yet made a group of its own
        try:
            async with asyncio.timeout(_DYING):
                await self._ended.wait()
        except TimeoutError:
            log.error("worker process %d is still there after a kill", self.pid)
        self._connection.close()

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join(0)
        self.kill()  # what it started, and what would keep its connection open
        self._ended.set()


def _surroundings(context: Context, contents: list[bytes]) -> Surroundings:
    return Surroundings(
        conversation=context.conversation,
        person=context.person,
        attachments=pack(context.attachments, contents),
        settings=dict(context.settings),
    )


def _result(answer: _Answer, blobs: Blobs) -> Reply | RaisedError | SkillError:
    """Read what came of a call.

    Raises:
        FrameError: it cannot be read.
    """
    match answer:
        case Raised():
            return RaisedError(answer.kind, answer.text, answer.traceback)
        case Refused():
            return SkillAbortedError(answer.text) if answer.aborted else SkillError(answer.text)
    if not blobs:
        raise FrameError("a reply without its text")
    try:
        text = blobs[0].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise FrameError("a text that is none") from error
    return Reply(text=text, attachments=tuple(unpack(file, blobs) for file in answer.files))
