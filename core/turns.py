"""Turns: from an accepted message to a delivered answer.

::

    accept ──> received ──> running ──> answered | failed ──> delivered
                             │   ▲
                             └───┘ a restart takes up running turns with their stored steps

A message is in the database before `accept` returns, so it can be acknowledged. Turns of one conversation run in
order, conversations side by side, up to a limit. Closing a turn puts its reply into the outbox; sending comes after.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.agent import Agent
from core.delivery import Delivery
from core.errors import PlatformError, StaleTurnError, StewardError
from core.events import Finished
from core.files import Files
from core.items import Answer, Item
from core.journal import Journal
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Draft, Outlet

log = logging.getLogger("steward.turns")


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
    """

    def __init__(self, *, journal: Journal, files: Files, agent: Agent, delivery: Delivery, parallel: int) -> None:
        self._journal = journal
        self._files = files
        self._agent = agent
        self._delivery = delivery
        self._free = asyncio.Semaphore(parallel)
        self._outlets: Mapping[str, Outlet] = {}
        self._queues: dict[str, deque[Turn]] = {}
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
        """Wait until nothing is left to do."""
        while self._workers:
            await asyncio.wait(self._workers)

    async def close(self) -> None:
        """Stop working; what is unfinished is taken up at the next start."""
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
            self._queues[key].append(turn)
            return
        self._queues[key] = deque([turn])
        worker = asyncio.create_task(self._work(key), name=f"turns of {key}")
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self, key: str) -> None:
        """Answer the turns of one conversation, in order."""
        queue = self._queues[key]
        try:
            while queue:
                async with self._free:
                    await self._take(queue.popleft())
        finally:
            del self._queues[key]

    async def _take(self, turn: Turn) -> None:
        outlet = self._outlet(turn)
        if outlet is None:
            log.error("turn %d: nothing is connected to answer on %s", turn.id, turn.message.conversation.platform)
            return
        draft = outlet.draft(turn)
        try:
            await self._carry_out(turn, outlet, draft)
        except StaleTurnError:
            log.warning("turn %d was taken over by a newer attempt", turn.id)
        except StewardError as error:
            log.error("turn %d is unfinished and will be taken up at the next start: %s", turn.id, error)
        except Exception:
            log.exception("turn %d is unfinished and will be taken up at the next start", turn.id)
        finally:
            await draft.close()

    async def _carry_out(self, turn: Turn, outlet: Outlet, draft: Draft) -> None:
        began = time.perf_counter()
        started = await self._journal.start(turn)
        turn = started.turn
        if not started.closed:
            turn, finished = await self._answer(turn, started.steps, outlet, draft)
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
        await self._delivery.deliver(turn, draft)

    async def _answer(self, turn: Turn, steps: list[Item], outlet: Outlet, draft: Draft) -> tuple[Turn, Finished]:
        """Have the agent answer; whatever fails becomes a reply that says so."""
        try:
            turn, notes = await self._fetch(turn, outlet)
            own = _Steps(journal=self._journal, turn=turn, steps=steps)
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
