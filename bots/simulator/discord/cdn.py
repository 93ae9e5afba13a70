"""Where files are fetched: signed addresses that expire, as Discord's CDN has them.

https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
"""

import hashlib
import hmac
from urllib.parse import quote

from aiohttp import web

from bots.simulator.discord.world import Channel, File, World

LINK_SECONDS = 24 * 3600
_KEY = b"simulated"


class Cdn:
    """The file server."""

    def __init__(self, world: World) -> None:
        self.base_url = ""
        self._world = world
        self._files: dict[tuple[str, str], File] = {}

    def sign(self, channel: Channel, file: File) -> str:
        """Return an address at which a file can be fetched for a day."""
        self._files[channel.id, file.id] = file
        now = int(self._world.clock.now())
        issued, expires = f"{now:x}", f"{now + LINK_SECONDS:x}"
        path = f"/attachments/{channel.id}/{file.id}/{quote(file.name)}"
        return f"{self.base_url}{path}?ex={expires}&is={issued}&hm={_signature(file.id, issued, expires)}&"

    async def handle(self, request: web.Request) -> web.Response:
        """Serve a file; a link that is not signed or has expired is a 404 with a sentence."""
        file = self._files.get((request.match_info["channel_id"], request.match_info["file_id"]))
        issued, expires = request.query.get("is", ""), request.query.get("ex", "")
        signed = file is not None and hmac.compare_digest(
            request.query.get("hm", ""), _signature(file.id, issued, expires)
        )
        if file is None or not signed or int(expires, 16) < self._world.clock.now():
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.content, content_type=file.media_type)


def _signature(file_id: str, issued: str, expires: str) -> str:
    return hmac.new(_KEY, f"{file_id}/{issued}/{expires}".encode(), hashlib.sha256).hexdigest()
