"""The calls that Steward makes, through the library's HTTP client: its rate limits and retries, but plain ids.

Nothing here needs a cached object, so that a message from before a restart can be answered. Every method raises what
the library raises; see `bots.discord.errors.translated`.
"""

from collections.abc import Sequence
from typing import Final, cast

import discord
from discord.http import HTTPClient, MultipartParameters, Route, handle_message_parameters
from pydantic import JsonValue

from core.messages import JsonObject

MESSAGE: Final = 4
DEFERRED: Final = 5
EPHEMERAL: Final = 1 << 6


class Rest:
    """Discord's REST API.

    Args:
        http: a client that is logged in.
        bot_id: the bot's user.
        application_id: the bot's application.
    """

    def __init__(self, http: HTTPClient, *, bot_id: str, application_id: str) -> None:
        self.bot_id = bot_id
        self.application_id = application_id
        self._http = http

    async def send(self, channel_id: str, message: MultipartParameters) -> str:
        """Write a message and return its id."""
        return _id(await self._call(Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id), message))

    async def messages(self, channel_id: str, *, after: str) -> JsonValue:
        """Return up to 100 messages that came after one."""
        route = Route("GET", "/channels/{channel_id}/messages", channel_id=channel_id)
        return cast("JsonValue", await self._http.request(route, params={"after": after, "limit": 100}))

    async def typing(self, channel_id: str) -> None:
        """Show that the bot is typing, for ten seconds."""
        await self._http.request(Route("POST", "/channels/{channel_id}/typing", channel_id=channel_id))

    async def respond(self, interaction_id: str, token: str, kind: int, data: JsonObject | None = None) -> None:
        """Answer or defer an interaction, within three seconds; what it says pings nobody."""
        # named as a webhook's, the id and token give each interaction a rate limit of its own in the library
        route = Route(
            "POST",
            "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=interaction_id,
            webhook_token=token,
        )
        body: JsonObject = {"type": kind}
        if data is not None:
            body["data"] = {**data, "allowed_mentions": {"parse": []}}
        await self._http.request(route, json=body)

    async def edit_response(self, application_id: str, token: str, message: MultipartParameters) -> str:
        """Write the deferred answer to an interaction and return its id; without an application it is this bot's."""
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        return _id(await self._call(_webhook("PATCH", path, application_id or self.application_id, token), message))

    async def follow_up(self, application_id: str, token: str, message: MultipartParameters) -> str:
        """Write one more answer to an interaction and return its id."""
        path = "/webhooks/{webhook_id}/{webhook_token}"
        return _id(await self._call(_webhook("POST", path, application_id or self.application_id, token), message))

    async def commands(self) -> Sequence[JsonValue]:
        """Return the registered commands."""
        route = Route("GET", "/applications/{application_id}/commands", application_id=self.application_id)
        found = cast("JsonValue", await self._http.request(route))
        return found if isinstance(found, list) else ()

    async def register(self, commands: Sequence[JsonObject]) -> None:
        """Put these commands in place of the registered ones."""
        route = Route("PUT", "/applications/{application_id}/commands", application_id=self.application_id)
        await self._http.request(route, json=list(commands))

    async def _call(self, route: Route, message: MultipartParameters) -> JsonValue:
        with message:
            if message.files:
                answer = await self._http.request(route, files=message.files, form=message.multipart)
            else:
                answer = await self._http.request(route, json=message.payload)
        return cast("JsonValue", answer)


def _webhook(method: str, path: str, webhook_id: str, token: str) -> Route:
    return Route(method, path, webhook_id=webhook_id, webhook_token=token)


def _id(message: JsonValue) -> str:
    return str(message.get("id", "")) if isinstance(message, dict) else ""


def sentence(text: str, *, ephemeral: bool = False, nonce: str | None = None) -> MultipartParameters:
    """Make a message of a text of our own, which pings nobody."""
    return handle_message_parameters(
        content=text,
        nonce=nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        flags=discord.MessageFlags(suppress_embeds=True, ephemeral=ephemeral),
    )
