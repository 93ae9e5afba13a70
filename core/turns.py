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
      |  showing: what shows progress   showing | shown    whenever that changes
      |  record: calls of the model     told | noted
      |  record: a call with effects    begun
      |  record: a skill's result       called | recorded
      |  ------------------------------+
      |  close                         answered | closed
      v
    answered | failed                  the parts of the reply wait in the outbox
      |  mark, for each part           sent | marked        or refused by the platform for good
      |  cleared                       tidied | cleared    where progress, or an earlier answer, was shown
      v
    delivered                          no part waits, nothing else of ours is left behind

Back to received (wished | renewed), at any time and between two attempts, leads a wish to have a question answered
anew: it was edited, or somebody tries again. The parts that were sent are withdrawn and replaced. A wish to have it
removed ends the turn and takes away what was sent. Both are stored at once (`core.wishes`), end the work on an answer,
and wait for a delivery.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from core.agent import Agent
from core.delivery import Delivery
from core.endings import failed, stopped
from core.errors import OperatorError, PlatformError, StaleTurnError, StewardError
from core.events import Event, Finished, Restarted, SkillCalled, SkillStarted, TextDelta
from core.files import Files, without
from core.incident import incident, sentence
from core.items import Answer, Item, Result, Step
from core.journal import Journal, Started
from core.messages import Attachment, Message, Reply, Turn
from core.outlet import Draft, Outlet
from core.question import question_of
from core.telemetry import current_turn, redact
from core.wishes import Wishes

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


@dataclass(slots=True, kw_only=True)
class _Work:
    """An attempt at a turn.

    Attributes:
        limit: of the time to answer; moved to now in order to end it.
        said: what the model has said since its last call.
        untidy: there are messages of ours that may have to go.
    """

    turn: Turn
    outlet: Outlet
    limit: asyncio.Timeout
    stopped_by: str | None
    untidy: bool
    draft: Draft = field(init=False)
    said: list[str] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Follow what was said."""
        match event:
            case TextDelta(text=text):
                self.said.append(text)
            case Restarted() | SkillCalled() | SkillStarted():
                self.said.clear()


class _SupersededError(Exception):
    """The work on an answer was ended because the question is to be answered anew, or removed."""


class Turns:
    """The dispatcher.

    Args:
        parallel: turns worked on at the same time.
        longest: seconds that one attempt to answer may take.
        first_pause: seconds before a turn is taken up again; doubled each further time.
        look_every: seconds between two looks for turns that another process asks for again.
        answered: is told of each turn that was answered.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        files: Files,
        agent: Agent,
        delivery: Delivery,
        wishes: Wishes,
        parallel: int,
        longest: float = 600.0,
        first_pause: float = 1.0,
        look_every: float = 2.0,
        answered: Callable[[Turn], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._files = files
        self._agent = agent
        self._delivery = delivery
        self._wishes = wishes
        self._free = asyncio.Semaphore(parallel)
        self._outlets: Mapping[str, Outlet] = {}
        self._longest = longest
        self._first_pause = first_pause
        self._look_every = look_every
        self._answered = answered
        self._queues: dict[str, _Queue] = {}
        self._at_work: dict[int, _Work] = {}
        self._wished: set[int] = set()
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

    def attend(self, turn: Turn) -> None:
        """Carry out a wish that was written down, or else take up a turn as it stands there now.

        That is done at once, or after what cannot be interrupted.
        """
        self._wished.add(turn.id)
        work = self._at_work.get(turn.id)
        if work and not work.limit.expired():  # else it is ending already
            work.limit.reschedule(asyncio.get_running_loop().time())
        queue = self._queues.get(turn.message.conversation.key)
        if queue is None or all(each.id != turn.id for each in queue.turns):
            if self._outlet(turn):
                self._enqueue(turn)
        elif queue.pause is not None and queue.turns[0].id == turn.id:
            queue.pause.cancel()
            self._begin(turn.message.conversation.key)

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
                if turn.id in self._wished:
                    continue
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
        self._wished.discard(turn.id)
        outlet = self._outlet(turn)
        if outlet is None:
            return "parked", f"Nothing is connected to answer on {turn.message.conversation.platform}."
        current_turn.set(turn.id)
        try:
            return await self._carry_out(turn, outlet), "The platform did not take the answer."
        except _SupersededError:
            log.info("turn %d was ended: its question is to be answered anew, or removed", turn.id)
            return "done", ""
        except StaleTurnError as error:
            log.warning("turn %d was taken over by a newer attempt", turn.id, exc_info=error.__cause__)
            return "done", ""
        except StewardError as error:
            log.error("turn %d is unfinished: %s", turn.id, error)
            return "again", str(error)
        except Exception as error:
            name = incident(log, f"turn {turn.id} is unfinished", error)
            return "parked", f"Something is wrong inside Steward ({type(error).__name__}).{sentence(name)}"

    async def _carry_out(self, turn: Turn, outlet: Outlet) -> _End:
        """Answer and deliver.

        Only answering counts against the limit: a platform that takes nothing does not hold up the others.
        """
        work: _Work | None = None
        try:
            async with self._free:
                if self._stopping:
                    return "left"
                started = await self._journal.start(turn)
                if started.wish in ("again", "remove"):
                    if started.closed:
                        await self._settle(started, outlet)
                    await self._wishes.carry_out(turn)
                    started = await self._journal.start(turn)
                work = self._begin_work(started, outlet)
                if not started.closed:
                    await self._close(work)
            if not await self._delivery.deliver(work.turn, work.draft, repeated=started.closed):
                return "again"
            return "done" if not work.untidy or await self._delivery.clear(work.turn, work.draft) else "again"
        finally:
            if work is not None:
                await work.draft.close()

    async def _settle(self, started: Started, outlet: Outlet) -> None:
        """Leave nothing of an answer unknown that is to be replaced or removed.

        Raises:
            PlatformError: that cannot be done now.
        """
        work = self._begin_work(started, outlet)
        try:
            await self._delivery.settle(work.turn, work.draft)
        finally:
            await work.draft.close()

    def _begin_work(self, started: Started, outlet: Outlet) -> _Work:
        work = _Work(
            turn=started.turn,
            outlet=outlet,
            limit=asyncio.timeout(self._longest),
            stopped_by=started.wished_by if started.wish == "stop" else None,
            untidy=started.untidy,
        )

        async def note(ids: Sequence[str]) -> None:
            work.untidy = True
            try:
                await self._journal.showing(work.turn, list(dict.fromkeys([*work.turn.shown, *ids])))
            except StewardError as error:
                log.warning("turn %d: what it shows could not be written down: %s", work.turn.id, error)

        work.draft = outlet.draft(started.turn, note)
        return work

    async def _close(self, work: _Work) -> None:
        """Answer a turn and put the reply into the outbox."""
        began = time.perf_counter()
        finished, pieces = await self._answer(work)
        turn = work.turn
        await work.draft.show(finished)
        await self._journal.close(turn, finished, [await self._with_files_kept(piece, turn) for piece in pieces])
        self._answered(turn)
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

    async def _answer(self, work: _Work) -> tuple[Finished, Sequence[Reply]]:
        """Have the agent answer, and divide the reply; whatever fails becomes a reply that says so.

        Raises:
            _SupersededError: the question is to be answered anew, or removed.
        """
        steps: list[Step] = []
        try:
            async with work.limit:
                own = _Steps(journal=self._journal, turn=work.turn, steps=await self._journal.steps(work.turn))
                steps = own.steps
                if work.stopped_by is not None:
                    return await self._stopped(work, steps, work.stopped_by)
                with self._interruptible(work):
                    notes = await self._fetch(work)
                    own.turn = work.turn
                    async with aclosing(self._agent.run(work.turn, own, notes, work.outlet.sees)) as events:
                        async for event in events:
                            if isinstance(event, Finished):
                                return event, work.outlet.split(event.reply)
                            work.hear(event)
                            await work.draft.show(event)
            raise AssertionError("the agent ends with Finished")
        except (StaleTurnError, OperatorError):
            raise
        except Exception as error:
            return await self._unanswered(work, steps, error)

    @contextmanager
    def _interruptible(self, work: _Work) -> Iterator[None]:
        """Let a wish about the turn end what is done in this block; one that came just before ends it at once."""
        self._at_work[work.turn.id] = work
        if work.turn.id in self._wished:
            work.limit.reschedule(asyncio.get_running_loop().time())
        try:
            yield
        finally:
            del self._at_work[work.turn.id]

    async def _unanswered(
        self, work: _Work, steps: Sequence[Step], error: Exception
    ) -> tuple[Finished, Sequence[Reply]]:
        """Return what is said in place of an answer that was not made."""
        if work.limit.expired() and work.turn.id in self._wished:
            self._wished.discard(work.turn.id)  # a wish that comes from here on is looked at after this attempt
            wish, by = await self._wishes.of(work.turn)
            if wish == "stop":
                return await self._stopped(work, steps, by)
            self._wished.add(work.turn.id)
            raise _SupersededError from error
        text = self._excuse(work.turn, error, expired=work.limit.expired())
        report = self._agent.report(work.turn, steps)
        made = await self._made(work.turn, steps)
        finished = failed(_items(work.turn, steps), steps, text, report, made)
        # not divided by the platform, for that may be what failed
        return finished, [Reply(text=finished.reply.text), *(Reply(attachments=(file,)) for file in made)]

    async def _stopped(self, work: _Work, steps: Sequence[Step], by: str) -> tuple[Finished, Sequence[Reply]]:
        log.info("turn %d was stopped", work.turn.id)
        report = self._agent.report(work.turn, steps)
        made = await self._made(work.turn, steps)
        finished = stopped(_items(work.turn, steps), steps, "".join(work.said), by, report, made)
        return finished, work.outlet.split(finished.reply)

    async def _made(self, turn: Turn, steps: Sequence[Step]) -> tuple[Attachment, ...]:
        """Return the files that were made up to now: what is remembered says that people see them."""
        ids = [file_id for step in steps if isinstance(step, Result) for file_id in step.files]
        message = turn.message
        found = [await self._files.get(file_id, message.conversation, message.audience) for file_id in ids]
        return tuple(file for file in found if file is not None)

    def _excuse(self, turn: Turn, error: Exception, *, expired: bool) -> str:
        """Log why there is no answer, and say it."""
        if expired:
            name = incident(log, f"turn {turn.id} was given up after {self._longest:g} s")
            return (
                f"I gave this up after {self._longest:g} seconds. Perhaps it can be asked in smaller steps."
                f"{sentence(name)}"
            )
        name = incident(log, f"turn {turn.id} failed", error)
        return f"Something went wrong inside me, and I could not answer.{sentence(name)}"

    async def _fetch(self, work: _Work) -> Sequence[str]:
        """Fetch and keep the files that came with the message; return sentences on those that could not be had."""
        turn, outlet = work.turn, work.outlet
        message, notes = turn.message, []
        attachments: list[Attachment] = []
        for attachment in message.attachments:
            try:
                attachments.append(await self._kept(attachment, turn, outlet))
            except OperatorError:
                raise  # it may pass, and then the file is there
            except StewardError as error:
                reason = without(str(error), attachment)
                log.warning("turn %d: a file that came with it could not be fetched: %s", turn.id, reason)
                notes.append(f"I could not fetch {attachment.filename}: {redact(str(error)).rstrip('.')}.")
                attachments.append(replace(attachment, id=""))  # a direct call names files by their places
        if message.attachments:
            work.turn = replace(turn, message=replace(message, attachments=tuple(attachments)))
            await self._journal.update(work.turn)
        return notes

    async def _with_files_kept(self, piece: Reply, turn: Turn) -> Reply:
        """Keep the files that the platform made of a text, so that the outbox can name them."""
        files = [
            file if file.id else await self._files.keep(file, message=turn.message, source="made")
            for file in piece.attachments
        ]
        return replace(piece, attachments=tuple(files))

    async def _kept(self, attachment: Attachment, turn: Turn, outlet: Outlet) -> Attachment:
        if attachment.id:
            found = await self._files.get(attachment.id, turn.message.conversation, turn.message.audience)
            if found is None:
                raise PlatformError("it is no longer kept", permanent=True)
            return found
        if attachment.content is None:
            if attachment.source is None:
                raise PlatformError("it is no longer kept", permanent=True)
            attachment = replace(attachment, content=await outlet.download(attachment))
        return await self._files.keep(attachment, message=turn.message, source="received")


def _items(turn: Turn, steps: Sequence[Step]) -> list[Item]:
    """Return what is known of a turn without an answer, question first."""
    return [question_of(turn.message), *(step for step in steps if isinstance(step, Answer | Result))]
