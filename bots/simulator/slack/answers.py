"""The `response_url` of commands and interactions: 5 messages within 30 minutes.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import json
import time
import uuid
from dataclasses import dataclass

from aiohttp import web

from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.faults import Fault, Faults, hang_up
from bots.simulator.slack.messages import checked
from bots.simulator.slack.world import Post, World
from core.messages import JsonObject

MAX_USES = 5
LIFETIME = 30 * 60.0


@dataclass(slots=True, kw_only=True)
class _Address:
    channel: str
    user: str
    post: Post | None
    expires: float
    uses: int = 0


class Answers:
    """Hands out response URLs and takes what is posted to them."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._addresses: dict[str, _Address] = {}

    def address(self, base_url: str, channel: str, user: str, *, post: Post | None = None) -> str:
        """Return a new response URL for a command of this person in this channel, or for what they did to a post."""
        secret = uuid.uuid4().hex
        self._addresses[secret] = _Address(channel=channel, user=user, post=post, expires=time.time() + LIFETIME)
        return f"{base_url}{'actions' if post else 'commands'}/{self._world.team}/{secret}"

    def expire(self) -> None:
        """Let all response URLs grow older than 30 minutes."""
        for address in self._addresses.values():
            address.expires = 0.0

    async def handle(self, request: web.Request) -> web.Response:
        """Take one message."""
        fault = self._faults.take("response_url") or Fault()
        if fault.drop == "before":
            return hang_up(request)
        if not fault.performed and (refusal := await fault.strike()) is not None:
            return refusal
        try:
            await self._show(self._use(request.match_info["secret"]), json.loads(await request.text()))
        except ApiError as error:
            status = 404 if error.code in ("expired_url", "used_url", "no_such_url") else 400
            return web.json_response({"ok": False, "error": error.code}, status=status)
        if fault.performed and (refusal := await fault.strike()) is not None:
            return refusal
        return hang_up(request) if fault.drop else web.Response(text="ok")

    async def show(self, channel: str, user: str, message: JsonObject) -> None:
        """Show what a command is answered with: to everybody where it says "in_channel", else to its author."""
        text, blocks = str(message.get("text") or ""), message.get("blocks")
        if not text and not blocks:
            return
        known = checked(text, blocks)
        post = Post(ts=self._world.timestamp(), channel=channel, user=self._world.bot, text=text, blocks=known)
        post.to = None if message.get("response_type") == "in_channel" else user
        post.thread = str(message.get("thread_ts") or "") or None
        await self._world.add(post)

    async def _show(self, address: _Address, message: JsonObject) -> None:
        """Show a new message, or replace or delete the one whose control was used, if it is the bot's."""
        replaced, post = bool(message.get("replace_original")), address.post
        if not replaced and not message.get("delete_original"):
            await self.show(address.channel, address.user, message)
            return
        if post is None or post.user != self._world.bot:
            raise ApiError("cant_update_message")
        if not replaced:
            self._world.remove(post)
            await self._world.transcript.changed()
            return
        text, blocks, previous = str(message.get("text") or ""), message.get("blocks"), self._world.snapshot(post)
        post.blocks, post.text = checked(text, blocks), text
        post.edited = self._world.timestamp()
        await self._world.changed(post, previous)

    def _use(self, secret: str) -> _Address:
        address = self._addresses.get(secret)
        if address is None:
            raise ApiError("no_such_url")
        if time.time() > address.expires:
            raise ApiError("expired_url")
        if address.uses >= MAX_USES:
            raise ApiError("used_url")
        address.uses += 1
        return address
