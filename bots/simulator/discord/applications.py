"""The routes of the bot itself, its application, the server and its people.

https://discord.com/developers/docs/resources/application
"""

from pydantic import JsonValue

from bots.simulator.discord import payloads
from bots.simulator.discord.bodies import Body, read_body
from bots.simulator.discord.errors import ApiError
from bots.simulator.discord.gateway import Gateway
from bots.simulator.discord.rest import Call, Route
from bots.simulator.discord.world import Server, User, World
from core.messages import JsonObject

_CONTENT_FLAG = 1 << 19  # GATEWAY_MESSAGE_CONTENT_LIMITED


class _Recipient(Body):
    recipient_id: str


class ApplicationRoutes:
    """The bot's application and its server."""

    def __init__(self, world: World, gateway: Gateway, *, message_content: bool) -> None:
        self._world = world
        self._gateway = gateway
        self._flags = _CONTENT_FLAG if message_content else 0

    def table(self) -> list[Route]:
        """List the routes."""
        return [
            Route(method="GET", path="/gateway", handler=self._address),
            Route(method="GET", path="/gateway/bot", handler=self._bot_address),
            Route(method="GET", path="/users/@me", handler=self._me),
            Route(method="GET", path="/users/{user_id}", handler=self._user),
            Route(method="POST", path="/users/@me/channels", handler=self._direct),
            Route(method="GET", path="/oauth2/applications/@me", handler=self._application),
            Route(method="GET", path="/applications/@me", handler=self._application),
            Route(method="GET", path="/guilds/{guild_id}", handler=self._guild),
            Route(method="GET", path="/guilds/{guild_id}/channels", handler=self._channels),
            Route(method="GET", path="/guilds/{guild_id}/roles", handler=self._roles),
            Route(method="GET", path="/guilds/{guild_id}/members/{user_id}", handler=self._member),
        ]

    async def _address(self, call: Call) -> JsonValue:
        return {"url": self._gateway.url}

    async def _bot_address(self, call: Call) -> JsonValue:
        start: JsonObject = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self._gateway.url, "shards": 1, "session_start_limit": start}

    async def _me(self, call: Call) -> JsonValue:
        return payloads.user(self._world.bot) | {"mfa_enabled": True, "verified": True, "email": None}

    def _known(self, user_id: str) -> User:
        found = self._world.users.get(user_id)
        if found is None:
            raise ApiError(404, 10013, "Unknown User")
        return found

    async def _user(self, call: Call) -> JsonValue:
        return payloads.user(self._known(call.parameters["user_id"]))

    async def _direct(self, call: Call) -> JsonValue:
        wanted = read_body(_Recipient, call.payload)
        person = self._known(wanted.recipient_id)
        return payloads.channel(self._world.direct(person), self._world)

    async def _application(self, call: Call) -> JsonValue:
        return payloads.application(self._world, self._flags)

    def _server(self, call: Call) -> Server:
        """Return a server that the bot is in.

        Raises:
            ApiError: there is none (10004), or the bot is no member (50001).
        """
        server = self._world.servers.get(call.parameters["guild_id"])
        if server is None:
            raise ApiError(404, 10004, "Unknown Guild")
        if not server.bot:
            raise ApiError(403, 50001, "Missing Access")
        return server

    async def _guild(self, call: Call) -> JsonValue:
        return payloads.guild(self._server(call), self._world)

    async def _channels(self, call: Call) -> JsonValue:
        return payloads.guild(self._server(call), self._world)["channels"]

    async def _roles(self, call: Call) -> JsonValue:
        return payloads.guild(self._server(call), self._world)["roles"]

    async def _member(self, call: Call) -> JsonValue:
        server, user_id = self._server(call), call.parameters["user_id"]
        if user_id not in server.members:
            raise ApiError(404, 10007, "Unknown Member")
        person = self._world.users[user_id]
        return payloads.member(person, server.id, self._world) | {"user": payloads.user(person)}
