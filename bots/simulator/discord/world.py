"""The people, channels and messages of a simulated Discord."""

import time
from dataclasses import dataclass, field

from core.messages import JsonObject

DISCORD_EPOCH = 1_420_070_400_000
TEXT, DIRECT, VOICE, GROUP, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 2, 3, 11, 12

DEFAULT_TYPE, THREAD_CREATED_TYPE, REPLY_TYPE, COMMAND_TYPE, THREAD_STARTER_TYPE, CONTEXT_TYPE = 0, 18, 19, 20, 21, 23
"""https://discord.com/developers/docs/resources/message#message-object-message-types"""

SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING, IS_VOICE = 1 << 2, 1 << 5, 1 << 6, 1 << 7, 1 << 13
"""https://discord.com/developers/docs/resources/message#message-object-message-flags"""

# https://discord.com/developers/docs/topics/permissions
ADMINISTRATOR, MANAGE_GUILD, CONNECT = 1 << 3, 1 << 5, 1 << 20
VIEW_CHANNEL, SEND_MESSAGES, MANAGE_MESSAGES, READ_MESSAGE_HISTORY = 1 << 10, 1 << 11, 1 << 13, 1 << 16
EMBED_LINKS, ATTACH_FILES, MENTION_EVERYONE, USE_EXTERNAL_EMOJIS = 1 << 14, 1 << 15, 1 << 17, 1 << 18
CREATE_PUBLIC_THREADS, CREATE_PRIVATE_THREADS, SEND_MESSAGES_IN_THREADS = 1 << 35, 1 << 36, 1 << 38
_THREADS = CREATE_PUBLIC_THREADS | CREATE_PRIVATE_THREADS | SEND_MESSAGES_IN_THREADS
_EVERYBODY_MAY = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY | EMBED_LINKS | ATTACH_FILES | CONNECT | _THREADS
EVERYTHING = (1 << 53) - 1

IS_GUEST = 1 << 4
"""https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags"""

TIER_BYTES = (10 << 20, 10 << 20, 50 << 20, 100 << 20)
"""The largest file by a server's boost tier: https://discord.com/developers/docs/reference#uploading-files."""


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
    """A person or a bot; `nick` is the name in the servers, `flags` what else is said of a member there."""

    id: str
    name: str
    bot: bool = False
    nick: str | None = None
    roles: list[str] = field(default_factory=list)
    flags: int = 0

    @property
    def mention(self) -> str:
        """The text that mentions this user."""
        return f"<@{self.id}>"


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of a server; `bot_id` is set for the role that Discord manages for a bot."""

    id: str
    name: str
    guild_id: str
    permissions: int = 0
    bot_id: str | None = None

    @property
    def mention(self) -> str:
        """The text that mentions this role."""
        return f"<@&{self.id}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwrite:
    """What a role or member may do in a channel other than elsewhere: https://discord.com/developers/docs/resources/channel#overwrite-object."""

    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True)
class Server:
    """A server with the ids of its members; where the bot is none, only answers to interactions get there."""

    id: str
    name: str
    owner: User
    bot: bool = True
    members: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel, thread or direct message.

    Attributes:
        private: not visible to @everyone.
        overwrites: what else is allowed or denied here, by the id of a role or member.
        foreign: the bot is not there at all, neither in the server nor among the people of a private channel.
        recipient: the person on the other side of a direct message.
        people: who is in a private channel between people.
        owner: who opened a thread.
        hidden: the bot may not see it (error 50001).
        unreadable: the bot may not read its history, which is then shown as empty.
        muted: the bot may not write in it (error 50013; 50007 in a direct message).
        threadless: the bot may not open threads in it (error 50013).
        moderated: the bot may delete the messages of others in it.
        archived: a thread that was put away; GUILD_CREATE does not name it.
        last_message_id: of the newest message that everybody there sees, even if it was deleted since.
    """

    id: str
    name: str
    type: int = TEXT
    guild_id: str | None = None
    parent_id: str | None = None
    private: bool = False
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    foreign: bool = False
    recipient: User | None = None
    people: list[User] = field(default_factory=list)
    owner: User | None = None
    hidden: bool = False
    unreadable: bool = False
    muted: bool = False
    threadless: bool = False
    moderated: bool = False
    archived: bool = False
    last_message_id: str | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread."""
        return self.type in (PUBLIC_THREAD, PRIVATE_THREAD)


@dataclass(slots=True, kw_only=True)
class File:
    """A file that belongs to a message.

    Attributes:
        description: its alt text.
        seconds: how long a voice message lasts.
        ephemeral: it came with a command or a form, or is for one person, and is kept for a while only.
    """

    id: str
    name: str
    media_type: str
    content: bytes = field(repr=False)
    description: str | None = None
    seconds: float | None = None
    ephemeral: bool = False


@dataclass(slots=True, kw_only=True)
class Message:
    """A message.

    Attributes:
        components: its rows of buttons and menus, as in the request.
        embeds: what is shown below the text, previews of links among them.
        mentions: the users it mentions, which for a reply includes the author of what is replied to.
        pings: whom it notified: "everyone", or the ids of users and roles.
        reply_in: the channel of the message that `reply_to` names, where it is another one; without a message it is the
            thread that was opened.
        to: the only person who sees it.
        interaction: the id of the interaction that it answers, and
        cause: how the API describes it.
    """

    id: str
    channel: Channel
    author: User
    content: str
    created: float
    type: int = DEFAULT_TYPE
    files: list[File] = field(default_factory=list)
    embeds: list[JsonObject] = field(default_factory=list)
    components: list[JsonObject] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    role_mentions: list[str] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    reply_to: str | None = None
    reply_in: Channel | None = None
    nonce: str | None = None
    flags: int = 0
    edited: float | None = None
    deleted: bool = False
    to: str | None = None
    interaction: str | None = None
    cause: JsonObject | None = None

    @property
    def loading(self) -> bool:
        """Whether this is still the "is thinking…" of a deferred interaction."""
        return bool(self.flags & LOADING)


class World:
    """One server with its people and channels, one bot, and the direct messages between them.

    Other servers can be added, and private channels in which the bot is not, but is used by somebody who installed it.
    `installed` are the ids of those who installed it for themselves, `tier` is the servers' boost tier.
    """

    def __init__(self, *, tier: int = 0) -> None:
        self.tier = tier
        self.clock = Clock()
        self._count = 0
        self.users: dict[str, User] = {}
        self.installed: set[str] = set()
        self.roles: dict[str, Role] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.servers: dict[str, Server] = {}
        self.bot = self.add_user("steward", bot=True)
        self.owner = self.add_user("owner")
        self.application_id = self.new_id()
        self.guild_id = self.add_server("Simulated server", owner=self.owner).id

    @property
    def everyone(self) -> Role:
        """The role of everybody in the server."""
        return self.roles[self.guild_id]

    @property
    def bot_role(self) -> Role:
        """The role that the server manages for the bot."""
        found = self.bot_role_in(self.guild_id)
        assert found is not None, "the bot is in the server"
        return found

    def new_id(self) -> str:
        """Make a snowflake: https://discord.com/developers/docs/reference#snowflakes."""
        self._count += 1
        return str(((int(self.clock.now() * 1000) - DISCORD_EPOCH) << 22) | (self._count & 0x3FFFFF))

    def add_user(self, name: str, *, bot: bool = False) -> User:
        """Let somebody join the server."""
        user = User(id=self.new_id(), name=name, bot=bot)
        self.users[user.id] = user
        for server in list(self.servers.values())[:1]:
            server.members.add(user.id)
        return user

    def add_server(self, name: str, *, owner: User, bot: bool = True) -> Server:
        """Found a server, with or without the bot."""
        server = Server(id=self.new_id(), name=name, owner=owner, bot=bot, members={owner.id})
        self.servers[server.id] = server
        self.roles[server.id] = Role(id=server.id, name="@everyone", guild_id=server.id, permissions=_EVERYBODY_MAY)
        if bot:
            server.members.add(self.bot.id)
            self.add_role("steward", server, bot_id=self.bot.id)
        return server

    def add_role(
        self, name: str, server: Server, *people: User, permissions: int = 0, bot_id: str | None = None
    ) -> Role:
        """Make a role and give it to people; one that is managed for a bot is that bot's."""
        role = Role(id=self.new_id(), name=name, guild_id=server.id, permissions=permissions, bot_id=bot_id)
        self.roles[role.id] = role
        for each in [*people, *([self.users[bot_id]] if bot_id else [])]:
            each.roles.append(role.id)
        return role

    def roles_in(self, guild_id: str) -> list[Role]:
        """Return the roles of a server."""
        return [role for role in self.roles.values() if role.guild_id == guild_id]

    def bot_role_in(self, guild_id: str) -> Role | None:
        """Return the role that a server manages for the bot; None where the bot is no member."""
        return next((role for role in self.roles_in(guild_id) if role.bot_id == self.bot.id), None)

    def add_channel(
        self, name: str, *, private: bool = False, server: Server | None = None, type: int = TEXT
    ) -> Channel:
        """Open a channel in a server."""
        place = server or self.servers[self.guild_id]
        channel = Channel(
            id=self.new_id(), name=name, type=type, guild_id=place.id, private=private, foreign=not place.bot
        )
        return self._add_channel(channel)

    def add_thread(
        self, parent: Channel, name: str, *, private: bool = False, owner: User | None = None, id: str | None = None
    ) -> Channel:
        """Open a thread in a channel."""
        thread = Channel(
            id=id or self.new_id(),
            name=name,
            type=PRIVATE_THREAD if private else PUBLIC_THREAD,
            guild_id=parent.guild_id,
            parent_id=parent.id,
            foreign=parent.foreign,
            owner=owner,
        )
        return self._add_channel(thread)

    def between(self, people: list[User]) -> Channel:
        """Open a private channel between people: direct messages between two, a group for more."""
        kind = DIRECT if len(people) == 2 else GROUP
        return self._add_channel(Channel(id=self.new_id(), name="", type=kind, people=people, foreign=True))

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
