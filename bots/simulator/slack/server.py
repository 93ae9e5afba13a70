"""The machinery of the simulated Slack: its port, its methods, and what it delivers to the app."""

from collections.abc import Collection, Sequence
from typing import Final, Literal, Self

from aiohttp import web

from bots.simulator.slack.answers import Answers
from bots.simulator.slack.api import Tokens, WebApi
from bots.simulator.slack.call import Call
from bots.simulator.slack.delivery import DEADLINE, Courier, Delivery, Way
from bots.simulator.slack.faults import Fault, Faults
from bots.simulator.slack.interactions import Interactions
from bots.simulator.slack.payloads import event_callback, message, message_changed, message_deleted, reaction
from bots.simulator.slack.sockets import Sockets
from bots.simulator.slack.tiers import Tiers
from bots.simulator.slack.webhook import Webhook
from bots.simulator.slack.world import Happening, Kind, World
from bots.simulator.transcript import Transcript
from core.messages import JsonObject

SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "users:read",
)
EVENTS: Final = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "message.im",
    "reaction_added",
    "reaction_removed",
)
CHANNEL_EVENTS: Final = ("message.channels", "message.groups", "message.mpim")
MAX_BODY: Final = 1 << 30

_MESSAGE_EVENTS: Final[dict[Kind, str]] = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


class SlackServer:
    """A workspace that an app can connect to; what people do in it, `SlackSimulator` adds.

    Args:
        scopes: what the bot's token may do.
        events: the events the app subscribed to.
        message_events: the app also gets `message` events of channels, so that a mention arrives twice.
        retry_scale: what the real pauses before repeated deliveries (none, 1 and 5 minutes) are multiplied by.
        deadline: seconds the app has to acknowledge a delivery.
        stream_idle: seconds after which Slack ends a message that nothing more was added to.
        tiers: calls that come too often are refused, as the rate limits of the methods say.
        minute: the seconds that a minute of these limits lasts.
        port: 0 for any free one.
    """

    signing_secret = "simulator-signing-secret"  # noqa: S105 - of a workspace that only exists in this process

    def __init__(
        self,
        *,
        scopes: Collection[str] = SCOPES,
        events: Collection[str] = EVENTS,
        message_events: bool = False,
        retry_scale: float = 1.0,
        deadline: float = DEADLINE,
        stream_idle: float = 300.0,
        tiers: bool = False,
        minute: float = 60.0,
        port: int = 0,
    ) -> None:
        self.world = World(scopes=scopes, happened=self._tell)
        self.world.stream_idle = stream_idle
        self.tokens = Tokens()
        self.webhook = Webhook(self.signing_secret)
        self.sockets = Sockets()
        self._faults = Faults()
        self._answers = Answers(self.world, self._faults)
        self._api = WebApi(self.world, self.tokens, self._faults, Tiers(minute) if tiers else None)
        self._api.methods["apps.connections.open"] = self.sockets.ticket
        self._courier = Courier(self.sockets, self.webhook, retry_scale=retry_scale, deadline=deadline)
        self._interactions = Interactions(self.world, self._courier, self._answers)
        self._events = frozenset(events).union(CHANNEL_EVENTS if message_events else ())
        self._port = port
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def __aenter__(self) -> Self:
        """Start to listen on 127.0.0.1."""
        self._runner = web.AppRunner(self._routes(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{self._port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def stop(self) -> None:
        """Close every connection and the port; from now on nobody is reached."""
        await self._courier.close()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The address of the Web API."""
        return f"{self.base_url}api/"

    @property
    def bot_token(self) -> str:
        """The bot's token."""
        return self.tokens.bot

    @property
    def app_token(self) -> str:
        """The app-level token for Socket Mode."""
        return self.tokens.app

    @property
    def transcript(self) -> Transcript:
        """What people see."""
        return self.world.transcript

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """Everything that was sent to the app."""
        return self._courier.deliveries

    def calls(self, method: str) -> list[Call]:
        """Return the calls that reached a method so far; one that a fault kept from it is not among them."""
        return [call for call in self._api.calls if call.method == method]

    def fail(self, method: str, fault: Fault) -> None:
        """Let the next calls of a method go wrong; "upload", "download" and "response_url" count as methods."""
        self._faults.add(method, fault)

    def expire_response_urls(self) -> None:
        """Let all response URLs grow older than 30 minutes."""
        self._answers.expire()

    def expire_triggers(self) -> None:
        """Let all trigger ids grow older than three seconds."""
        self.world.triggers.expire()

    async def connected(self, sockets: int = 1, *, timeout: float = 10.0) -> None:
        """Return once the app has opened this many sockets."""
        await self.sockets.wait(sockets, timeout)

    async def called(self, method: str, count: int = 1, *, timeout: float = 10.0) -> None:
        """Return once a method was called this often."""
        await self._api.wait(method, count, timeout)

    async def settled(self, *, timeout: float = 10.0) -> None:
        """Return once every delivery was acknowledged or given up."""
        await self._courier.settle(timeout)

    async def refresh(
        self, reason: Literal["warning", "refresh_requested", "link_disabled"] = "refresh_requested"
    ) -> None:
        """Announce to every socket that it will be closed."""
        await self.sockets.refresh(reason)

    def event(self, event: JsonObject) -> Delivery:
        """Deliver an event in an Events API envelope, in the background."""
        return self.deliver("events_api", event_callback(self.world, event))

    def deliver(self, kind: str, payload: JsonObject, *, way: Way | None = None, earlier: int = 0) -> Delivery:
        """Deliver a raw payload in the background.

        Args:
            kind: "events_api", "slash_commands" or "interactive".
            payload: what is delivered.
            way: for an app that listens in both ways at once, which it could not do at Slack.
            earlier: attempts that this one claims to follow.
        """
        return self._courier.start(kind, payload, way=way, earlier=earlier)

    def _subscribed(self, name: str, event: JsonObject) -> None:
        """Deliver an event, if the app subscribed to it."""
        if name in self._events:
            self.event(event)

    def _hears(self, channel: str) -> bool:
        place = self.world.channels[channel]
        return self.world.bot in place.members and _MESSAGE_EVENTS[place.kind] in self._events

    def _tell(self, happening: Happening) -> None:
        """Deliver what happened to a message, also to one of the bot's own, as Slack does wherever the bot listens."""
        post, previous = happening.post, happening.previous or happening.post
        if happening.kind in ("reaction_added", "reaction_removed"):
            if self.world.bot in self.world.channels[post.channel].members:
                self._subscribed(happening.kind, reaction(self.world, happening))
        elif self._hears(post.channel):
            if happening.kind == "posted":
                self.event(message(self.world, post, self.base_url))
            elif happening.kind == "edited":
                self.event(message_changed(self.world, post, previous, self.base_url))
            else:
                self.event(message_deleted(self.world, post, previous, self.base_url))

    def _routes(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/link/", self.sockets.handle)
        app.router.add_post("/upload/v1/{file}", self._api.upload)
        app.router.add_get(f"/files-pri/{self.world.team}-{{file}}/{{name}}", self._api.download)
        app.router.add_get(f"/files-pri/{self.world.team}-{{file}}/download/{{name}}", self._api.download)
        for kind in ("commands", "actions"):
            app.router.add_post(f"/{kind}/{self.world.team}/{{secret}}", self._answers.handle)
        return app
