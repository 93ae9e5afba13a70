"""Names of people, kinds of channels and who spoke in a thread, asked for once in a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TROUBLE, unsupported
from bots.slack.events import Lookup, Place, described_place
from bots.slack.fields import parts, text
from core.messages import Person

PATIENCE: Final = 1.0
"""Seconds for a lookup: the message it belongs to has to be acknowledged within three."""

MOST_NAMES: Final = 8
"""People looked up for one message."""

MOST_REPLIES: Final = 200
"""Messages of a thread in which its speakers are looked for; what is said later is heard as it comes."""

T = TypeVar("T")


class Directory:
    """Looks people and channels up; what cannot be had is left out, and a method that is refused is not asked again.

    Args:
        bot: the bot's user id.
        team: the workspace it is in.
    """

    def __init__(self, client: AsyncWebClient, *, bot: str, team: str) -> None:
        self._client = client
        self._bot = bot
        self._team = team
        self._names: _Cache[str] = _Cache(size=5000, seconds=3600.0)
        self._places: _Cache[Place] = _Cache(size=5000, seconds=600.0)
        self._speakers: _Cache[frozenset[str]] = _Cache(size=1000, seconds=600.0)
        self._refused: set[str] = set()

    async def look_up(self, channel: str, people: Iterable[str] = (), *, known: Place | None = None) -> Lookup:
        """Return what is needed in order to read what was said in a channel by some people about others.

        `known` is who reads the channel, where the payload says so.
        """
        names, place = await asyncio.gather(
            self.names(user for user in people if user != self._bot), self.place(channel, known=known)
        )
        return Lookup(bot=self._bot, team=self._team, names=names, place=place)

    async def names(self, people: Iterable[str]) -> dict[str, str]:
        """Return the names that are known or can be had, by id."""
        wanted = [user for user in dict.fromkeys(people) if user][:MOST_NAMES]
        found = await asyncio.gather(*map(self._name, wanted))
        return {user: name for user, name in zip(wanted, found, strict=True) if name}

    async def person(self, user: str) -> Person:
        """Return a person with the name that can be had."""
        return Person(id=user, name=(await self.names([user])).get(user, user))

    async def place(self, channel: str, *, known: Place | None = None) -> Place:
        """Return who reads a channel; "private" where that cannot be had."""
        known = known or self._places.get(channel)
        if known is not None:
            return known
        answer = await self._ask("conversations.info", channel=channel)
        described = answer.get("channel")
        if not isinstance(described, dict):
            return "private"
        return self._places.put(channel, described_place(described))

    async def speakers(self, channel: str, thread: str) -> frozenset[str] | None:
        """Return the people who said something in a thread, the first of many; None where that cannot be had."""
        known = self._speakers.get(f"{channel}/{thread}")
        if known is not None:
            return known
        answer = await self._ask("conversations.replies", channel=channel, ts=thread, limit=str(MOST_REPLIES))
        posts = answer.get("messages")
        if not isinstance(posts, list):
            return None
        said = (text(post, "user") for post in posts if not post.get("bot_id"))
        people = frozenset(said) - {"", "USLACKBOT", self._bot}
        return self._speakers.put(f"{channel}/{thread}", people)

    async def files_in(self, channel: str, ts: str) -> list[str]:
        """Return the ids of the files of a message; none where they cannot be had.

        https://docs.slack.dev/reference/methods/conversations.replies: of a message without replies it returns that
        one, also where it is a reply itself.
        """
        posts = (await self._ask("conversations.replies", channel=channel, ts=ts)).get("messages")
        listed = posts if isinstance(posts, list) else []
        return [text(file, "id") for post in listed if post.get("ts") == ts for file in parts(post, "files")]

    async def _name(self, user: str) -> str:
        known = self._names.get(user)
        if known is not None:
            return known
        described = (await self._ask("users.info", user=user)).get("user")
        if not isinstance(described, dict):
            return ""
        profile = described.get("profile")
        spoken = profile if isinstance(profile, dict) else {}
        name = (
            spoken.get("display_name") or spoken.get("real_name") or described.get("real_name") or described.get("name")
        )
        return self._names.put(user, str(name or user))

    async def _ask(self, method: str, **arguments: str) -> dict[str, object]:
        if method in self._refused:
            return {}
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.api_call(method, params=arguments)
        except TROUBLE as error:
            if unsupported(error):
                self._refused.add(method)
            return {}
        return answer.data if isinstance(answer.data, dict) else {}


class _Cache(Generic[T]):
    """The latest values, for some time."""

    def __init__(self, *, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._kept: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def get(self, key: str) -> T | None:
        until, value = self._kept.get(key, (0.0, None))
        return value if until > time.monotonic() else None

    def put(self, key: str, value: T) -> T:
        self._kept[key] = (time.monotonic() + self._seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value
