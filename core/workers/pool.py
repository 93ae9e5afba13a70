"""The worker processes of a bot: started in the background, each running one call at a time, replaced when ended."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Final

from core.config import WorkersConfig
from core.context import Context
from core.errors import SkillError
from core.messages import Attachment, JsonObject, Reply
from core.skill import Skill
from core.workers import scratch, server
from core.workers.limits import Limits
from core.workers.scratch import Desk
from core.workers.worker import StartError, Worker

log = logging.getLogger("steward.workers")

_CLOSING: Final = 3.0
"""Seconds after which `close` waits no longer for calls that were cut off."""

_ATTEMPTS: Final = 3
_PAUSE: Final = 0.2
"""Tries to start a process, and seconds between them, in which a fork server that failed comes to its end."""


class Workers:
    """Runs blocking skills in processes.

    Args:
        config: how many there are, and what each may take.
        scratch: a folder of its own; what is left there from before is removed.
        preload: modules that the processes find imported.
    """

    def __init__(self, config: WorkersConfig, *, scratch: Path, preload: Sequence[str]) -> None:
        self._size = config.processes
        self._limits = Limits(memory_mb=config.memory_mb, cpu_seconds=config.cpu_seconds)
        self._scratch = scratch
        self._preload = preload
        self._free: asyncio.Queue[Worker | StartError] = asyncio.Queue()
        self._workers: set[Worker] = set()
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._turn_to_start = asyncio.Lock()
        self._starting: set[asyncio.Task[None]] = set()
        self._tidying: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Begin to start the processes; calls wait until one is ready."""
        server.preload(self._preload)
        server.ensure_running()
        await asyncio.to_thread(scratch.clear_all, self._scratch)
        for _ in range(self._size):
            _keep(self._starting, self._start_one())

    async def run(self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context) -> Reply:
        """Run a skill in a process, as soon as one is free; the skill's time limit begins then.

        Raises:
            SkillAbortedError: it took too long or too much, or crashed.
            SkillError: it said so, or no process could be started.
            RaisedError: it raised something else.
        """
        name = skill.tool.name
        worker, desk = await self._take(name), None
        try:
            desk = await self._lay(name)
            return await worker.call(skill, given, files, context, desk)
        finally:
            _keep(self._tidying, self._tidy(worker, name, desk))

    async def close(self) -> None:
        """End every process, whatever it is doing."""
        self._closed = True
        for worker in self._workers:
            worker.kill()
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        while not self._free.empty():
            if isinstance(item := self._free.get_nowait(), Worker):
                _keep(self._tidying, self._tidy(item, "", None))
        self._free.put_nowait(StartError("Steward is stopping"))
        try:
            async with asyncio.timeout(_CLOSING):
                await self._none_left.wait()
        except TimeoutError:
            log.error("%d worker processes could not be ended", len(self._workers))
        await asyncio.to_thread(scratch.clear_all, self._scratch)

    async def _lay(self, name: str) -> Desk:
        try:
            return await asyncio.to_thread(scratch.lay, self._scratch)
        except OSError as error:
            raise SkillError(f"{name} could not be run, because no folder could be made for it: {error}.") from error

    async def _take(self, name: str) -> Worker:
        """Wait for a free process."""
        while True:
            item = await self._free.get()
            if isinstance(item, Worker):
                if item.usable:
                    return item
                _keep(self._tidying, self._tidy(item, "", None))
                continue
            if self._closed:
                self._free.put_nowait(item)  # for the next who waits
            else:
                _keep(self._starting, self._start_one())
            raise SkillError(f"{name} could not be run, because no process could be started for it.")

    async def _start_one(self) -> None:
        try:
            worker = await self._started()
        except StartError as error:
            log.error("no worker process could be started: %s", error)
            self._free.put_nowait(error)
            return
        self._workers.add(worker)
        self._none_left.clear()
        self._free.put_nowait(worker)

    async def _started(self) -> Worker:
        """Start a process, one at a time: another's start would launch a fork server that has ended behind our back."""
        async with self._turn_to_start:
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await Worker.start(self._limits)
                except StartError as error:
                    log.warning("no worker process could be started (%s): trying without importing skills", error)
                # A module that fails with more than an ImportError ends the fork server; a call that needs it says so.
                server.preload(())
                await asyncio.sleep(_PAUSE)
            return await Worker.start(self._limits)

    async def _tidy(self, worker: Worker, name: str, desk: Desk | None) -> None:
        """Clear up after a call, and offer the process to the next one, or start another in its place."""
        if not worker.usable:
            await worker.end()
        if desk:
            await _clear(name, desk)
        if worker.usable and not self._closed:
            self._free.put_nowait(worker)
            return
        await worker.end()
        self._workers.discard(worker)
        if not self._workers:
            self._none_left.set()
        if not self._closed:
            _keep(self._starting, self._start_one())


async def _clear(name: str, desk: Desk) -> None:
    try:
        printed = await asyncio.to_thread(scratch.clear, desk)
    except (OSError, RuntimeError) as error:  # the latter where no thread can be started
        log.warning("what %s left could not be removed: %s", name, error)
        return
    if printed:
        log.debug("%s printed: %s", name, printed)


def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
    """Do something in the background; a task that nobody holds may be collected before it is done."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
