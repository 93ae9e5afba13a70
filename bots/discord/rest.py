"""The calls that Steward makes, through the library's HTTP client: its rate limits and retries, but plain ids.

Nothing here needs a cached object, so that a message from before a restart can be answered. Every method raises what
the library raises; see `bots.discord.errors.translated`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import discord
from discord.http import HTTPClient, MultipartParameters, Route, handle_message_parameters
from pydantic import JsonValue

from core.errors import PlatformError
from core.messages import JsonObject

MESSAGE: Final = 4
DEFERRED: Final = 5
EPHEMERAL: Final = 1 << 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message as Discord has it."""

    id: str
    text: str


class Rest:
    """Discord's REST API.

    Args:
        http: a client that is logged in.
        bot_id: the bot's user.
        application_id: the bot's application.

    Attributes:
        edits: whether the server lets messages be edited at all, as far as is known.
    """

    def __init__(self, http: HTTPClient, *, bot_id: str, application_id: str) -> None:
        self.bot_id = bot_id
        self.application_id = application_id
        self.edits = True
        self._http = http

    async def send(self, channel_id: str, message: MultipartParameters) -> str:
        """Write a message and return its id."""
        return (await self.post(channel_id, message)).id

    async def post(self, channel_id: str, message: MultipartParameters) -> Written:
        """Write a message, or find the one that was written with the same nonce; it may say something else."""
        answer = await self._call(Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id), message)
        text = answer.get("content") if isinstance(answer, dict) else None
        return Written(id=_id(answer), text=text if isinstance(text, str) else "")

    async def edit(self, channel_id: str, message_id: str, message: MultipartParameters) -> str:
        """Write over a message and return its id, "" where the answer shows no message: then nothing was written."""
        return _id(await self._call(_message("PATCH", channel_id, message_id), message))

    async def delete(self, channel_id: str, message_id: str) -> str:
        """Delete a message and return its id."""
        await self._http.request(_message("DELETE", channel_id, message_id))
        return message_id

    async def open_thread(self, channel_id: str, message_id: str, name: str) -> None:
        """Open a thread at a message; it has the message's id."""
        path = "/channels/{channel_id}/messages/{message_id}/threads"
        route = Route("POST", path, channel_id=channel_id, message_id=message_id)
        await self._http.request(route, json={"name": name})

    async def messages(self, channel_id: str, *, limit: int, after: str | None = None) -> Sequence[JsonObject]:
        """Return the messages that came next after one, else the last ones, oldest first; up to 100."""
        route = Route("GET", "/channels/{channel_id}/messages", channel_id=channel_id)
        params = {"limit": limit} | ({"after": after} if after else {})
        found = cast("JsonValue", await self._http.request(route, params=params))
        listed = found if isinstance(found, list) else []
        known = [each for each in listed if isinstance(each, dict) and str(each.get("id")).isdecimal()]
        return sorted(known, key=lambda each: int(str(each["id"])))

    async def channel(self, channel_id: str) -> JsonValue:
        """Return a channel, thread or direct message."""
        route = Route("GET", "/channels/{channel_id}", channel_id=channel_id)
        return cast("JsonValue", await self._http.request(route))

    async def member(self, guild_id: str, user_id: str) -> JsonValue:
        """Return what a user is in a server."""
        route = Route("GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild_id, user_id=user_id)
        return cast("JsonValue", await self._http.request(route))

    async def typing(self, channel_id: str) -> None:
        """Show that the bot is typing, for ten seconds."""
        await self._http.request(Route("POST", "/channels/{channel_id}/typing", channel_id=channel_id))

    async def respond(self, interaction_id: str, token: str, kind: int, data: JsonObject | None = None) -> None:
        """Defer an interaction or open a form, within three seconds; see `answer`."""
        body: JsonObject = {"type": kind} if data is None else {"type": kind, "data": data}
        await self._http.request(_callback(interaction_id, token), json=body)

    async def answer(self, interaction_id: str, token: str, response: MultipartParameters) -> None:
        """Answer an interaction with a message, within three seconds."""
        await self._call(_callback(interaction_id, token), response)

    async def edit_response(self, application_id: str, token: str, message: MultipartParameters) -> str:
        """Write the deferred answer to an interaction and return its id; without an application it is this bot's."""
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        return _id(await self._call(_webhook("PATCH", path, application_id or self.application_id, token), message))

    async def answer_to(self, application_id: str, token: str) -> JsonValue:
        """Return the first answer to an interaction."""
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        route = _webhook("GET", path, application_id or self.application_id, token)
        return cast("JsonValue", await self._http.request(route))

    async def edit_answer(self, application_id: str, token: str, message_id: str, message: MultipartParameters) -> str:
        """Write over one of the answers to an interaction and return its id."""
        route = _answer("PATCH", application_id or self.application_id, token, message_id)
        return _id(await self._call(route, message))

    async def delete_answer(self, application_id: str, token: str, message_id: str) -> str:
        """Delete one of the answers to an interaction and return its id."""
        await self._http.request(_answer("DELETE", application_id or self.application_id, token, message_id))
        return message_id

    async def follow_up(self, application_id: str, token: str, message: MultipartParameters) -> str:
        """Write one more answer to an interaction and return its id.

        Raises:
            PlatformError: it is not known whether it was written; there is no nonce that would let it be tried again.
        """
        path = "/webhooks/{webhook_id}/{webhook_token}"
        route = _webhook("POST", path, application_id or self.application_id, token)
        with message:
            text = {"name": "payload_json", "value": json.dumps(message.payload), "content_type": "application/json"}
            form = _Once(message.multipart or [text])
            return _id(cast("JsonValue", await self._http.request(route, files=message.files, form=form)))

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


class _Once:
    """The fields of a form that is sent once.

    The library sends a request again by itself after an answer of 500, 502, 504 or 524, also where Discord had
    carried it out.
    """

    def __init__(self, fields: Sequence[Mapping[str, object]]) -> None:
        self._fields = fields
        self._used = False

    def __iter__(self) -> Iterator[dict[str, object]]:
        """Yield the fields, the first time.

        Raises:
            PlatformError: this is the second time.
        """
        if self._used:
            raise PlatformError("Discord did not say whether it took a message.")
        self._used = True
        return (dict(each) for each in self._fields)


def _callback(interaction_id: str, token: str) -> Route:
    # named as a webhook's, the id and token give each interaction a rate limit of its own in the library
    path = "/interactions/{webhook_id}/{webhook_token}/callback"
    return _webhook("POST", path, interaction_id, token)


def _webhook(method: str, path: str, webhook_id: str, token: str) -> Route:
    return Route(method, path, webhook_id=webhook_id, webhook_token=token)


def _answer(method: str, webhook_id: str, token: str, message_id: str) -> Route:
    path = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
    return Route(method, path, webhook_id=webhook_id, webhook_token=token, message_id=message_id)


def _message(method: str, channel_id: str, message_id: str) -> Route:
    path = "/channels/{channel_id}/messages/{message_id}"
    return Route(method, path, channel_id=channel_id, message_id=message_id)


def _id(message: JsonValue) -> str:
    return str(message.get("id", "")) if isinstance(message, dict) else ""


def sentence(text: str, *, nonce: str | None = None) -> MultipartParameters:
    """Make a message of a text of our own, which pings nobody."""
    return handle_message_parameters(
        content=text,
        nonce=nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        flags=discord.MessageFlags(suppress_embeds=True),
    )
