"""Fetching the files that came with a message from Discord's CDN."""

import aiohttp

from bots.discord.errors import reason
from core.errors import PlatformError
from core.messages import Attachment

_TIMEOUT = aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=30)
_CHUNK = 64 * 1024
_HTML = "text/html"
_PAGES = (b"<!doctype html", b"<html")


async def fetch(attachment: Attachment, *, max_bytes: int) -> bytes:
    """Fetch a file; its link carries its own signature and needs no token.

    Raises:
        PlatformError: it is gone, over `max_bytes`, or a web page instead of the file.
    """
    if attachment.source is None:
        raise PlatformError(f"{attachment.filename} has no address to fetch it from.", permanent=True)
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(attachment.source) as response:
            _check(response, attachment, max_bytes)
            content = await _read(response, attachment, max_bytes)
    except TimeoutError as error:
        raise PlatformError(f"{attachment.filename} did not arrive in time.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise PlatformError(f"{attachment.filename} could not be fetched ({reason(error)}).") from error
    if attachment.media_type != _HTML and content.lstrip()[:14].lower().startswith(_PAGES):
        raise _web_page(attachment)
    return content


def _check(response: aiohttp.ClientResponse, attachment: Attachment, max_bytes: int) -> None:
    if response.status != 200:
        permanent = 400 <= response.status < 500 and response.status != 429
        sentence = f"{attachment.filename} could not be fetched: Discord answered {response.status}."
        raise PlatformError(sentence, permanent=permanent)
    if (response.content_length or 0) > max_bytes:
        raise _too_large(attachment, max_bytes)
    if response.content_type == _HTML and attachment.media_type != _HTML:
        raise _web_page(attachment)


async def _read(response: aiohttp.ClientResponse, attachment: Attachment, max_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > max_bytes:
            raise _too_large(attachment, max_bytes)
    return bytes(content)


def _web_page(attachment: Attachment) -> PlatformError:
    sentence = f"{attachment.filename} is a web page where a file of type {attachment.media_type} was expected."
    return PlatformError(sentence, permanent=True)


def _too_large(attachment: Attachment, max_bytes: int) -> PlatformError:
    limit = f"{max_bytes / 1024 / 1024:.3g} MB"
    return PlatformError(f"{attachment.filename} is larger than the {limit} I accept.", permanent=True)
