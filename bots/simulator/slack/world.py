"""The people, channels, messages and files of a simulated Slack workspace, and the rules of who may do what."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from bots.simulator.slack import reading
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.triggers import Triggers
from bots.simulator.slack.views import View, described
from bots.simulator.transcript import Shown, ShownFile, Transcript
from core.messages import JsonObject

Kind: TypeAlias = Literal["channel", "group", "im", "mpim"]

TOMBSTONE: Final = "This message was deleted."

_SCOPE_WORD: dict[Kind, str] = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


def read_scope(kind: Kind) -> str:
    """Return the scope that lets the bot know of channels of a kind."""
    return f"{_SCOPE_WORD[kind]}:read"


@dataclass(slots=True, kw_only=True)
class User:
    """A person or the bot.

    Attributes:
        team: another workspace's id for somebody who is here through Slack Connect.
        restricted: a guest, in some channels only.
        admin: runs the workspace.
    """

    id: str
    name: str
    is_bot: bool = False
    team: str = "T1"
    restricted: bool = False
    admin: bool = False


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
class Stream:
    """A message that is written while people watch.

    Attributes:
        mode: "timeline" or "plan": how tasks are shown.
        touched: when something was last added, on the monotonic clock.
        ended: the error that answers whatever else is added, None while it is open.
    """

    mode: str
    touched: float
    ended: str | None = None


@dataclass(slots=True, kw_only=True)
class Post:
    """One message; `ts` is its id within the channel, `thread` the id of the message it replies to.

    Attributes:
        to: the only person who sees it, None where everybody in the channel does.
        edited: the id of its last edit, None where there was none.
        reactions: the people who reacted, by the name of the emoji.
        stream: of a message that was written while people watched.
        tombstone: it was deleted, and stands for the thread under it.
        subtype: of what Slack itself says about the channel.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JsonObject] = field(default_factory=list)
    thread: str | None = None
    files: list[StoredFile] = field(default_factory=list)
    metadata: JsonObject | None = None
    to: str | None = None
    edited: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    stream: Stream | None = None
    tombstone: bool = False
    subtype: str = ""

    @property
    def streaming(self) -> bool:
        """Whether more is expected to be added to it."""
        return self.stream is not None and self.stream.ended is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to a message.

    Attributes:
        previous: the message as it was before an edit or a deletion.
        user: who reacted.
        reaction: the name of the emoji.
    """

    kind: Literal["posted", "edited", "deleted", "reaction_added", "reaction_removed"]
    post: Post
    previous: Post | None = None
    user: str = ""
    reaction: str = ""


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
        happened: called with everything that happens to messages, but not with the new ones of people.

    Attributes:
        whispers: messages that only one person sees.
        views: the modals that were opened, in their order, and
        homes: the tab of the app's home that each person sees.
        prompts: what is suggested to begin a thread with, titles and messages, and
        titles: the title of each (channel, thread).
        sessions: the state of the bot's work in each (channel, thread).
        pings: who was notified by the bot's messages: ids of people, "channel", "here", "everyone".
        page: the most items of one page of a list.
        stream_idle: seconds after which Slack ends a message that nothing more was added to.
    """

    team = "T1"
    app = "A1"
    bot = "UBOT"
    bot_id = "B1"

    def __init__(self, *, scopes: Collection[str], happened: Callable[[Happening], None]) -> None:
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
        self.stream_idle = 300.0
        self.whispers: list[Post] = []
        self.triggers = Triggers()
        self.views: list[View] = []
        self.homes: dict[str, View] = {}
        self.prompts: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.sessions: dict[tuple[str, str], str] = {}
        self._happened = happened
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

    def find(self, ts: str) -> Post | None:
        """Return a message of any channel, also one that only one person sees."""
        posts = [*self.whispers, *(post for channel in self.channels.values() for post in channel.posts)]
        return next((post for post in posts if post.ts == ts), None)

    def modal(self, user: str) -> View | None:
        """Return the modal that a person has before them."""
        return next((view for view in reversed(self.views) if view.user == user and not view.closed), None)

    def described(self, view: View, values: JsonObject | None = None) -> JsonObject:
        """Describe a view, with what was filled in."""
        return described(view, team=self.team, app=self.app, bot=self.bot_id, values=values)

    def writing(self, post: Post) -> bool:
        """Say whether a message is still being written; it ends where nothing was added for too long."""
        if post.stream is not None and post.streaming and time.monotonic() - post.stream.touched > self.stream_idle:
            post.stream.ended = "message_not_in_streaming_state"
        return post.streaming

    async def add(self, post: Post) -> Post:
        """Show a message to everybody in its channel, or to one person."""
        (self.whispers if post.to else self.channels[post.channel].posts).append(post)
        if post.user == self.bot and not post.to:
            self.statuses.pop((post.channel, post.thread or ""), None)
        shown = Shown(id=post.ts, channel=post.channel, author=post.user, text="", thread=post.thread, to=post.to)
        self._read(post, shown)
        await self.transcript.add(shown)
        if post.user == self.bot and not post.to:
            self._happened(Happening(kind="posted", post=post))
        return post

    def snapshot(self, post: Post) -> Post:
        """Return a message as it is now, before it is changed."""
        return replace(post, blocks=list(post.blocks), files=list(post.files))

    async def changed(self, post: Post, previous: Post | None = None) -> None:
        """Show a message as it is now; with what it was before, tell of an edit too."""
        shown = self.transcript.find(post.ts)
        if shown is not None:
            self._read(post, shown)
            shown.edits += previous is not None
            await self.transcript.changed()
        if previous is not None and not post.to:
            self._happened(Happening(kind="edited", post=post, previous=previous))

    def remove(self, post: Post) -> None:
        """Delete a message; the root of a thread leaves a tombstone, as long as there are replies."""
        previous, shown = self.snapshot(post), self.transcript.find(post.ts)
        if shown is not None:
            shown.deleted = True
        posts = self.whispers if post.to else self.channels[post.channel].posts
        replies = [each for each in posts if each.thread == post.ts and each is not post]
        if replies:
            post.text, post.blocks, post.files, post.tombstone = TOMBSTONE, [], [], True
        else:
            posts.remove(post)
        if not post.to:
            self._happened(Happening(kind="edited" if replies else "deleted", post=post, previous=previous))

    async def react(self, post: Post, user: str, reaction: str, *, take_back: bool = False) -> None:
        """Add a person's reaction to a message, or take it away."""
        people = post.reactions.setdefault(reaction, [])
        if take_back:
            people.remove(user)
        else:
            people.append(user)
        if not people:
            del post.reactions[reaction]
        await self.changed(post)
        kind: Literal["reaction_added", "reaction_removed"] = "reaction_removed" if take_back else "reaction_added"
        self._happened(Happening(kind=kind, post=post, user=user, reaction=reaction))

    async def whisper(
        self, *, channel: str, to: str, author: str, text: str, blocks: list[JsonObject], thread: str | None = None
    ) -> str:
        """Show an ephemeral message to one person."""
        ts = self.timestamp()
        post = Post(ts=ts, channel=channel, user=author, text=text, blocks=blocks, thread=thread, to=to)
        return (await self.add(post)).ts

    def _read(self, post: Post, shown: Shown) -> None:
        """Write down what people see of a message now."""
        text = "" if post.stream and not post.edited else post.text
        shown.text = reading.visible(text, post.blocks)
        shown.files = [file.shown() for file in post.files]
        shown.controls = reading.controls(post.blocks)
        shown.tables = reading.tables(post.blocks)
        shown.tasks = reading.tasks(post.blocks)
        shown.plan = reading.plan(post.blocks)
        shown.streaming = post.streaming
        shown.reactions = {reaction: list(people) for reaction, people in post.reactions.items()}
        shown.links += [link for link in reading.links(text, post.blocks) if link not in shown.links]
        fresh = [ping for ping in reading.pings(text, post.blocks) if ping not in shown.pings]
        shown.pings += dict.fromkeys(fresh)
        if post.user == self.bot:
            self.pings += fresh


_PEOPLE = (
    User(id="U1", name="Ada"),
    User(id="U2", name="Grace"),
    User(id=World.bot, name="Steward", is_bot=True),
)
