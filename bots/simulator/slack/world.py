"""The people, channels, messages and files of a simulated Slack workspace, and the rules of who may do what."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

from bots.simulator.slack.blocks import pings, visible
from bots.simulator.transcript import Shown, ShownFile, Transcript
from core.messages import JsonObject

Kind: TypeAlias = Literal["channel", "group", "im", "mpim"]

_SCOPE_WORD: dict[Kind, str] = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


def read_scope(kind: Kind) -> str:
    """Return the scope that lets the bot know of channels of a kind."""
    return f"{_SCOPE_WORD[kind]}:read"


class ApiError(Exception):
    """Answer a call with `{"ok": false, "error": code}` and further fields."""

    def __init__(self, code: str, **fields: JsonValue) -> None:
        super().__init__(code)
        self.code = code
        self.fields: JsonObject = dict(fields)


@dataclass(slots=True, kw_only=True)
class User:
    """A person or the bot."""

    id: str
    name: str
    is_bot: bool = False


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file; it has no content until it was uploaded.

    Attributes:
        check_info: a file of another workspace (Slack Connect), whose addresses only `files.info` tells.
    """

    id: str
    name: str
    media_type: str
    user: str
    content: bytes | None = field(default=None, repr=False)
    alt: str = ""
    check_info: bool = False

    def shown(self) -> ShownFile:
        """Return the file as people see it."""
        return ShownFile(name=self.name, media_type=self.media_type, content=self.content or b"", alt=self.alt)


@dataclass(slots=True, kw_only=True)
class Post:
    """One message; `ts` is its id within the channel, `thread` the id of the message it replies to."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JsonObject] = field(default_factory=list)
    thread: str | None = None
    files: list[StoredFile] = field(default_factory=list)
    metadata: JsonObject | None = None
    edited: bool = False


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, private channel (`group`), direct message (`im`) or group direct message (`mpim`).

    Attributes:
        shared: with another workspace through Slack Connect.
    """

    id: str
    name: str
    kind: Kind = "channel"
    members: set[str] = field(default_factory=set)
    shared: bool = False
    posts: list[Post] = field(default_factory=list)

    def find(self, ts: str) -> Post | None:
        """Return the message of this id."""
        return next((post for post in self.posts if post.ts == ts), None)


class World:
    """A workspace with one bot.

    Args:
        scopes: what the bot's token may do.
        posted: called with each message of the bot.

    Attributes:
        pings: who was notified by the bot's messages: ids of people, "channel", "here", "everyone".
        page: the most items of one page of a list.
    """

    team = "T1"
    app = "A1"
    bot = "UBOT"
    bot_id = "B1"

    def __init__(self, *, scopes: Collection[str], posted: Callable[[Post], None]) -> None:
        self.scopes = frozenset(scopes)
        self.transcript = Transcript()
        self.users = {user.id: user for user in _PEOPLE}
        self.channels = {
            "C1": Channel(id="C1", name="general", members={"U1", "U2", self.bot}),
            "C2": Channel(id="C2", name="random", members={"U1", "U2"}),
            "G1": Channel(id="G1", name="secret", kind="group", members={"U1", self.bot}),
        }
        self.files: dict[str, StoredFile] = {}
        self.pings: list[str] = []
        self.page = 1000
        self._posted = posted
        self._last = 0
        self._count = 0

    @property
    def statuses(self) -> dict[tuple[str, str], str]:
        """The status line of each (channel, thread)."""
        return self.transcript.statuses

    @property
    def status_history(self) -> list[str]:
        """Every status that was set."""
        return self.transcript.status_history

    def number(self) -> int:
        """Return the next number for an id."""
        self._count += 1
        return self._count

    def timestamp(self) -> str:
        """Return a new message id: seconds since 1970 with six decimals, rising."""
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def direct(self, user: str) -> Channel:
        """Return the direct message between a person and the bot."""
        channel_id = f"D{user}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(id=channel_id, name=user, kind="im", members={user, self.bot})
        return self.channels[channel_id]

    def need(self, *scopes: str) -> None:
        """Refuse a call unless the token has one of these scopes."""
        if not self.scopes.intersection(scopes):
            raise ApiError("missing_scope", needed=scopes[0], provided=",".join(sorted(self.scopes)))

    def need_for(self, channel: Channel, action: Literal["read", "history"]) -> None:
        """Refuse a call unless the token has the scope for this kind of channel."""
        self.need(f"{_SCOPE_WORD[channel.kind]}:{action}")

    def visible_channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot can know of: public, or with the bot as a member."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.kind != "channel" and self.bot not in channel.members):
            raise ApiError("channel_not_found")
        return channel

    def joined_channel(self, channel_id: str) -> Channel:
        """Return a channel that the bot is a member of."""
        channel = self.visible_channel(channel_id)
        if self.bot not in channel.members:
            raise ApiError("not_in_channel")
        return channel

    async def add(self, post: Post) -> Post:
        """Show a message to everybody in its channel."""
        self.channels[post.channel].posts.append(post)
        if post.user == self.bot:
            self.pings += pings(post.text, post.blocks)
            self.statuses.pop((post.channel, post.thread or ""), None)
        await self.transcript.add(
            Shown(
                id=post.ts,
                channel=post.channel,
                author=post.user,
                text=visible(post.text, post.blocks),
                thread=post.thread,
                files=[file.shown() for file in post.files],
            )
        )
        if post.user == self.bot:
            self._posted(post)
        return post

    async def whisper(self, *, channel: str, to: str, author: str, text: str, blocks: list[JsonObject]) -> str:
        """Show an ephemeral message to one person."""
        ts = self.timestamp()
        await self.transcript.add(
            Shown(id=ts, channel=channel, author=author, text=visible(text, blocks), to=to),
        )
        return ts


_PEOPLE = (
    User(id="U1", name="Ada"),
    User(id="U2", name="Grace"),
    User(id=World.bot, name="Steward", is_bot=True),
)
