"""Discord as a platform."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.commands import Commands
from bots.discord.catch_up import CatchUp
from bots.discord.deferrals import Deferrals
from bots.discord.errors import BAD_TOKEN, reason, translated
from bots.discord.files import fetch
from bots.discord.intake import Intake, Recent, nothing_recent
from bots.discord.listen import Listener
from bots.discord.reply import DiscordDraft, split
from bots.discord.rest import Rest
from bots.discord.sight import Sight
from bots.links import Links
from bots.platform import Inbox, Note, unnoted
from core.channels import Channels
from core.config import CatchUpConfig, DiscordConfig
from core.cursors import Cursors
from core.errors import PlatformError
from core.messages import Attachment, Audience, Message, Reply, Turn

log = logging.getLogger("steward.discord")

_WRONG_TOKEN = 4004
_QUIET_SECONDS = 900.0
_LOGIN_SECONDS = 60.0
_SHOW_SECONDS = 1.0
_SEES_SECONDS = 60.0


class DiscordPlatform:
    """Steward in Discord.

    Args:
        commands: answers the sub-commands of `/steward`.
        max_bytes: of the largest file that is fetched.
        cursors: how far channels were read.
        catch_up: what of the messages missed while offline is answered.
        channels: what is set for each channel.
        links: which links of answers stay live.
        recent: how many questions in a row a person asked in a place within the last hour, for `thread_after`.
        quiet_after: seconds without any event after which another session is begun, in case this one went deaf. Discord
            allows 1,000 a day.
        show_every: seconds between two edits of an answer that is being made.
        sees_for: seconds for which it is known what a person can see.
    """

    name = "discord"

    def __init__(
        self,
        config: DiscordConfig,
        *,
        commands: Commands,
        max_bytes: int,
        cursors: Cursors,
        catch_up: CatchUpConfig,
        channels: Channels,
        links: Links,
        recent: Recent = nothing_recent,
        quiet_after: float = _QUIET_SECONDS,
        show_every: float = _SHOW_SECONDS,
        sees_for: float = _SEES_SECONDS,
    ) -> None:
        self._config = config
        self._commands = commands
        self._max_bytes = max_bytes
        self._cursors = cursors
        self._channels = channels
        self._links = links
        self._catch_up = catch_up
        self._recent = recent
        self._quiet_after = quiet_after
        self._show_every = show_every
        self._deferrals = Deferrals()
        self._sees_for = sees_for
        self._rest: Rest | None = None
        self._sight: Sight | None = None
        self._loaded = False

    async def listen(self, inbox: Inbox) -> None:
        """Receive until cancelled; a connection that is lost later is resumed by the library.

        Raises:
            PlatformError: the token is wrong (`permanent`), or the first connection could not be made.
        """
        if self._config.token is None:
            raise PlatformError("Discord cannot be reached without a bot token: set discord.token.", permanent=True)
        prepare_library(self._config)
        await self._load()
        intake = Intake(
            inbox,
            self._commands,
            self._deferrals,
            self._cursors,
            self._channels,
            thread_after=self._config.thread_after,
            recent=self._recent,
            links=self._links,
        )
        catch_up = CatchUp(intake, self._cursors, self._catch_up)
        client = Listener(intake, catch_up)
        saving = asyncio.create_task(catch_up.keep_saving())
        try:
            await _login(client, self._config.token.get_secret_value())
            self._rest = client.rest
            self._sight = Sight(client, known_for=self._sees_for)
            while True:
                await _run(client, self._quiet_after)
        finally:
            self._rest = self._sight = None
            await client.shut()
            saving.cancel()
            await intake.save_cursors()

    async def _load(self) -> None:
        """Read the cursors, once: those in memory are further on."""
        if not self._loaded:
            await self._cursors.load()
            self._loaded = True

    def split(self, reply: Reply) -> Sequence[Reply]:
        """Divide a reply into messages of up to 2,000 characters and ten files."""
        return split(replace(reply, text=self._links.inert(reply.text)))

    def draft(self, turn: Turn, note: Note = unnoted) -> DiscordDraft:
        """Begin to answer a turn."""
        return DiscordDraft(
            turn, self._connected, self._deferrals, links=self._links, note=note, every=self._show_every
        )

    async def sees(self, message: Message) -> frozenset[Audience]:
        """Return what all readers of an answer can see beyond its channel; nothing while there is no connection."""
        return await self._sight.of(message) if self._sight else frozenset()

    async def download(self, attachment: Attachment) -> bytes:
        """Fetch the bytes of a file that came with a message.

        Raises:
            PlatformError: it is gone, too large, or not the file it claims to be.
        """
        return await fetch(attachment, max_bytes=self._max_bytes)

    def _connected(self) -> Rest:
        if self._rest is None:
            raise PlatformError("Discord is not connected.")
        return self._rest


async def _login(client: Listener, token: str) -> None:
    try:
        with translated():
            async with asyncio.timeout(_LOGIN_SECONDS):
                await client.login(token)
    except (LookupError, TypeError, ValueError) as error:  # discord.py on an answer that is no user
        raise PlatformError(f"Discord answered the login with something unexpected ({reason(error)}).") from error


async def _run(client: Listener, quiet_after: float) -> None:
    """Keep the gateway connected until nothing is heard for long; the session is ended then.

    Raises:
        PlatformError: the connection was refused, or the library would wait for too long before it tries again.
    """
    connecting, giving_up = asyncio.create_task(_connect(client)), asyncio.create_task(client.given_up())
    hearing_nothing = asyncio.create_task(client.quiet(quiet_after))
    running = (connecting, giving_up, hearing_nothing)
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if connecting in done:
        connecting.result()
    if giving_up in done:
        raise PlatformError("Discord's gateway could not be reached again.")
    log.info("nothing was heard of Discord for %g s: beginning another session", quiet_after)
    await client.hang_up()


async def _connect(client: Listener) -> None:
    """Connect and stay connected.

    Raises:
        PlatformError: always, where it is not cancelled.
    """
    try:
        with translated():
            await client.connect()
    except discord.ConnectionClosed as error:
        if error.code == _WRONG_TOKEN:
            raise PlatformError(BAD_TOKEN, permanent=True) from error
        raise PlatformError(f"Discord closed the connection with code {error.code}.") from error
    except discord.PrivilegedIntentsRequired as error:
        raise PlatformError("Discord does not grant the bot the intents it needs.", permanent=True) from error
    except PlatformError:
        raise
    except Exception as error:
        if client.ws is not None:
            raise PlatformError(f"Discord's gateway sent something unexpected ({reason(error)}).") from error
        # where the first connection fails, the library stumbles over the one it does not have yet: AttributeError
        cause = error.__context__ or error
        raise PlatformError(f"Discord's gateway could not be reached ({reason(cause)}).") from error
    raise PlatformError("Discord's gateway ended the connection.")


def prepare_library(config: DiscordConfig) -> None:
    """Let discord.py use the configured servers, and not warn that it cannot talk in voice channels.

    It has no argument for them: the addresses are `Route.BASE` and `DiscordWebSocket.DEFAULT_GATEWAY`, two attributes
    of classes, and so the same for every client in this process. They are left alone where they are right already.
    """
    api, gateway = config.api_url.rstrip("/"), yarl.URL(config.gateway_url)
    if api != Route.BASE:
        Route.BASE = api
    if gateway != DiscordWebSocket.DEFAULT_GATEWAY:
        DiscordWebSocket.DEFAULT_GATEWAY = gateway
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    logging.getLogger("discord.client").addFilter(_say_shortly)


def _say_shortly(record: logging.LogRecord) -> bool:
    """Put a sentence in place of the traceback that the library logs at each attempt to connect again."""
    if record.exc_info and record.exc_info[1] and record.msg == "Attempting a reconnect in %.2fs":
        record.msg = "The connection to Discord was lost (%s). Trying again in %.1f s."
        record.args = (reason(record.exc_info[1]), *(record.args or ()))
        record.exc_info = None
    return True
