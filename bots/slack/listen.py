"""Slack, connected: Socket Mode, or HTTP where only a signing secret is given."""

import asyncio
import logging
from collections.abc import Sequence

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bots.commands import Commands
from bots.links import Links
from bots.platform import Inbox, Note, unnoted
from bots.slack import files
from bots.slack.api import TIMEOUTS, TROUBLE, failure, refused_token, web_client
from bots.slack.bolt import bolt_app
from bots.slack.catch_up import CatchUp
from bots.slack.directory import Directory
from bots.slack.http_mode import serve_http
from bots.slack.intake import Intake
from bots.slack.interactivity import Interactivity
from bots.slack.permalinks import permalinks
from bots.slack.pieces import inert_split
from bots.slack.private import Private
from bots.slack.reply import SlackDraft
from bots.slack.sight import Sight
from bots.slack.slash import Slash
from bots.slack.socket_mode import serve_socket
from bots.slack.status import Sessions, Statuses
from bots.slack.streams import Streams
from bots.slack.surfaces import Surfaces
from bots.slack.threads import Threads
from bots.slack.welcome import Usage, Welcome, untold
from core.channels import Channels
from core.company import Companies
from core.config import CatchUpConfig, SlackConfig
from core.cursors import Cursors
from core.errors import PlatformError
from core.messages import Attachment, Audience, Message, Reply, Turn

log = logging.getLogger("steward.slack")


class SlackPlatform:
    """Slack as a platform.

    Args:
        max_bytes: of the largest file fetched.
        cursors: how far each channel was read.
        catch_up: how far is looked back.
        companies: who talks in which thread.
        channels: what is set for each channel.
        links: which links of answers stay live.
        usage: says what a person used this month.
        ping_interval: seconds between signs of life of the socket; one that is silent for four of them is replaced.
        quiet_after: seconds without any message or other event after which the socket is taken for deaf.

    Attributes:
        listening: set while messages can come in.
        port: of HTTP mode, while it listens.
    """

    name = "slack"

    def __init__(
        self,
        config: SlackConfig,
        *,
        commands: Commands,
        max_bytes: int,
        cursors: Cursors,
        catch_up: CatchUpConfig,
        companies: Companies,
        channels: Channels,
        links: Links,
        usage: Usage = untold,
        ping_interval: float = 10.0,
        quiet_after: float = 900.0,
    ) -> None:
        self.listening = asyncio.Event()
        self.port = config.port
        self._config = config
        self._commands = commands
        self._max_bytes = max_bytes
        self._cursors = cursors
        self._companies = companies
        self._channels = channels
        self._links = links
        self._usage = usage
        self._ping_interval = ping_interval
        self._quiet_after = quiet_after
        self._client = web_client(config)
        self._hasty = web_client(config, patient=False)
        self._statuses = Statuses(self._hasty)
        self._sessions = Sessions(self._hasty)
        self._streams = Streams(self._hasty)
        self._catch_up = CatchUp(self._client, cursors, catch_up)
        self._sight: Sight | None = None

    async def listen(self, inbox: Inbox) -> None:
        """Receive until cancelled; lost, refreshed and deaf sockets are replaced, and what was missed is looked for.

        Raises:
            PlatformError: Slack cannot be reached, or refuses a token; the sentence names the key.
        """
        async with aiohttp.ClientSession(timeout=TIMEOUTS) as session:
            self._client.session = self._hasty.session = session
            try:
                await self._listen(inbox)
            finally:
                self.listening.clear()
                self._client.session = self._hasty.session = None

    def split(self, reply: Reply) -> Sequence[Reply]:
        """Divide a reply into pieces that fit Slack's limits, in which no link off the list is live."""
        return inert_split(reply, self._links)

    def draft(self, turn: Turn, note: Note = unnoted) -> SlackDraft:
        """Begin to answer a turn."""
        return SlackDraft(
            self._client,
            turn,
            statuses=self._statuses,
            sessions=self._sessions,
            streams=self._streams,
            links=self._links,
            note=note,
        )

    async def sees(self, message: Message) -> frozenset[Audience]:
        """Return what the readers of an answer can see beyond its channel; nothing while Slack is out of reach."""
        return await self._sight.sees(message) if self._sight else frozenset()

    async def download(self, attachment: Attachment) -> bytes:
        """Fetch a file that came with a message.

        Raises:
            PlatformError: it is gone, too large, or Slack sent its login page instead.
        """
        return await files.download(self._client, attachment, max_bytes=self._max_bytes)

    async def _listen(self, inbox: Inbox) -> None:
        identity = await self._identify()
        log.info("connected to Slack workspace %s as %s", identity.team_id, identity.bot_user_id)
        surfaces = Surfaces(self._hasty, self._links)
        sight = self._sight = Sight(self._hasty, surfaces, team=identity.team_id or "")
        intake = self._intake(inbox, surfaces, sight, identity)
        app = bolt_app(self._config, identity, intake)
        await self._catch_up.load()
        looking_back = asyncio.create_task(self._catch_up.run(intake))
        try:
            await self._serve(app)
        finally:
            self._sight = None
            looking_back.cancel()
            await asyncio.gather(looking_back, surfaces.close(), return_exceptions=True)

    def _intake(self, inbox: Inbox, surfaces: Surfaces, sight: Sight, identity: AuthorizeResult) -> Intake:
        commands, follows = self._commands, self._config.follow == "threads"
        bot, team = identity.bot_user_id or "", identity.team_id or ""
        address = identity.url or ""
        directory = Directory(self._hasty, bot=bot, team=team, address=address)
        private = Private(self._client, surfaces, self._links.also(permalinks(address)), team=team)
        return Intake(
            inbox=inbox,
            slash=Slash(
                inbox=inbox,
                commands=commands,
                directory=directory,
                surfaces=surfaces,
                private=private,
            ),
            interactivity=Interactivity(
                inbox=inbox, commands=commands, directory=directory, surfaces=surfaces, team=team
            ),
            threads=Threads(self._companies, self._channels, directory, name=commands.name, bot=bot, usually=follows),
            welcome=Welcome(
                surfaces, directory, name=commands.name, tools=commands.tools, usage=self._usage, follows=follows
            ),
            directory=directory,
            sight=sight,
            cursors=self._cursors,
            bot=bot,
            team=team,
        )

    async def _serve(self, app: AsyncApp) -> None:
        if self._config.app_token is not None:
            await serve_socket(
                app,
                self._client,
                self._config.app_token.get_secret_value(),
                ping_interval=self._ping_interval,
                quiet_after=self._quiet_after,
                ready=self.listening,
                catch_up=self._catch_up,
            )
        elif self._config.signing_secret is not None:
            await serve_http(
                app,
                self._config.signing_secret.get_secret_value(),
                self._config.port,
                ready=self._ready,
                catch_up=self._catch_up,
                interval=self._ping_interval,
            )
        else:
            raise PlatformError(
                "Slack needs slack.app_token (for Socket Mode) or slack.signing_secret (for HTTP) as well.",
                permanent=True,
            )

    def _ready(self, port: int) -> None:
        self.port = port
        self.listening.set()

    async def _identify(self) -> AuthorizeResult:
        try:
            answer = await self._client.auth_test()
        except TROUBLE as error:
            doing = f"connect at {self._config.api_url}"
            raise refused_token(error, "slack.bot_token") or failure(error, doing) from error
        address = answer.get("url")
        return AuthorizeResult(
            url=address if isinstance(address, str) else None,
            enterprise_id=answer.get("enterprise_id"),
            team_id=answer.get("team_id"),
            bot_user_id=answer.get("user_id"),
            bot_id=answer.get("bot_id"),
            bot_token=self._client.token,
        )
