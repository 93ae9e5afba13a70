"""Threads that the bot takes part in: what people say there without a mention may be for it."""

import re
from typing import Final

from bots.slack.directory import Directory
from bots.slack.events import people_of
from bots.slack.fields import part, text
from bots.slack.follow import Said, asks, is_for
from core.channels import Channels
from core.company import Companies, Company
from core.messages import Conversation, JsonObject, Message

_GROUP: Final = re.compile(r"<!(?:subteam\^|channel|here|everyone)")


class Threads:
    """Tells what is said to the bot in the threads it takes part in, and hears what else is said there.

    Args:
        name: what the assistant is called.
        bot: its user id.
        usually: threads are followed in channels where nobody has set that.
    """

    def __init__(
        self, companies: Companies, channels: Channels, directory: Directory, *, name: str, bot: str, usually: bool
    ) -> None:
        self._companies = companies
        self._channels = channels
        self._directory = directory
        self._name = name
        self._bot = bot
        self._usually = usually

    async def company(self, thread: Conversation) -> Company | None:
        """Return the company in a thread, None where the bot takes no part in it.

        Raises:
            OperatorError: the database cannot be read.
        """
        company = await self._companies.of(thread)
        return company if company.joined else None

    async def hear(self, payload: JsonObject, message: Message, company: Company) -> bool:
        """Tell whether what is said in a thread is for the bot; where it is not, note who spoke, and who was called in.

        Raises:
            OperatorError: the database cannot be read or written.
        """
        if await self._channels.follows(message.conversation, usually=self._usually) and is_for(
            await self._said(payload, message, company), self._name
        ):
            return True
        for person in self._named(payload):
            await self._companies.heard(message.conversation, person)
        return False

    async def _said(self, payload: JsonObject, message: Message, company: Company) -> Said:
        author, place = message.author.id, message.conversation
        said = text(part(payload, "event"), "text")
        before = await self._directory.speakers(place.channel, place.thread or "")
        others = (company.people | (before or frozenset())) - {author, self._bot}
        # their names only matter where a question could be for one of them
        known = await self._directory.people(sorted(others)) if company.answered and asks(message.text) else {}
        return Said(
            text=message.text,
            alone=before is not None and not others,
            answered=company.answered,
            names_others=bool(self._named(payload) - {author}) or _GROUP.search(said) is not None,
            others=tuple(person.name for person in known.values()),
        )

    def _named(self, payload: JsonObject) -> set[str]:
        """Return the people mentioned, and the author."""
        return set(people_of(payload)) - {self._bot}
