"""A local Discord: the REST API, the gateway and the file server over loopback, and people who write."""

import mimetypes
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web
from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.applications import ApplicationRoutes
from bots.simulator.discord.board import Board
from bots.simulator.discord.bodies import AllowedMentions, MessageBody, Reference, Upload
from bots.simulator.discord.buckets import Buckets
from bots.simulator.discord.cdn import Cdn
from bots.simulator.discord.channels import ChannelRoutes
from bots.simulator.discord.commands import CommandRoutes
from bots.simulator.discord.components import find
from bots.simulator.discord.faults import Faults
from bots.simulator.discord.forms import Form, filled
from bots.simulator.discord.gateway import Gateway, Intent
from bots.simulator.discord.interactions import COMPONENT, SUBMISSION, Interaction, Interactions, pressed
from bots.simulator.discord.responses import ResponseRoutes
from bots.simulator.discord.rest import Call, Rest
from bots.simulator.discord.threads import ThreadRoutes
from bots.simulator.discord.usage import OptionValue
from bots.simulator.discord.world import (
    IS_VOICE,
    TEXT,
    TIER_BYTES,
    VOICE,
    Channel,
    Clock,
    Message,
    Overwrite,
    Role,
    Server,
    User,
    World,
)
from bots.simulator.transcript import Shown, Transcript
from core.messages import JsonObject

API_PREFIX = "/api/v10"
REQUEST_LIMIT = 25 << 20
_LARGEST_REQUEST = 256 << 20


class DiscordSimulator:
    """One Discord server with a bot in it, for discord.py to connect to over 127.0.0.1.

    Args:
        token: the bot's token.
        message_content: whether the privileged message-content intent is switched on for the bot.
        deadline: seconds in which an interaction has to be answered.
        tier: the boost tier of the server, 0 to 3.
        file_limit: bytes of the largest file; what the tier allows, unless it is given.
        edit_limit: how many edits in how many seconds are allowed in one channel, and of the answers to one
            interaction; by default they are not counted.
        heartbeat: seconds between the gateway's heartbeats.
        nonces: whether a channel's history repeats the nonces of messages.
    """

    def __init__(
        self,
        *,
        token: str = "simulated-token",  # noqa: S107 - not a secret: nothing outside this process knows it
        message_content: bool = False,
        deadline: float = 3.0,
        tier: int = 0,
        file_limit: int | None = None,
        edit_limit: tuple[int, float] | None = None,
        heartbeat: float = 41.25,
        nonces: bool = False,
    ) -> None:
        self.token = token
        self.transcript = Transcript()
        self.faults = Faults()
        self.world = World(tier=tier)
        self.gateway = Gateway(self.world, token=token, message_content=message_content, heartbeat=heartbeat)
        limit = TIER_BYTES[tier] if file_limit is None else file_limit
        self._cdn = Cdn(self.world)
        self._board = Board(self.world, self.gateway, self._cdn, self.transcript, file_limit=limit)
        self._channels = ChannelRoutes(self.world, self._board, nonces=nonces)
        self._interactions = Interactions(self.world, self.gateway, self._board, self.transcript, deadline=deadline)
        self._commands = CommandRoutes(self.world, self._board, self._interactions)
        tables = [
            ApplicationRoutes(self.world, self.gateway, message_content=message_content).table(),
            self._channels.table(),
            self._commands.table(),
            ResponseRoutes(self.world, self._board, self._interactions).table(),
            ThreadRoutes(self.world, self.gateway, self._board).table(),
        ]
        self.edits = Buckets(self.clock, edit_limit)
        table = [route for routes in tables for route in routes]
        request_limit = max(REQUEST_LIMIT, limit)
        self._rest = Rest(table, self.faults, self.edits, token=token, request_limit=request_limit)
        self._runner = web.AppRunner(self._app(), shutdown_timeout=1.0, access_log=None)
        self._address = ""

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get("/attachments/{channel_id}/{file_id}/{name}", self._cdn.handle)
        self._rest.add_to(app, API_PREFIX)
        return app

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self._cdn.base_url = f"http://{self._address}"
        self.gateway.url = self.gateway_url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._interactions.close()
        await self.gateway.drop()
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """The address for `discord.api_url`."""
        return f"http://{self._address}{API_PREFIX}"

    @property
    def gateway_url(self) -> str:
        """The address for `discord.gateway_url`."""
        return f"ws://{self._address}/gateway"

    @property
    def bot(self) -> User:
        """The bot's user."""
        return self.world.bot

    @property
    def clock(self) -> Clock:
        """The time here; `clock.advance(900)` lets interaction tokens expire."""
        return self.world.clock

    @property
    def calls(self) -> Sequence[Call]:
        """The requests with a good token, in order."""
        return self._rest.calls

    @property
    def typing(self) -> Sequence[str]:
        """The ids of the channels where the bot began to type, in order."""
        return self._channels.typing

    @property
    def commands(self) -> Mapping[str, JsonValue]:
        """The application's registered commands by name; of several with one name, that for the chat."""
        return self._commands.by_name

    @property
    def registrations(self) -> int:
        """How many requests changed the registered commands."""
        return self._commands.registrations

    @property
    def pings(self) -> list[str]:
        """Whom the bot's messages notified: "everyone", or the ids of users and roles."""
        sent = (message for message in self.world.messages.values() if message.author is self.bot)
        return [ping for message in sent for ping in message.pings]

    def person(self, name: str) -> User:
        """Let somebody join the server."""
        return self.world.add_user(name)

    def other_bot(self, name: str) -> User:
        """Let another bot join the server."""
        return self.world.add_user(name, bot=True)

    def channel(
        self, name: str, *, private: bool = False, server: Server | None = None, voice: bool = False
    ) -> Channel:
        """Open a channel, before the bot connects; a private one is not visible to @everyone."""
        return self.world.add_channel(name, private=private, server=server, type=VOICE if voice else TEXT)

    def add_server(self, name: str, *, owner: User | None = None, bot: bool = False) -> Server:
        """Found another server, before the bot connects.

        Where the bot is not in it, people use it there who installed it for themselves.
        """
        return self.world.add_server(name, owner=owner or self.world.owner, bot=bot)

    def role(self, name: str, *people: User, permissions: int = 0, server: Server | None = None) -> Role:
        """Make a role and give it to people, before the bot connects."""
        place = server or self.world.servers[self.world.guild_id]
        return self.world.add_role(name, place, *people, permissions=permissions)

    def join(self, user: User, server: Server) -> None:
        """Let somebody join another server, of which the bot does not hear."""
        server.members.add(user.id)

    def leave(self, user: User, server: Server | None = None) -> None:
        """Let somebody leave a server, of which a bot without the intent for members does not hear.

        https://discord.com/developers/docs/events/gateway-events#guild-member-remove
        """
        place = server or self.world.servers[self.world.guild_id]
        place.members.discard(user.id)
        user.roles = [each for each in user.roles if self.world.roles[each].guild_id != place.id]

    async def permit(self, channel: Channel, who: User | Role, *, allow: int = 0, deny: int = 0) -> None:
        """Allow and deny something in a channel to a person or role."""
        channel.overwrites[who.id] = Overwrite(allow=allow, deny=deny)
        if not (channel.foreign or channel.hidden):
            await self.gateway.dispatch("CHANNEL_UPDATE", payloads.channel(channel, self.world), Intent.GUILDS)

    async def allow(self, role: Role, permissions: int) -> None:
        """Change what a role may do: https://discord.com/developers/docs/events/gateway-events#guild-role-update."""
        role.permissions = permissions
        changed: JsonObject = {"guild_id": role.guild_id, "role": payloads.role(role)}
        await self.gateway.dispatch("GUILD_ROLE_UPDATE", changed, Intent.GUILDS)

    async def remove_bot(self, server: Server) -> None:
        """Put the bot out of a server: https://discord.com/developers/docs/events/gateway-events#guild-delete."""
        server.bot = False
        for channel in self.world.channels.values():
            channel.foreign = channel.foreign or channel.guild_id == server.id
        await self.gateway.dispatch("GUILD_DELETE", {"id": server.id}, Intent.GUILDS)

    def between(self, *people: User) -> Channel:
        """Open direct messages between two people, or a group of more, in which the bot is not."""
        return self.world.between([*people])

    def install(self, user: User) -> None:
        """Let somebody install the bot for themselves, so that its commands follow them everywhere."""
        self.world.installed.add(user.id)

    def thread(self, parent: Channel, name: str, *, private: bool = False) -> Channel:
        """Open a thread in a channel, before the bot connects."""
        return self.world.add_thread(parent, name, private=private)

    async def connected(self, *, timeout: float = 10.0) -> None:
        """Wait until the bot receives events."""
        await self.gateway.connected(timeout=timeout)

    async def say(
        self,
        channel: Channel,
        user: User,
        text: str,
        *,
        reply_to: str | None = None,
        ping: bool = True,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Message:
        """Write a message as a person.

        `reply_to` is the id of the message replied to, `ping` whether its author is mentioned by that; `files` are
        names and contents.
        """
        allowed = AllowedMentions(parse=["everyone", "users", "roles"], replied_user=ping)
        reference = Reference(message_id=reply_to) if reply_to else None
        body = MessageBody(content=text, allowed_mentions=allowed, message_reference=reference)
        uploads = [
            Upload(number=str(number), name=name, media_type=_media_type(name), content=content)
            for number, (name, content) in enumerate(files)
        ]
        return await self._board.create(channel, user, body, uploads)

    async def mention(
        self, channel: Channel, user: User, text: str, *, files: Sequence[tuple[str, bytes]] = ()
    ) -> Message:
        """Write a message that mentions the bot."""
        return await self.say(channel, user, f"{self.bot.mention} {text}", files=files)

    async def dm(self, user: User, text: str, *, files: Sequence[tuple[str, bytes]] = ()) -> Message:
        """Write a direct message to the bot."""
        return await self.say(self.world.direct(user), user, text, files=files)

    async def voice(
        self,
        channel: Channel,
        user: User,
        content: bytes,
        *,
        name: str = "voice-message.ogg",
        seconds: float = 2.0,
        reply_to: str | None = None,
    ) -> Message:
        """Record a voice message as a person; it has no text, so that only a reply can mention the bot with it."""
        reference = Reference(message_id=reply_to) if reply_to else None
        body = MessageBody(flags=IS_VOICE, message_reference=reference)
        upload = Upload(number="0", name=name, media_type="audio/ogg", content=content, seconds=seconds)
        return await self._board.create(channel, user, body, [upload])

    async def edit(self, message: Message, text: str) -> None:
        """Change the text of a message as its author."""
        await self._board.edit(message, MessageBody(content=text))

    async def unfurl(self, message: Message, *, partial: bool = False) -> None:
        """Add the preview of a link to a message, of which the bot hears as of an edit.

        `partial` lets it hear no more than the preview, as Discord did before it sent whole messages.
        """
        message.embeds = [*message.embeds, {"type": "link", "url": "https://example.com/", "title": "Example"}]
        await self._board.updated(message, partial=partial)

    async def delete(self, *messages: Message) -> None:
        """Delete a message as its author, or several of one channel at once as a moderator."""
        await self._board.delete(*messages)

    async def command(
        self,
        channel: Channel,
        user: User,
        sub: str | None = None,
        options: Mapping[str, OptionValue] | None = None,
        *,
        name: str = "steward",
    ) -> Interaction:
        """Use an application command or its sub-command, once it is registered; a file is a name and a content.

        Raises:
            ValueError: Discord's client would not have sent this.
        """
        return await self._commands.use(channel, user, name, sub, options or {})

    async def context_command(self, message: Message | Shown, user: User, name: str) -> Interaction:
        """Use a command of a message's menu, once it is registered.

        Raises:
            ValueError: Discord's client would not have offered it.
        """
        return await self._commands.use_on_message(self.world.messages[message.id], user, name)

    async def user_command(self, channel: Channel, target: User, user: User, name: str) -> Interaction:
        """Use a command of a person's menu, once it is registered.

        Raises:
            ValueError: Discord's client would not have offered it.
        """
        return await self._commands.use_on_user(channel, target, user, name)

    async def press(self, message: Message | Shown, key: str, user: User, *, values: Sequence[str] = ()) -> Interaction:
        """Use a button, or choose values from a menu, under a message.

        Raises:
            ValueError: the person does not see it, or Discord's client would not have sent this.
        """
        stands = self.world.messages[message.id]
        part = find(stands.components, key)
        if part is None or stands.deleted or stands.to not in (None, user.id):
            raise ValueError(f"{user.name} sees no control {key!r} under {stands.content!r}")
        data = pressed(part, tuple(values))
        return await self._interactions.begin(COMPONENT, stands.channel, user, data, stands)

    async def form(self, interaction: Interaction, *, timeout: float = 10.0) -> Form:
        """Return the form that an interaction opened, now or once it does.

        Raises:
            TimeoutError: it opened none in time.
        """
        await self._interactions.wait(lambda: interaction.form, timeout=timeout)
        assert interaction.form is not None
        return interaction.form

    async def submit(
        self,
        interaction: Interaction,
        values: Mapping[str, str | Sequence[str]],
        user: User | None = None,
        *,
        files: Mapping[str, Sequence[tuple[str, bytes]]] | None = None,
    ) -> Interaction:
        """Fill in and send the form that an interaction opened; by its field, a file is a name and a content.

        Raises:
            ValueError: Discord's client would not have sent this.
            TimeoutError: no form was opened.
        """
        form, place = await self.form(interaction), interaction.channel
        kept = {key: [self._board.keep(place, *file) for file in each] for key, each in (files or {}).items()}
        ids = {key: [str(file["id"]) for file in each] for key, each in kept.items()}
        data: JsonObject = {"custom_id": form.key, "components": filled(form, {**values, **ids})}
        if kept:
            data["resolved"] = {"attachments": {str(file["id"]): file for each in kept.values() for file in each}}
        return await self._interactions.begin(SUBMISSION, place, user or interaction.user, data, interaction.message)

    async def answered(self, interaction: Interaction, *, timeout: float = 10.0) -> int:
        """Wait until an interaction is acknowledged, and return the type of the callback.

        Raises:
            TimeoutError: it was not.
        """
        await self._interactions.wait(lambda: interaction.response, timeout=timeout)
        assert interaction.response is not None
        return interaction.response


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
