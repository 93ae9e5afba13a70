"""Turns: from an accepted message to a delivered answer.

::

    accept ──> received ──> running ──> answered | failed ──> delivered
                             │   ▲
                             └───┘ a pause or a restart takes up running turns with their stored steps

A message is in the database before `accept` returns, so it can be acknowledged. Turns of one conversation run in
order, conversations side by side, up to a limit. Closing a turn puts its reply into the outbox; sending comes after.
A turn that a passing fault cut off (a full disk, a platform out of reach) is taken up again after a pause, and the
later ones of its conversation wait for it.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from core.agent import Agent
from core.delivery import Delivery
from core.errors import PlatformError, StaleTurnError, StewardError
from core.events import Finished
from core.files import Files
from core.items import Answer, Item
from core.journal import Journal
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Draft, Outlet
from core.telemetry import current_turn

log = logging.getLogger("steward.turns")

TRIES: Final = 20
"""How often a turn is taken up before it waits for the next start."""

LONGEST_PAUSE: Final = 300.0
"""Seconds before a turn is taken up again, at the most."""


@dataclass(slots=True)
class _Queue:
    """The turns of one conversation; `tries` counts those that the first of them took in vain."""

    turns: deque[Turn] = field(default_factory=deque)
    tries: int = 0
    pause: asyncio.TimerHandle | None = None


@dataclass(slots=True, kw_only=True)
class _Steps:
    """The journal of one turn, as the agent sees it."""

    journal: Journal
    turn: Turn
    steps: list[Item]

    async def record(self, item: Item) -> None:
        await self.journal.record(self.turn, len(self.steps), item)
        self.steps.append(item)


class Turns:
    """The dispatcher.

    Args:
        parallel: turns worked on at the same time.
        first_pause: seconds before a turn is taken up again; doubled each further time.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        files: Files,
        agent: Agent,
        delivery: Delivery,
        parallel: int,
        first_pause: float = 1.0,
    ) -> None:
        self._journal = journal
        self._files = files
        self._agent = agent
        self._delivery = delivery
        self._free = asyncio.Semaphore(parallel)
        self._outlets: Mapping[str, Outlet] = {}
        self._first_pause = first_pause
        self._queues: dict[str, _Queue] = {}
        self._workers: set[asyncio.Task[None]] = set()

    async def start(self, outlets: Mapping[str, Outlet]) -> None:
        """Take up unfinished turns of these platforms, oldest first."""
        self._outlets = outlets
        unfinished = [turn for turn in await self._journal.unfinished() if self._outlet(turn)]
        if unfinished:
            log.info("taking up %d unfinished turns", len(unfinished))
        for turn in unfinished:
            self._enqueue(turn)

    async def accept(self, message: Message) -> bool:
        """Write a message down and have it answered; False where it was accepted before.

        Raises:
            OperatorError: the database could not be written; the message must not be acknowledged.
        """
        attachments = [await self._own(attachment, message) for attachment in message.attachments]
        turn = await self._journal.accept(replace(message, attachments=tuple(attachments)))
        if turn is None:
            log.debug("%s was accepted before", message.id)
            return False
        log.debug("turn %d accepted: %s", turn.id, message.id)
        self._enqueue(turn)
        return True

    async def idle(self) -> None:
        """Wait until nothing is left to do but what pauses."""
        while self._workers:
            await asyncio.wait(self._workers)

    async def close(self) -> None:
        """Stop working; what is unfinished is taken up at the next start."""
        for queue in self._queues.values():
            if queue.pause:
                queue.pause.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _own(self, attachment: Attachment, message: Message) -> Attachment:
        """Keep a file that came with its bytes, which the message's row does not hold."""
        if attachment.content is None:
            return attachment
        return await self._files.keep(attachment, message=message, source="received")

    def _outlet(self, turn: Turn) -> Outlet | None:
        return self._outlets.get(turn.message.conversation.platform)

    def _enqueue(self, turn: Turn) -> None:
        key = turn.message.conversation.key
        if key in self._queues:
            self._queues[key].turns.append(turn)
            return
        self._queues[key] = _Queue(deque([turn]))
        self._begin(key)

    def _begin(self, key: str) -> None:
        worker = asyncio.create_task(self._work(key), name=f"turns of {key}")
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self, key: str) -> None:
        """Answer the turns of one conversation, in order."""
        queue = self._queues[key]
        queue.pause = None
        try:
            while queue.turns:
                turn = queue.turns[0]
                done = await self._take(turn)
                if not done and queue.tries + 1 < TRIES:
                    self._pause(key, queue)
                    return
                if not done:
                    log.error("turn %d is left for the next start", turn.id)
                queue.turns.popleft()
                queue.tries = 0
        finally:
            if queue.pause is None:
                del self._queues[key]

    def _pause(self, key: str, queue: _Queue) -> None:
        """Take up the first turn again later, as another attempt."""
        turn = queue.turns[0]
        longest = min(LONGEST_PAUSE, self._first_pause * 2.0**queue.tries)
        pause = longest * random.uniform(0.75, 1.0)  # noqa: S311  # jitter, not a secret
        log.warning("turn %d is taken up again in %.1f s", turn.id, pause)
        queue.tries += 1
        queue.turns[0] = replace(turn, attempt=turn.attempt + 1)
        queue.pause = asyncio.get_running_loop().call_later(pause, self._begin, key)

    async def _take(self, turn: Turn) -> bool:
        """Answer a turn; return whether it is done with, which it is not where a fault may pass."""
        outlet = self._outlet(turn)
        if outlet is None:
            log.error("turn %d: nothing is connected to answer on %s", turn.id, turn.message.conversation.platform)
            return True
        current_turn.set(turn.id)
        draft = outlet.draft(turn)
        try:
            return await self._carry_out(turn, outlet, draft)
        except StaleTurnError:
            log.warning("turn %d was taken over by a newer attempt", turn.id)
        except StewardError as error:
            log.error("turn %d is unfinished: %s", turn.id, error)
            return False
        except Exception:
            log.exception("turn %d is unfinished and will be taken up at the next start", turn.id)
        finally:
            await draft.close()
        return True

    async def _carry_out(self, turn: Turn, outlet: Outlet, draft: Draft) -> bool:
        """Answer and deliver; return whether everything was.

        Only answering counts against the limit: a platform that takes nothing does not hold up the others.
        """
        async with self._free:
            started = await self._journal.start(turn)
            turn = started.turn if started.closed else await self._close(started.turn, outlet, draft)
        return await self._delivery.deliver(turn, draft, repeated=started.closed)

    async def _close(self, turn: Turn, outlet: Outlet, draft: Draft) -> Turn:
        """Answer a turn and put the reply into the outbox."""
        began = time.perf_counter()
        turn, finished = await self._answer(turn, outlet, draft)
        await draft.show(finished)
        pieces = outlet.split(finished.reply)
        await self._journal.close(turn, finished, pieces)
        log.info(
            "turn %d %s %s in %.2f s: %d model calls, %d files, %d parts",
            turn.id,
            turn.message.conversation.key,
            "answered" if finished.ok else "failed",
            time.perf_counter() - began,
            sum(isinstance(item, Answer) for item in finished.items),
            len(finished.reply.attachments),
            len(pieces),
        )
        return turn

    async def _answer(self, turn: Turn, outlet: Outlet, draft: Draft) -> tuple[Turn, Finished]:
        """Have the agent answer; whatever fails becomes a reply that says so."""
        try:
            turn, notes = await self._fetch(turn, outlet)
            own = _Steps(journal=self._journal, turn=turn, steps=await self._journal.steps(turn))
            async with aclosing(self._agent.run(turn, own, notes)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        return turn, event
                    await draft.show(event)
        except StaleTurnError:
            raise
        except Exception:
            log.exception("turn %d failed", turn.id)
        text = f"Something went wrong inside me, and I could not answer. The log has the details under turn {turn.id}."
        return turn, Finished(reply=Reply(text=text), ok=False)

    async def _fetch(self, turn: Turn, outlet: Outlet) -> tuple[Turn, Sequence[str]]:
        """Fetch and keep the files that came with the message; return notes on those that could not be had."""
        message, notes = turn.message, []
        attachments: list[Attachment] = []
        for attachment in message.attachments:
            try:
                attachments.append(await self._kept(attachment, turn, outlet))
            except StewardError as error:
                log.warning("turn %d: %s could not be fetched: %s", turn.id, attachment.filename, error)
                notes.append(f"[file {attachment.filename!r} could not be fetched: {error}]")
        if not message.attachments:
            return turn, notes
        turn = replace(turn, message=replace(message, attachments=tuple(attachments)))
        await self._journal.update(turn)
        return turn, notes

    async def _kept(self, attachment: Attachment, turn: Turn, outlet: Outlet) -> Attachment:
        if attachment.id:
            found = await self._files.get(attachment.id, turn.message.conversation, turn.message.audience)
            if found is None:
                raise PlatformError("it is no longer kept", permanent=True)
            return found
        if attachment.content is None:
            attachment = replace(attachment, content=await outlet.download(attachment))
        return await self._files.keep(attachment, message=turn.message, source="received")
