"""A local Discord: the REST API, the gateway and the file server over loopback, and people who write."""

import mimetypes
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web
from pydantic import JsonValue

from bots.simulator.discord.applications import ApplicationRoutes
from bots.simulator.discord.board import Board
from bots.simulator.discord.bodies import AllowedMentions, MessageBody, Reference, Upload
from bots.simulator.discord.cdn import Cdn
from bots.simulator.discord.channels import ChannelRoutes
from bots.simulator.discord.faults import Faults
from bots.simulator.discord.gateway import Gateway
from bots.simulator.discord.interactions import Interaction, InteractionRoutes
from bots.simulator.discord.rest import Call, Rest
from bots.simulator.discord.world import Channel, Clock, Message, User, World
from bots.simulator.transcript import Transcript

API_PREFIX = "/api/v10"
DEFAULT_FILE_LIMIT = 10 * 1024 * 1024
_LARGEST_REQUEST = 256 * 1024 * 1024


class DiscordSimulator:
    """One Discord server with a bot in it, for discord.py to connect to over 127.0.0.1.

    Args:
        token: the bot's token.
        message_content: whether the privileged message-content intent is switched on for the bot.
        deadline: seconds in which an interaction has to be answered.
        file_limit: bytes of the largest file.
        heartbeat: seconds between the gateway's heartbeats.
        nonces: whether a channel's history repeats the nonces of messages.
    """

    def __init__(
        self,
        *,
        token: str = "simulated-token",  # noqa: S107 - not a secret: nothing outside this process knows it
        message_content: bool = False,
        deadline: float = 3.0,
        file_limit: int = DEFAULT_FILE_LIMIT,
        heartbeat: float = 41.25,
        nonces: bool = False,
    ) -> None:
        self.token = token
        self.transcript = Transcript()
        self.faults = Faults()
        self.world = World()
        self.gateway = Gateway(self.world, token=token, message_content=message_content, heartbeat=heartbeat)
        self._cdn = Cdn(self.world)
        self._board = Board(self.world, self.gateway, self._cdn, self.transcript, file_limit=file_limit)
        self._channels = ChannelRoutes(self.world, self._board, nonces=nonces)
        self._applications = ApplicationRoutes(self.world, self.gateway, message_content=message_content)
        self._interactions = InteractionRoutes(
            self.world, self.gateway, self._board, deadline=deadline, file_limit=file_limit
        )
        table = [*self._applications.table(), *self._channels.table(), *self._interactions.table()]
        self._rest = Rest(table, self.faults, token=token)
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
        """The application's registered commands by name."""
        return self._applications.commands

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

    def channel(self, name: str, *, private: bool = False) -> Channel:
        """Open a channel, before the bot connects; a private one is not visible to @everyone."""
        return self.world.add_channel(name, private=private)

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

    async def edit(self, message: Message, text: str) -> None:
        """Change the text of a message as its author."""
        await self._board.edit(message, MessageBody(content=text))

    async def delete(self, message: Message) -> None:
        """Delete a message as its author."""
        await self._board.delete(message)

    async def command(
        self, channel: Channel, user: User, sub: str, options: Mapping[str, str] | None = None, *, name: str = "steward"
    ) -> Interaction:
        """Use an application command, once it is registered."""
        command = await self._applications.registered(name)
        return await self._interactions.use(channel, user, command, sub, options or {})


def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
