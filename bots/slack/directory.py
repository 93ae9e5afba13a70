"""People, kinds of channels and who spoke in a thread, asked for once in a while."""

import asyncio
from collections.abc import Iterable
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TROUBLE, unsupported
from bots.slack.cache import Cache
from bots.slack.events import Lookup, Place, described_place
from bots.slack.fields import parts, text
from bots.slack.people import described_person
from core.messages import Person

PATIENCE: Final = 1.0
"""Seconds for a lookup: the message it belongs to has to be acknowledged within three."""

MOST_PEOPLE: Final = 8
"""People looked up for one message."""

MOST_REPLIES: Final = 200
"""Messages of a thread in which its speakers are looked for; what is said later is heard as it comes."""


class Directory:
    """Looks people and channels up; what cannot be had is left out, and a method that is refused is not asked again.

    Args:
        bot: the bot's user id.
        team: the workspace it is in, and
        address: the address of that; "" where it is not known.
    """

    def __init__(self, client: AsyncWebClient, *, bot: str, team: str, address: str = "") -> None:
        self._client = client
        self._bot = bot
        self._team = team
        self._address = address
        self._people: Cache[Person] = Cache(size=5000, seconds=600.0)
        self._places: Cache[Place] = Cache(size=5000, seconds=600.0)
        self._speakers: Cache[frozenset[str]] = Cache(size=1000, seconds=600.0)
        self._refused: set[str] = set()

    async def look_up(self, channel: str, people: Iterable[str] = (), *, known: Place | None = None) -> Lookup:
        """Return what is needed in order to read what was said in a channel by some people about others.

        `known` is who reads the channel, where the payload says so.
        """
        known_people, place = await asyncio.gather(
            self.people(user for user in people if user != self._bot), self.place(channel, known=known)
        )
        return Lookup(bot=self._bot, team=self._team, address=self._address, people=known_people, place=place)

    async def people(self, users: Iterable[str]) -> dict[str, Person]:
        """Return the people who are known or can be looked up, by id."""
        wanted = [user for user in dict.fromkeys(users) if user][:MOST_PEOPLE]
        found = await asyncio.gather(*map(self._described, wanted))
        return {user: person for user, person in zip(wanted, found, strict=True) if person}

    async def person(self, user: str) -> Person:
        """Return a person, without name and roles where they cannot be looked up."""
        return (await self.people([user])).get(user) or Person(id=user, name=user)

    def forget_place(self, channel: str) -> None:
        """Ask again who reads a channel."""
        self._places.drop(channel)

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

    async def _described(self, user: str) -> Person | None:
        known = self._people.get(user)
        if known is not None:
            return known
        described = (await self._ask("users.info", user=user)).get("user")
        if not isinstance(described, dict):
            return None
        return self._people.put(user, described_person({**described, "id": user}, self._team))

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
