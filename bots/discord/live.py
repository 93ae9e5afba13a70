"""The messages whose place a part is to take: the progress that was shown, or an earlier answer."""

import logging

import discord

from bots.discord.adopt import find_unfinished
from bots.discord.errors import refusal
from bots.discord.place import Place
from bots.discord.rest import Rest
from core.controls import while_running
from core.errors import StewardError
from core.messages import Turn
from core.outlet import Note, Part

log = logging.getLogger("steward.discord")


class Live:
    """Those of one turn, in the order in which parts take their places.

    Args:
        note: stores their ids.

    Attributes:
        ids: of those whose place can be taken.
        left: the ids of those that could not be changed, and have to go.
    """

    def __init__(self, turn: Turn, place: Place, note: Note) -> None:
        self.ids = list(turn.shown)
        self._place = place
        self._note = note
        self.left: list[str] = []
        self._failed: set[str] = set()
        (stop,) = while_running(turn)
        self._control = stop.key
        message_id = turn.message.origin.get("message_id") or turn.message.origin.get("interaction_id")
        # only an earlier attempt can have left something behind
        self._after = message_id if turn.attempt > 1 else None

    async def find(self, rest: Rest) -> None:
        """Take in what an attempt left behind that was ended before it could store the ids; done once.

        Raises:
            HTTPException: Discord failed for now.
        """
        if self._after is None:
            return
        found = await find_unfinished(rest, self._place.channel_id, self._control, after=self._after)
        self._after = None
        if new := [message_id for message_id in found if message_id not in self.ids]:
            await self.add(*new)

    async def add(self, *ids: str) -> None:
        """Take messages in, and store that they are there."""
        self.ids += ids
        try:
            await self._note(self.ids)
        except StewardError as error:
            log.warning("which messages show progress could not be stored: %s", error)

    async def replace(self, rest: Rest, part: Part) -> str | None:
        """Write a part in the place of the next message that can still be changed; None where there is none.

        Raises:
            HTTPException: Discord refused, or failed.
        """
        self.ids = [message_id for message_id in self.ids if message_id not in part.known]
        while self.ids:
            message_id = self.ids[0]
            replaced = await self._edit(rest, message_id, part)
            self.ids.remove(message_id)
            if replaced:
                return message_id
            self.left.append(message_id)
        return None

    def leave_before(self, message_id: str) -> None:
        """Give up the places above a message, so that no later part comes to stand there."""
        above = [each for each in self.ids if int(each) < int(message_id)]
        self.left += above
        self.ids = [each for each in self.ids if each not in above]

    def keep(self, message_id: str) -> None:
        """Note that a message holds a part, however it came to: a command's answer has two addresses."""
        self.ids = [each for each in self.ids if each != message_id]
        self.left = [each for each in self.left if each != message_id]

    async def _edit(self, rest: Rest, message_id: str, part: Part) -> bool:
        """Write a part over a message; one at which Discord fails again has to make way for a new one."""
        try:
            return await self._place.edit(rest, message_id, part)
        except discord.DiscordServerError:
            if message_id not in self._failed:
                self._failed.add(message_id)
                raise
            return False

    async def clear(self, rest: Rest) -> None:
        """Delete what no part took the place of; one that may not be deleted keeps none of the others.

        Raises:
            HTTPException: Discord refused, or failed.
        """
        refused: discord.HTTPException | None = None
        for messages in (self.ids, self.left):
            while messages:
                try:
                    await self._place.delete(rest, messages[0])
                except discord.HTTPException as error:
                    if not refusal(error).permanent:
                        raise
                    refused = error
                del messages[0]
        if refused is not None:
            raise refused
