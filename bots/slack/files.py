"""Files that people sent: https://docs.slack.dev/reference/objects/file-object says they need the token."""

from typing import Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.api import TIMEOUTS, TROUBLE, failure, is_local, seconds
from bots.slack.attachments import FILE_PREFIX
from core.errors import PlatformError
from core.messages import Attachment

_SLACK_HOSTS: Final = frozenset({"files.slack.com", "slack.com"})
_CHUNK: Final = 1 << 16
_HTML: Final = (b"<!doctype html", b"<html")


async def download(client: AsyncWebClient, attachment: Attachment, *, max_bytes: int) -> bytes:
    """Fetch a file that came with a message.

    The token goes to Slack alone, and a redirect is not followed: it leads to a login page.

    Raises:
        PlatformError: it is gone, too large, somewhere else than at Slack, or Slack sent its login page instead,
            which it does with status 200 where the app may not read files.
    """
    address = await _address(client, attachment.source or "")
    if not _is_slack(address, client.base_url):
        raise PlatformError(f"{attachment.filename} is not kept at Slack, so I do not fetch it.", permanent=True)
    running = client.session
    if running is not None and not running.closed:
        return await _fetch(running, client, attachment, address, max_bytes)
    async with aiohttp.ClientSession(timeout=TIMEOUTS) as session:
        return await _fetch(session, client, attachment, address, max_bytes)


async def _address(client: AsyncWebClient, source: str) -> str:
    if not source.startswith(FILE_PREFIX):
        return source
    try:
        answer = await client.files_info(file=source.removeprefix(FILE_PREFIX))
    except TROUBLE as error:
        raise failure(error, "find the file") from error
    described = answer.get("file") or {}
    return str(described.get("url_private") or described.get("url_private_download") or "")


async def _fetch(
    session: aiohttp.ClientSession, client: AsyncWebClient, attachment: Attachment, address: str, max_bytes: int
) -> bytes:
    headers = {"Authorization": f"Bearer {client.token}"}
    try:
        async with session.get(
            address, headers=headers, allow_redirects=False, proxy=client.proxy, ssl=client.ssl or True
        ) as response:
            _check(response, attachment)
            content = await _read(response, attachment, max_bytes)
    except TROUBLE as error:
        raise failure(error, f"fetch {attachment.filename}") from error
    if not _may_be_html(attachment) and content.lstrip()[:14].lower().startswith(_HTML):
        raise _login_page(attachment)
    return content


async def _read(response: aiohttp.ClientResponse, attachment: Attachment, max_bytes: int) -> bytes:
    content = bytearray()
    if (response.content_length or 0) <= max_bytes:
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > max_bytes:
                break
        else:
            return bytes(content)
    raise PlatformError(f"{attachment.filename} is larger than {max_bytes / 1e6:g} MB.", permanent=True)


def _check(response: aiohttp.ClientResponse, attachment: Attachment) -> None:
    name, status = attachment.filename, response.status
    if status == 429:
        pause = seconds(response.headers.get("Retry-After"))
        raise PlatformError(f"Slack asks me to wait before I fetch {name}.", retry_after=pause)
    if status >= 400:
        raise PlatformError(f"Slack did not give me {name} (status {status}).", permanent=status < 500)
    if status != 200 or (response.content_type == "text/html" and not _may_be_html(attachment)):
        raise _login_page(attachment)


def _login_page(attachment: Attachment) -> PlatformError:
    return PlatformError(
        f"Slack sent its login page instead of {attachment.filename}: the app lacks the permission files:read.",
        permanent=True,
    )


def _may_be_html(attachment: Attachment) -> bool:
    return attachment.media_type == "text/html"


def _is_slack(address: str, base_url: str) -> bool:
    try:
        there, api = urlsplit(address), urlsplit(base_url)
        same_host = there.hostname == api.hostname or (is_local(address) and is_local(base_url))
        if same_host and (there.scheme, there.port) == (api.scheme, api.port):
            return True
        return there.scheme == "https" and there.hostname in _SLACK_HOSTS and there.port in (None, 443)
    except ValueError:
        return False
