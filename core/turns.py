"""Turns: from an accepted message to a delivered answer.

The life of a turn. Each line with an arrow is one transaction; the words on the right name the boundaries before and
after it, which are those of `core.boundary`::

      |  accept                        arrived | accepted
      v
    received
      |  start                         started             also: taken up again after a pause, a restart, a retry
      v
    running  <---------------------+
      |  update: its files are kept     downloaded | fetched
      |  record: calls of the model     told | noted
      |  record: a call with effects    begun
      |  record: a skill's result       called | recorded
      |  ------------------------------+
      |  close                         answered | closed
      v
    answered | failed                  the parts of the reply wait in the outbox
      |  mark, for each part           sent | marked        or refused by the platform for good
      v
    delivered                          no part waits

A message is in the database before `accept` returns, so it can be acknowledged. Turns of one conversation run in
order, conversations side by side, up to a limit. Whatever ends the program between two boundaries, the turn goes on
from what is stored. Each time it is taken up its attempt number rises, and a write with an older number is refused.

A turn that a passing fault cut off (a full disk, a platform out of reach) is taken up again after a pause, and the
later ones of its conversation wait for it. One that had its chances, or for which waiting does not help, is parked:
given up until the next start, or until somebody has it tried again with `steward turns retry`, which takes a failed
turn back to `received`, with the steps it had done, and a refused part back into the outbox.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from core.agent import Agent, failed, question_of
from core.delivery import Delivery
from core.errors import OperatorError, PlatformError, StaleTurnError, StewardError
from core.events import Finished
from core.files import Files
from core.items import Answer, Result, Step
from core.journal import Journal
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Draft, Outlet
from core.telemetry import current_turn, redact

log = logging.getLogger("steward.turns")

TRIES: Final = 20
"""How often a turn is taken up before it is parked."""

LONGEST_PAUSE: Final = 300.0
"""Seconds before a turn is taken up again, at the most."""


_End: TypeAlias = Literal["done", "again", "left", "parked"]
"""What became of taking a turn up: it is done with; it is to be taken up again; it is left for the next start, because
Steward stops; it is given up for now."""


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
    steps: list[Step]

    async def record(self, step: Step) -> None:
        await self.journal.record(self.turn, step)
        self.steps.append(step)


class Turns:
    """The dispatcher.

    Args:
        parallel: turns worked on at the same time.
        longest: seconds that one attempt to answer may take.
        first_pause: seconds before a turn is taken up again; doubled each further time.
        look_every: seconds between two looks for turns that another process asks for again.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        files: Files,
        agent: Agent,
        delivery: Delivery,
        parallel: int,
        longest: float = 600.0,
        first_pause: float = 1.0,
        look_every: float = 2.0,
    ) -> None:
        self._journal = journal
        self._files = files
        self._agent = agent
        self._delivery = delivery
        self._free = asyncio.Semaphore(parallel)
        self._outlets: Mapping[str, Outlet] = {}
        self._longest = longest
        self._first_pause = first_pause
        self._look_every = look_every
        self._queues: dict[str, _Queue] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._accepting: set[asyncio.Task[bool]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self, outlets: Mapping[str, Outlet]) -> None:
        """Take up unfinished turns of these platforms, oldest first, and from now on those asked for again."""
        self._outlets = outlets
        unfinished = [turn for turn in await self._journal.unfinished() if self._outlet(turn)]
        if unfinished:
            log.info("taking up %d unfinished turns", len(unfinished))
        for turn in unfinished:
            self._enqueue(turn)
        self._asking = asyncio.create_task(self._take_up_again(), name="turns asked for again")

    async def accept(self, message: Message) -> bool:
        """Write a message down and have it answered; False where it was accepted before.

        Raises:
            OperatorError: the database could not be written; the message must not be acknowledged.
        """
        accepting = asyncio.create_task(self._accept(message))
        self._accepting.add(accepting)
        accepting.add_done_callback(self._accepting.discard)
        return await asyncio.shield(accepting)  # what is stored is answered, also where nobody waits for it any more

    async def _accept(self, message: Message) -> bool:
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

    async def drain(self, seconds: float) -> None:
        """Begin nothing more, and let what is under way come to its end for so long.

        Messages are still accepted, to be answered after the next start.
        """
        self._stopping = True
        self._cancel_pauses()
        if self._workers:
            log.info("%d conversations have %g s to come to their end", len(self._workers), seconds)
            await asyncio.wait(self._workers, timeout=seconds)

    async def close(self) -> None:
        """Stop working; what is unfinished is taken up at the next start."""
        self._stopping = True
        self._cancel_pauses()
        ending = [*self._workers, *filter(None, (self._asking,))]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, *self._accepting, return_exceptions=True)

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
        self._queues[key].pause = None
        if self._stopping:
            return
        worker = asyncio.create_task(self._work(key), name=f"turns of {key}")
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    def _cancel_pauses(self) -> None:
        for queue in self._queues.values():
            if queue.pause:
                queue.pause.cancel()

    async def _take_up_again(self) -> None:
        """Look, from time to time, for turns that another process asks for."""
        while True:
            await asyncio.sleep(self._look_every)
            try:
                for turn in await self._journal.asked_again():
                    log.info("turn %d is asked for again", turn.id)
                    self._hurry(turn)
            except Exception as error:
                log.error("turns asked for again could not be read: %s", error)

    def _hurry(self, turn: Turn) -> None:
        """Take a turn up now, or after what its conversation is busy with; where that answers it, nothing is left."""
        self._enqueue(turn)
        key = turn.message.conversation.key
        queue = self._queues[key]
        if queue.pause is not None:
            queue.pause.cancel()
            queue.tries = 0
            self._begin(key)

    async def _work(self, key: str) -> None:
        """Answer the turns of one conversation, in order."""
        queue = self._queues[key]
        try:
            while queue.turns and not self._stopping:
                turn = queue.turns[0]
                end, reason = await self._take(turn)
                if end == "left":
                    return
                if end == "again" and queue.tries + 1 < TRIES:
                    self._pause(key, queue)
                    return
                if end != "done":
                    await self._park(turn, reason)
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

    async def _park(self, turn: Turn, reason: str) -> None:
        log.error("turn %d is given up until the next start, or until `steward turns retry %d`", turn.id, turn.id)
        try:
            await self._journal.park(turn, redact(reason))
        except StewardError as error:
            log.error("turn %d: that could not be written down: %s", turn.id, error)

    async def _take(self, turn: Turn) -> tuple[_End, str]:
        """Answer a turn; return what became of it, and why where it is not done."""
        outlet = self._outlet(turn)
        if outlet is None:
            return "parked", f"Nothing is connected to answer on {turn.message.conversation.platform}."
        current_turn.set(turn.id)
        draft = outlet.draft(turn)
        try:
            return await self._carry_out(turn, outlet, draft), "The platform did not take the answer."
        except StaleTurnError:
            log.warning("turn %d was taken over by a newer attempt", turn.id)
            return "done", ""
        except StewardError as error:
            log.error("turn %d is unfinished: %s", turn.id, error)
            return "again", str(error)
        except Exception as error:
            log.exception("turn %d is unfinished", turn.id)
            return "parked", f"Something is wrong inside Steward ({type(error).__name__}); the log has the details."
        finally:
            await draft.close()

    async def _carry_out(self, turn: Turn, outlet: Outlet, draft: Draft) -> _End:
        """Answer and deliver.

        Only answering counts against the limit: a platform that takes nothing does not hold up the others.
        """
        async with self._free:
            if self._stopping:
                return "left"
            started = await self._journal.start(turn)
            turn = started.turn if started.closed else await self._close(started.turn, outlet, draft)
        return "done" if await self._delivery.deliver(turn, draft, repeated=started.closed) else "again"

    async def _close(self, turn: Turn, outlet: Outlet, draft: Draft) -> Turn:
        """Answer a turn and put the reply into the outbox."""
        began = time.perf_counter()
        turn, finished, pieces = await self._answer(turn, outlet, draft)
        await draft.show(finished)
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

    async def _answer(self, turn: Turn, outlet: Outlet, draft: Draft) -> tuple[Turn, Finished, Sequence[Reply]]:
        """Have the agent answer, and divide the reply; whatever fails becomes a reply that says so."""
        steps: list[Step] = []
        limit = asyncio.timeout(self._longest)
        try:
            async with limit:
                turn, notes = await self._fetch(turn, outlet)
                own = _Steps(journal=self._journal, turn=turn, steps=await self._journal.steps(turn))
                steps = own.steps
                async with aclosing(self._agent.run(turn, own, notes)) as events:
                    async for event in events:
                        if isinstance(event, Finished):
                            return turn, event, outlet.split(event.reply)
                        await draft.show(event)
            raise AssertionError("the agent ends with Finished")
        except (StaleTurnError, OperatorError):
            raise
        except Exception as error:
            text = self._excuse(turn, error, expired=limit.expired())
        items = [question_of(turn.message), *(step for step in steps if isinstance(step, Answer | Result))]
        finished = failed(items, steps, text)
        return turn, finished, [finished.reply]

    def _excuse(self, turn: Turn, error: Exception, *, expired: bool) -> str:
        """Log why there is no answer, and say it."""
        if expired:
            log.error("turn %d was given up after %g s", turn.id, self._longest)
            return f"I gave this up after {self._longest:g} seconds. Perhaps it can be asked in smaller steps."
        log.error("turn %d failed", turn.id, exc_info=error)
        return f"Something went wrong inside me, and I could not answer. The log has the details under turn {turn.id}."

    async def _fetch(self, turn: Turn, outlet: Outlet) -> tuple[Turn, Sequence[str]]:
        """Fetch and keep the files that came with the message; return notes on those that could not be had."""
        message, notes = turn.message, []
        attachments: list[Attachment] = []
        for attachment in message.attachments:
            try:
                attachments.append(await self._kept(attachment, turn, outlet))
            except OperatorError:
                raise  # it may pass, and then the file is there
            except StewardError as error:
                log.warning("turn %d: %s could not be fetched: %s", turn.id, attachment.filename, error)
                notes.append(f"[file {attachment.filename!r} could not be fetched: {redact(str(error))}]")
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
