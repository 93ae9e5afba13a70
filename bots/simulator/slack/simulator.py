"""A local Slack: Web API, Socket Mode, HTTP events, slash commands and files, for tests and for trying things.

It speaks the documented protocol, so that slack-bolt and slack-sdk connect to it unchanged. Where Slack's
behaviour is not documented (the error for a thread that does not exist, whether a markdown block reads mentions)
the code says so; nothing here was compared with the real service.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Self

from aiohttp import web

from bots.simulator.slack import streams
from bots.simulator.slack.answers import Answers
from bots.simulator.slack.api import Tokens, WebApi
from bots.simulator.slack.call import Call
from bots.simulator.slack.delivery import DEADLINE, Courier, Delivery, Way
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.faults import Fault, Faults
from bots.simulator.slack.payloads import (
    app_mention,
    event_callback,
    message,
    message_changed,
    message_deleted,
    reaction,
    slash_command,
    typed,
)
from bots.simulator.slack.sockets import Sockets
from bots.simulator.slack.webhook import Webhook
from bots.simulator.slack.world import Channel, Happening, Kind, Post, StoredFile, User, World
from bots.simulator.transcript import Shown, ShownFile, Transcript
from core.messages import JsonObject

SCOPES = (
    "app_mentions:read",
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
MAX_BODY = 1 << 30


class SlackSimulator:
    """A workspace with Ada (U1), Grace (U2) and the bot.

    Its channels are C1 (general), C2 (random, without the bot) and G1 (private, Ada and the bot).

    ::

        async with SlackSimulator() as slack:
            ...  # connect the bot to slack.url with slack.bot_token and slack.app_token
            await slack.mention("C1", "U1", "hello")
            answer = await slack.transcript.wait(lambda shown: shown.author == slack.world.bot)

    Args:
        scopes: what the bot's token may do.
        message_events: the app also gets `message` events of channels, so that a mention arrives twice.
        retry_scale: what the real pauses before repeated deliveries (none, 1 and 5 minutes) are multiplied by.
        deadline: seconds the app has to acknowledge a delivery.
        stream_idle: seconds after which Slack ends a message that nothing more was added to.
        port: 0 for any free one.
    """

    signing_secret = "simulator-signing-secret"  # noqa: S105 - of a workspace that only exists in this process

    def __init__(
        self,
        *,
        scopes: Collection[str] = SCOPES,
        message_events: bool = False,
        retry_scale: float = 1.0,
        deadline: float = DEADLINE,
        stream_idle: float = 300.0,
        port: int = 0,
    ) -> None:
        self.world = World(scopes=scopes, happened=self._tell)
        self.world.stream_idle = stream_idle
        self.tokens = Tokens()
        self.webhook = Webhook(self.signing_secret)
        self.sockets = Sockets()
        self._faults = Faults()
        self._answers = Answers(self.world, self._faults)
        self._api = WebApi(self.world, self.tokens, self._faults)
        self._api.methods["apps.connections.open"] = self.sockets.ticket
        self._courier = Courier(self.sockets, self.webhook, retry_scale=retry_scale, deadline=deadline)
        self._message_events = message_events
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

    def add_channel(
        self, channel_id: str, name: str, *, kind: Kind = "channel", members: Collection[str] = ()
    ) -> Channel:
        """Make a channel, with the bot where it is among the members."""
        self.world.channels[channel_id] = Channel(id=channel_id, name=name, kind=kind, members=set(members))
        return self.world.channels[channel_id]

    def add_user(
        self, user_id: str, name: str, *, is_bot: bool = False, team: str = World.team, restricted: bool = False
    ) -> User:
        """Make a person, a guest where restricted, or another bot; one of another team comes through Slack Connect."""
        self.world.users[user_id] = User(id=user_id, name=name, is_bot=is_bot, team=team, restricted=restricted)
        return self.world.users[user_id]

    def fail(self, method: str, fault: Fault) -> None:
        """Let the next calls of a method go wrong; "upload", "download" and "response_url" count as methods."""
        self._faults.add(method, fault)

    async def expire_streams(self, *, error: str = "message_not_in_streaming_state") -> None:
        """End every message that is being written, as Slack does when nothing was added for some minutes."""
        for post in [post for channel in self.world.channels.values() for post in channel.posts if post.streaming]:
            await streams.end(self.world, post, error)

    def expire_response_urls(self) -> None:
        """Let all response URLs grow older than 30 minutes."""
        self._answers.expire()

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

    async def mention(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        thread: str | None = None,
        files: Sequence[ShownFile] = (),
        foreign: bool = False,
    ) -> str:
        """Mention the bot in a channel, as a person does, and return the message's id.

        `foreign` files are those of another workspace (Slack Connect).
        """
        stored = [self._store(user, file, foreign=foreign) for file in files]
        post = await self._write(channel, user, f"<@{self.world.bot}> {text}", thread=thread, files=stored)
        if self.world.bot in self.world.channels[channel].members:
            self.event(app_mention(self.world, post, self.base_url))
            if self._message_events:
                self.event(message(self.world, post, self.base_url))
        return post.ts

    async def say(
        self,
        user: str,
        text: str,
        *,
        channel: str | None = None,
        thread: str | None = None,
        files: Sequence[ShownFile] = (),
    ) -> str:
        """Write to the bot directly, or into a channel without a mention, and return the message's id."""
        place = channel or self.world.direct(user).id
        stored = [self._store(user, file) for file in files]
        post = await self._write(place, user, text, thread=thread, files=stored)
        if self._hears(place):
            self.event(message(self.world, post, self.base_url))
        return post.ts

    async def command(self, channel: str, user: str, text: str, *, command: str = "/steward") -> Delivery:
        """Use a slash command and return its delivery with what the app answered."""
        place = self.world.channels.get(channel) or self.world.direct(user)
        payload = slash_command(
            self.world,
            channel=place,
            user=user,
            command=command,
            text=typed(text),
            response_url=self._answers.address(self.base_url, place.id, user),
        )
        delivery = await self._courier.deliver("slash_commands", dict(payload))
        await self._show_command(delivery, place.id, user, f"{command} {text}".strip())
        return delivery

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

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Change a person's message; with the text it has, add a preview of a link as Slack does."""
        post = self._post(channel, ts)
        previous = self.world.snapshot(post)
        post.text = typed(text)
        if post.text != previous.text:
            post.edited = self.world.timestamp()
        await self.world.changed(post, previous)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a person's message; one that has replies leaves a tombstone."""
        self.world.remove(self._post(channel, ts))

    async def react(self, channel: str, ts: str, user: str, reaction: str, *, take_back: bool = False) -> None:
        """React to a message, or take the reaction back."""
        await self.world.react(self._post(channel, ts), user, reaction, take_back=take_back)

    async def _write(self, channel: str, user: str, text: str, *, thread: str | None, files: list[StoredFile]) -> Post:
        post = Post(ts=self.world.timestamp(), channel=channel, user=user, text=typed(text), thread=thread, files=files)
        return await self.world.add(post)

    def _post(self, channel: str, ts: str) -> Post:
        post = self.world.channels[channel].find(ts)
        assert post is not None, "there is no such message"
        return post

    def _store(self, user: str, file: ShownFile, *, foreign: bool = False) -> StoredFile:
        stored = StoredFile(
            id=f"F{self.world.number()}",
            name=file.name,
            media_type=file.media_type,
            user=user,
            content=file.content,
            alt=file.alt,
            check_info=foreign,
        )
        self.world.files[stored.id] = stored
        return stored

    async def _show_command(self, delivery: Delivery, channel: str, user: str, typed_text: str) -> None:
        """Show what a person sees of a command: themselves only, unless it was answered "in_channel"."""
        if not delivery.acknowledged:
            reason = "operation_timeout" if delivery.failures == ["timeout"] else "dispatch_failed"
            text = f"{typed_text.split()[0]} failed with the error “{reason}”"
            await self.world.whisper(channel=channel, to=user, author="USLACKBOT", text=text, blocks=[])
            return
        if delivery.response.get("response_type") == "in_channel":
            await self.transcript.add(Shown(id=self.world.timestamp(), channel=channel, author=user, text=typed_text))
        try:
            await self._answers.show(channel, user, delivery.response)
        except ApiError as error:
            delivery.failures.append(error.code)

    def _hears(self, channel: str) -> bool:
        place = self.world.channels[channel]
        return self.world.bot in place.members and (place.kind == "im" or self._message_events)

    def _tell(self, happening: Happening) -> None:
        """Deliver what happened to a message, also to one of the bot's own, as Slack does wherever the bot listens."""
        post, previous = happening.post, happening.previous or happening.post
        if happening.kind in ("reaction_added", "reaction_removed"):
            if self.world.bot in self.world.channels[post.channel].members:
                self.event(reaction(self.world, happening))
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
        app.router.add_post(f"/commands/{self.world.team}/{{secret}}", self._answers.handle)
        return app
