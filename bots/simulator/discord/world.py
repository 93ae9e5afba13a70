"""The people, channels and messages of a simulated Discord."""

import time
from dataclasses import dataclass, field

DISCORD_EPOCH = 1_420_070_400_000
TEXT, DIRECT, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
DEFAULT_TYPE, REPLY_TYPE, COMMAND_TYPE = 0, 19, 20
EPHEMERAL, LOADING = 1 << 6, 1 << 7

# https://discord.com/developers/docs/topics/permissions
VIEW_CHANNEL, SEND_MESSAGES, READ_MESSAGE_HISTORY = 1 << 10, 1 << 11, 1 << 16
_EVERYBODY_MAY = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY


class Clock:
    """The time in the simulation, in seconds since 1970; `advance` lets hours pass at once."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return the time."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead += seconds


@dataclass(slots=True, kw_only=True)
class User:
    """A person or a bot; `nick` is the name in the server."""

    id: str
    name: str
    bot: bool = False
    nick: str | None = None
    roles: list[str] = field(default_factory=list)

    @property
    def mention(self) -> str:
        """The text that mentions this user."""
        return f"<@{self.id}>"


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of the server; `bot_id` is set for the role that Discord manages for a bot."""

    id: str
    name: str
    permissions: int = 0
    bot_id: str | None = None

    @property
    def mention(self) -> str:
        """The text that mentions this role."""
        return f"<@&{self.id}>"


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, thread or direct message.

    Attributes:
        private: not visible to @everyone.
        recipient: the person on the other side of a direct message.
        hidden: the bot may not see it (error 50001).
        unreadable: the bot may not read its history, which is then shown as empty.
        muted: the bot may not write in it (error 50013; 50007 in a direct message).
        archived: a thread that was put away; GUILD_CREATE does not name it.
        last_message_id: of the newest message that everybody there sees, even if it was deleted since.
    """

    id: str
    name: str
    type: int = TEXT
    guild_id: str | None = None
    parent_id: str | None = None
    private: bool = False
    recipient: User | None = None
    hidden: bool = False
    unreadable: bool = False
    muted: bool = False
    archived: bool = False
    last_message_id: str | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.type in (PUBLIC_THREAD, PRIVATE_THREAD)


@dataclass(slots=True, kw_only=True)
class File:
    """A file that belongs to a message; `description` is its alt text."""

    id: str
    name: str
    media_type: str
    content: bytes = field(repr=False)
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """A message.

    Attributes:
        mentions: the users it mentions, which for a reply includes the author of what is replied to.
        pings: whom it notified: "everyone", or the ids of users and roles.
        to: the only person who sees it.
    """

    id: str
    channel: Channel
    author: User
    content: str
    created: float
    type: int = DEFAULT_TYPE
    files: list[File] = field(default_factory=list)
    embeds: int = 0
    mentions: list[User] = field(default_factory=list)
    role_mentions: list[str] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    reply_to: str | None = None
    nonce: str | None = None
    flags: int = 0
    edited: float | None = None
    deleted: bool = False
    to: str | None = None
    interaction: str | None = None

    @property
    def loading(self) -> bool:
        """Whether this is still the "is thinking…" of a deferred interaction."""
        return bool(self.flags & LOADING)


class World:
    """One server with its people and channels, one bot, and the direct messages between them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._count = 0
        self.users: dict[str, User] = {}
        self.roles: dict[str, Role] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.bot = self.add_user("steward", bot=True)
        self.owner = self.add_user("owner")
        self.application_id = self.new_id()
        self.guild_id = self.new_id()
        self.everyone = self._add_role(Role(id=self.guild_id, name="@everyone", permissions=_EVERYBODY_MAY))
        self.bot_role = self._add_role(Role(id=self.new_id(), name="steward", bot_id=self.bot.id))
        self.bot.roles.append(self.bot_role.id)

    def new_id(self) -> str:
        """Make a snowflake: https://discord.com/developers/docs/reference#snowflakes."""
        self._count += 1
        return str(((int(self.clock.now() * 1000) - DISCORD_EPOCH) << 22) | (self._count & 0x3FFFFF))

    def add_user(self, name: str, *, bot: bool = False) -> User:
        """Let somebody join."""
        user = User(id=self.new_id(), name=name, bot=bot)
        self.users[user.id] = user
        return user

    def add_channel(self, name: str, *, private: bool = False) -> Channel:
        """Open a text channel in the server."""
        return self._add_channel(Channel(id=self.new_id(), name=name, guild_id=self.guild_id, private=private))

    def add_thread(self, parent: Channel, name: str, *, private: bool = False) -> Channel:
        """Open a thread in a channel."""
        kind = PRIVATE_THREAD if private else PUBLIC_THREAD
        thread = Channel(id=self.new_id(), name=name, type=kind, guild_id=parent.guild_id, parent_id=parent.id)
        return self._add_channel(thread)

    def direct(self, user: User) -> Channel:
        """Return the direct messages between a person and the bot."""
        known = (channel for channel in self.channels.values() if channel.recipient is user)
        return next(known, None) or self._add_channel(Channel(id=self.new_id(), name="", type=DIRECT, recipient=user))

    def history(self, channel: Channel) -> list[Message]:
        """Return a channel's messages that everybody there sees, oldest first."""
        return [
            message
            for message in self.messages.values()
            if message.channel is channel and not message.deleted and message.to is None
        ]

    def _add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        return channel

    def _add_role(self, role: Role) -> Role:
        self.roles[role.id] = role
        return role
