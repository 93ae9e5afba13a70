"""Who sees what beyond the channel of an answer: asked of Slack, and known for a short time.

https://docs.slack.dev/reference/methods/conversations.members names everybody in a channel, and
https://docs.slack.dev/reference/methods/users.list tells who belongs to the whole workspace. Of the private channels of
one person, https://docs.slack.dev/reference/methods/users.conversations lists those that the bot is in too.
"""

import asyncio
import logging
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from typing import Final

from pydantic import JsonValue
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TROUBLE, failure
from bots.slack.cache import Cache
from bots.slack.events import is_shared
from bots.slack.fields import objects, text
from bots.slack.pages import pages
from bots.slack.people import is_guest, is_stranger
from bots.slack.surfaces import Surfaces
from core.errors import PlatformError
from core.messages import Audience, JsonObject, Message

log = logging.getLogger("steward.slack")

PATIENCE: Final = 3.0
"""Seconds that an answer waits; what Slack says later is there for the next one."""

KNOWN: Final = 60.0
"""Seconds for which it is known what one channel's or person's answers may use."""

MEMBERS_KNOWN: Final = 300.0
"""Seconds for which it is known who belongs to the workspace; `users.list` may be called 20 times a minute."""

PAGE: Final = 500
MOST_PAGES: Final = 20
"""Of one list; where there are more, nothing is seen."""

_NOTHING: Final[frozenset[Audience]] = frozenset()


def seen_by_members(
    channel: JsonObject, people: AbstractSet[str], workspace: AbstractSet[str], audience: Audience
) -> frozenset[Audience]:
    """Return what everybody in a channel can see besides it; pure.

    Args:
        channel: as `conversations.info` describes it.
        people: who is in it.
        workspace: who belongs to the whole workspace.
        audience: the whole workspace.
    """
    within = bool(people) and people <= workspace and not is_shared(channel)
    return frozenset({audience}) if within else _NOTHING


def seen_by_one(user: JsonObject, channels: Iterable[JsonObject], team: str, audience: Audience) -> frozenset[Audience]:
    """Return what one person can see; pure.

    Args:
        user: as `users.info` describes them.
        channels: the private channels that the bot shares with them.
        team: the workspace's id.
        audience: the whole workspace.
    """
    if is_stranger(user, team):
        return _NOTHING
    private = frozenset(Audience(scope="channel", id=f"slack/{text(channel, 'id')}") for channel in channels)
    return private if is_guest(user, team) else private | {audience}


class Sight:
    """Tells what the readers of an answer can see.

    Args:
        client: one that gives up on 429 at once.
        surfaces: keeps what goes on beside.
        team: the workspace that the bot is in.
        patience: seconds that an answer waits.
    """

    def __init__(self, client: AsyncWebClient, surfaces: Surfaces, *, team: str, patience: float = PATIENCE) -> None:
        self._client = client
        self._surfaces = surfaces
        self._team = team
        self._patience = patience
        self._asked: Cache[asyncio.Task[frozenset[Audience]]] = Cache(size=1000, seconds=KNOWN)
        self._workspace: Cache[frozenset[str]] = Cache(size=1, seconds=MEMBERS_KNOWN)
        self._listing = asyncio.Lock()

    def forget_place(self, channel: str) -> None:
        """Ask again what everybody in a channel can see."""
        self._asked.drop(channel)

    async def sees(self, message: Message) -> frozenset[Audience]:
        """Return what everybody who reads an answer to a message can see beyond its channel; never raises."""
        one = message.audience.scope == "person"
        key = message.author.id if one else message.conversation.channel
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked.put(key, self._surfaces.begin(self._ask(message, one)))
        await asyncio.wait({asked}, timeout=self._patience)
        return asked.result() if asked.done() and not asked.cancelled() else _NOTHING

    async def _ask(self, message: Message, one: bool) -> frozenset[Audience]:
        place = message.conversation
        try:
            if one:
                return await self._of_one(message.author.id, place.workspace_audience)
            return await self._of_members(place.channel, place.workspace_audience)
        except (*TROUBLE, PlatformError) as error:
            log.info("nothing from beyond %s is used there: %s", place.channel, failure(error, "see who reads it"))
            return _NOTHING

    async def _of_one(self, user: str, audience: Audience) -> frozenset[Audience]:
        described, channels = await asyncio.gather(
            self._described("users.info", "user", user=user),
            self._list("users.conversations", "channels", user=user, types="private_channel,mpim"),
        )
        return seen_by_one(described, objects(channels), self._team, audience)

    async def _of_members(self, channel: str, audience: Audience) -> frozenset[Audience]:
        described, people, workspace = await asyncio.gather(
            self._described("conversations.info", "channel", channel=channel),
            self._list("conversations.members", "members", channel=channel),
            self._members(),
        )
        return seen_by_members(described, frozenset(map(str, people)), workspace, audience)

    async def _members(self) -> frozenset[str]:
        """Return who belongs to the whole workspace, its bots included."""
        async with self._listing:
            known = self._workspace.get(self._team)
            if known is not None:
                return known
            users = objects(await self._list("users.list", "members"))
            belong = frozenset(text(user, "id") for user in users if not is_guest(user, self._team))
            return self._workspace.put(self._team, belong)

    async def _described(self, method: str, name: str, **arguments: str) -> JsonObject:
        described = (await self._client.api_call(method, params=arguments)).get(name)
        if not isinstance(described, dict):
            raise PlatformError(f"Slack did not say what {name} that is.")
        return described

    async def _list(self, method: str, name: str, **arguments: str) -> list[JsonValue]:
        found: list[JsonValue] = []
        read = 0
        async with aclosing(pages(self._client, method, arguments, items=name, size=PAGE)) as listed:
            async for page in listed:
                if read == MOST_PAGES:
                    raise PlatformError(f"{method} has too many pages.")
                read += 1
                found += page
        return found
