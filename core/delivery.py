"""Delivering a reply: the parts of the outbox go out one after the other, each until it is sent or refused for good."""

import asyncio
import logging
import random
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final

from core.errors import PlatformError
from core.files import Files
from core.journal import Journal, Outgoing
from core.messages import Attachment, Turn
from core.outlet import Draft, Part
from core.telemetry import redact

log = logging.getLogger("steward.delivery")

ATTEMPTS: Final = 8
"""Attempts to send a part before it waits for the next start."""

LONGEST_WAIT: Final = 60.0
"""Seconds between two attempts at the most, whatever the platform asks for."""


class Delivery:
    """Sends what waits in the outbox.

    Args:
        first_wait: seconds before the second attempt; doubled for each further one.
    """

    def __init__(self, journal: Journal, files: Files, *, first_wait: float = 1.0) -> None:
        self._journal = journal
        self._files = files
        self._first_wait = first_wait

    async def deliver(self, turn: Turn, draft: Draft, *, repeated: bool = False) -> bool:
        """Send the parts of a closed turn that were not sent yet; return whether all of them are done with.

        A part whose files are refused is sent as its text with a note instead. `repeated` says that an earlier attempt
        closed the turn: it may have sent the first part that waits, but none after it.
        """
        known = await self._journal.message_ids(turn)
        for number, outgoing in enumerate(await self._journal.waiting(turn)):
            part = replace(await self._part(turn, outgoing), repeated=repeated and number == 0, known=known)
            try:
                await self._mark(turn, outgoing, self._send(turn, draft, part))
            except PlatformError as error:
                log.error("turn %d part %s waits in the outbox: %s", turn.id, part.key, error)
                return False
        return True

    async def settle(self, turn: Turn, draft: Draft) -> None:
        """Find the part that an earlier attempt may have sent without our knowing, or send it: it can then be removed.

        Raises:
            PlatformError: that cannot be done now.
        """
        for outgoing in (await self._journal.waiting(turn))[:1]:
            known = await self._journal.message_ids(turn)
            part = replace(await self._part(turn, outgoing), repeated=True, known=known)
            await self._mark(turn, outgoing, draft.send(part))

    async def _mark(self, turn: Turn, outgoing: Outgoing, sending: Awaitable[str]) -> None:
        """Write down what became of sending a part.

        Raises:
            PlatformError: it could not be sent now.
        """
        try:
            message_id = await sending
        except PlatformError as error:
            if not error.permanent:
                raise
            log.error("turn %d part %d.%d was refused: %s", turn.id, turn.id, outgoing.number, error)
            await self._journal.undeliverable(turn, outgoing.number)
        else:
            await self._journal.sent(turn, outgoing.number, message_id)

    async def clear(self, turn: Turn, draft: Draft) -> bool:
        """Remove what only showed progress, or an earlier answer; return whether that is done with."""
        try:
            await draft.clear()
        except PlatformError as error:
            log.warning("turn %d has left messages behind: %s", turn.id, error)
            if not error.permanent:
                return False
        await self._journal.cleared(turn)
        return True

    async def _part(self, turn: Turn, outgoing: Outgoing) -> Part:
        attachments: list[Attachment] = []
        missing: list[str] = []
        for file_id in outgoing.files:
            found = await self._files.get(file_id, turn.message.conversation, turn.message.audience)
            if found is None:
                missing.append(f"(The file {file_id} is no longer kept.)")
            else:
                attachments.append(found)
        text = "\n".join(filter(None, (outgoing.text, *missing)))
        key = f"{turn.id}.{outgoing.number}"
        return Part(
            key=key, text=text, attachments=tuple(attachments), opens=outgoing.opens, controls=outgoing.controls
        )

    async def _send(self, turn: Turn, draft: Draft, part: Part) -> str:
        try:
            return await self._retry(turn, draft, part)
        except PlatformError as error:
            if not (error.permanent and part.attachments):
                raise
            log.warning("turn %d part %s goes out without its files: %s", turn.id, part.key, error)
            names = ", ".join(attachment.filename for attachment in part.attachments)
            note = f"(I could not upload {names}: {redact(str(error))})"
            text = "\n\n".join(filter(None, (part.text, note)))
            return await self._retry(turn, draft, replace(part, text=text, attachments=()))

    async def _retry(self, turn: Turn, draft: Draft, part: Part) -> str:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await draft.send(part)
            except PlatformError as error:
                if error.permanent or attempt == ATTEMPTS:
                    raise
                wait = self._wait(attempt, error.retry_after)
                log.warning("turn %d part %s: %s Trying again in %.1f s.", turn.id, part.key, error, wait)
                await asyncio.sleep(wait)
        raise AssertionError("the last attempt returned or raised")

    def _wait(self, attempt: int, asked: float | None) -> float:
        if asked is not None:
            return min(LONGEST_WAIT, asked)
        doubled: float = self._first_wait * 2.0 ** (attempt - 1)
        return min(LONGEST_WAIT, doubled) * random.uniform(0.75, 1.25)  # noqa: S311  # jitter, not a secret
