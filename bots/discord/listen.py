"""The gateway client: discord.py keeps the connection, and its raw events go to the intake.

https://discordpy.readthedocs.io/en/stable/api.html#discord.on_socket_raw_receive
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Final, cast

import discord
from pydantic import JsonValue, ValidationError

from bots.discord import rooms
from bots.discord.catch_up import CatchUp
from bots.discord.commands import register
from bots.discord.events import Me, Room, read_edit
from bots.discord.intake import Intake
from bots.discord.payloads import DeletedPayload, InteractionPayload, MessagePayload
from bots.discord.rest import Rest
from core.messages import JsonObject

if TYPE_CHECKING:
    from discord.types.appinfo import AppInfo

log = logging.getLogger("steward.discord")

INTENTS: Final = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
"""None of them is privileged: mentions and direct messages are readable without the message-content intent."""

_OWN: Final = ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "INTERACTION_CREATE")
"""The events read here, of which the library need not make objects."""

_ARRIVE_SECONDS = 10.0
_SETTLE_SECONDS = 3.0
_CLOSE_SECONDS = 5.0
_PATIENCE = 120.0

_SESSION_ENDS = 1000
"""Closed with this code, a session cannot be resumed: https://discord.com/developers/docs/events/gateway#initiating-a-disconnect"""


class Listener(discord.Client):
    """A client that reads raw events, so that nothing depends on what the library has cached.

    Args:
        patience: seconds without a connection after which it is better to begin again.
    """

    def __init__(self, intake: Intake, catch_up: CatchUp, *, patience: float = _PATIENCE) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            enable_debug_events=True,  # for on_socket_raw_receive
            max_messages=None,
            guild_ready_timeout=0,  # nothing waits for on_ready
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self._intake = intake
        self._catch_up = catch_up
        self._patience = patience
        self._working: set[asyncio.Task[object]] = set()
        self._registering: asyncio.Task[None] | None = None
        self._looking_back: Sequence[asyncio.Task[object]] = ()
        self._online, self._lost, self._arrived = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._heard = 0.0
        parsers = self._connection.parsers
        for name, parse in parsers.items():
            parsers[name] = _forgiving(name, parse)
        for name in _OWN:
            del parsers[name]

    @property
    def rest(self) -> Rest:
        """The REST API, once logged in."""
        assert self.user is not None
        return Rest(self.http, bot_id=str(self.user.id), application_id=str(self.application_id or self.user.id))

    async def application_info(self) -> discord.AppInfo:
        """Return the bot's application; where the server does not describe it, the bot's user stands for it.

        The library asks for it in `login` and needs no more than its id, which in new applications is the user's.
        """
        try:
            return await super().application_info()
        except (discord.HTTPException, LookupError, TypeError) as error:
            log.debug("Discord did not describe the application", exc_info=error)
            assert self.user is not None
            return discord.AppInfo(self._connection, cast("AppInfo", _application(self.user)))

    async def setup_hook(self) -> None:
        """Register the commands while the gateway connects; for servers only, where the application says so."""
        installs = self.application
        for_servers_only = installs and installs.guild_integration_config and not installs.user_integration_config
        registering = register(self.rest, self._intake.commands, for_people=not for_servers_only)
        self._registering = asyncio.create_task(registering)

    async def on_connect(self) -> None:
        """Note that there is a new session, and look for what was missed before it, and made private."""
        log.info("connected to Discord as %s", self.user)
        self._online.set()
        self._lost.clear()
        for each in self._looking_back:
            each.cancel()
        catching_up = self._catch_up.run(self, self.rest, self._servers_known)  # a task of its own: it holds cursors
        self._looking_back = (self._begin(catching_up), self._begin(self._close_known()))

    async def on_resumed(self) -> None:
        """Note that there is a connection again."""
        log.info("resumed the connection to Discord")
        self._online.set()
        self._lost.clear()

    async def on_disconnect(self) -> None:
        """Note that the connection was lost, or could not be made again."""
        self._online.clear()
        self._lost.set()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Close the channels of a server that were made private while it was out of reach."""
        self._begin(self._close(guild.channels))

    async def on_guild_channel_update(self, _: discord.abc.GuildChannel, now: discord.abc.GuildChannel) -> None:
        """Close a channel that was made private."""
        self._begin(self._close([now]))

    async def on_guild_role_update(self, _: discord.Role, now: discord.Role) -> None:
        """Close the channels that not everybody sees any more."""
        self._begin(self._close(now.guild.channels))

    async def given_up(self) -> None:
        """Return once there was no connection for long; the library's own pauses grow to a quarter of an hour."""
        while True:
            await self._lost.wait()
            try:
                async with asyncio.timeout(self._patience):
                    await self._online.wait()
            except TimeoutError:
                return

    async def quiet(self, seconds: float) -> None:
        """Return once no event came for so long over a connection that seems to be well."""
        self._heard = time.monotonic()
        while True:
            await self._online.wait()
            left = self._heard + seconds - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def hang_up(self) -> None:
        """End the session, so that the next connection begins another one."""
        self._online.clear()
        self._lost.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.ws.close(code=_SESSION_ENDS)

    async def on_socket_event_type(self, name: str) -> None:
        """Note that something was heard."""
        self._heard = time.monotonic()
        if name == "GUILD_CREATE":
            self._arrived.set()

    async def on_socket_raw_receive(self, text: str) -> None:
        """Take up what may be for the bot; a resumed connection repeats events, which `accept` sees through."""
        if not any(f'"{name}"' in text for name in _OWN):
            return
        frame = json.loads(text)
        try:
            work = self._taking_up(frame.get("t"), frame.get("d"))
        except ValidationError as error:
            log.error("an event of Discord could not be read: %d fields are wrong", error.error_count())
            log.debug("the event that could not be read", exc_info=error)
            return
        if work is not None:
            self._begin(work)

    def _taking_up(self, name: JsonValue, described: JsonValue) -> Coroutine[object, object, object] | None:
        """Return what is to be done about an event; None where it is nothing.

        Raises:
            ValidationError: it is not described as such an event is.
        """
        match name:
            case "MESSAGE_CREATE":
                message = MessagePayload.model_validate(described)
                return self._intake.message(message, *self._where(message), self.rest)
            case "MESSAGE_UPDATE":
                edit = read_edit(described)
                return self._intake.edit(edit, *self._where(edit), self.rest) if edit else None
            case "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK":
                return self._intake.deletion(DeletedPayload.model_validate(described))
            case "INTERACTION_CREATE":
                use = InteractionPayload.model_validate(described)
                return self._intake.interaction(use, rooms.used_in(self, use), self.rest)
        return None

    def _where(self, message: MessagePayload) -> tuple[Me, Room]:
        return rooms.me(self, message.guild_id), rooms.room(self, message.channel_id)

    async def _close_known(self) -> None:
        """Close what was made private before this session; of the first servers the library tells no `available`."""
        await self._servers_known()
        for guild in self.guilds:
            await self._close(guild.channels)

    async def _close(self, channels: Sequence[discord.abc.GuildChannel]) -> None:
        """Have what was said in those channels that are not public be their members' own."""
        for each in channels:
            if not rooms.is_public(each):
                await self._intake.closed(str(each.id), str(each.guild.id))

    async def shut(self) -> None:
        """Let what was received be stored and acknowledged, then close, each within some seconds."""
        for background in (self._registering, *self._looking_back):
            if background is not None:
                background.cancel()
                await asyncio.gather(background, return_exceptions=True)
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=_SETTLE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.close()
        except TimeoutError:  # the gateway does not answer the closing
            await self.http.close()

    async def _servers_known(self) -> None:
        """Wait until the servers and their channels were described, but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ARRIVE_SECONDS):
                while any(guild.unavailable for guild in self.guilds):
                    self._arrived.clear()
                    await self._arrived.wait()

    def _begin(self, work: Coroutine[object, object, object]) -> asyncio.Task[object]:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[object]) -> None:
        self._working.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an event of Discord could not be handled", exc_info=error)


def _forgiving(name: str, parse: Callable[[JsonObject], None]) -> Callable[[JsonObject], None]:
    """Let the library go without an event that it cannot read; it would end the connection over it."""

    def forgiving(data: JsonObject) -> None:
        try:
            parse(data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            log.debug("discord.py could not read %s", name, exc_info=error)

    return forgiving


def _application(user: discord.ClientUser) -> JsonObject:
    return {
        "id": user.id,
        "name": user.name,
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": {"id": user.id, "username": user.name, "discriminator": "0", "avatar": None},
        "verify_key": "",
    }
