"""What people see before they ask anything: the Home tab and suggested prompts.

https://docs.slack.dev/reference/events/app_home_opened and, of apps with the older assistant view,
https://docs.slack.dev/reference/events/assistant_thread_started
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from bots.slack.apology import apology
from bots.slack.directory import Directory
from bots.slack.fields import part, text
from bots.slack.home import home, prompts
from bots.slack.surfaces import Surfaces
from core.messages import JsonObject, Message, Person
from core.model import Tool

Usage: TypeAlias = Callable[[Person], Awaitable[str]]
"""Says in Markdown what a person used this month."""

_MOST_UNTITLED: Final = 1000


async def untold(_: Person) -> str:
    """Say nothing of what a person used."""
    return ""


class Welcome:
    """Shows the Home tab, and suggests what to ask where a conversation with the bot is opened.

    Args:
        name: what the assistant calls itself.
        tools: the skills.
        usage: says what a person used this month.
        follows: threads are followed where nobody has switched that.
    """

    def __init__(
        self,
        surfaces: Surfaces,
        directory: Directory,
        *,
        name: str,
        tools: Sequence[Tool],
        usage: Usage,
        follows: bool,
    ) -> None:
        self._surfaces = surfaces
        self._directory = directory
        self._name = name
        self._tools = tools
        self._usage = usage
        self._follows = follows
        self._untitled: OrderedDict[tuple[str, str], None] = OrderedDict()

    def take(self, payload: JsonObject) -> None:
        """Show what an event asks for, if anything."""
        event = part(payload, "event")
        match event.get("type"), event.get("tab"):
            case "app_home_opened", "home":
                self._surfaces.begin(self._publish(text(event, "user")))
            case "app_home_opened", "messages":
                self._surfaces.suggest(text(event, "channel"), prompts(self._tools))
            case "assistant_thread_started", _:
                opened = part(event, "assistant_thread")
                self._opened(text(opened, "channel_id"), text(opened, "thread_ts"))

    def asked(self, message: Message) -> None:
        """Give a thread that was just opened the title of its first question."""
        place = message.conversation
        if self._untitled.pop((place.channel, place.thread or ""), self) is None:
            self._surfaces.entitle(place.channel, place.thread or "", message.text)

    def _opened(self, channel: str, thread: str) -> None:
        self._surfaces.suggest(channel, prompts(self._tools), thread=thread)
        self._untitled[channel, thread] = None
        while len(self._untitled) > _MOST_UNTITLED:
            self._untitled.popitem(last=False)

    async def _publish(self, user: str) -> None:
        try:
            usage = await self._usage(await self._directory.person(user))
        except Exception as error:
            usage = apology(error, "the usage of a person could not be read")
        await self._surfaces.publish(user, home(self._name, self._tools, usage, follows=self._follows))
