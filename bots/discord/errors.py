"""What goes wrong on the way to Discord, as a `PlatformError` with a sentence."""

import contextlib
from collections.abc import Iterator

import aiohttp
import discord

from core.errors import PlatformError

BAD_TOKEN = "Discord refused the bot token: check discord.token, a new one is made under Bot at discord.com/developers."  # noqa: S105
_SENTENCES = {
    403: "Discord does not let me do this here",
    404: "Discord does not know this channel or message",
    413: "Discord refused a file because it is too large",
}
_PASSING = (408, 425, 429)
_NEVER = 501


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise what the library raises as a `PlatformError`.

    Raises:
        PlatformError: `permanent` where Discord refused the request itself; a lost connection never is.
    """
    try:
        yield
    except discord.LoginFailure as error:
        raise PlatformError(BAD_TOKEN, permanent=True) from error
    except discord.HTTPException as error:
        raise refusal(error) from error
    except TimeoutError as error:
        raise PlatformError("Discord did not answer in time.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise PlatformError(f"Discord could not be reached ({reason(error)}).") from error
    except RuntimeError as error:  # aiohttp's word for a session that was closed while the request waited
        raise PlatformError("The connection to Discord was closed.") from error


def refusal(error: discord.HTTPException) -> PlatformError:
    """Make a `PlatformError` of an answer with an error status."""
    if error.status == 401:
        return PlatformError(BAD_TOKEN, permanent=True)
    details = " ".join(error.text.split())[:200]
    sentence = _SENTENCES.get(error.status, f"Discord refused a request with status {error.status}")
    permanent = (400 <= error.status < 500 and error.status not in _PASSING) or error.status == _NEVER
    return PlatformError(
        f"{sentence}: {details} (error {error.code}).", permanent=permanent, retry_after=_retry_after(error)
    )


def reason(error: BaseException) -> str:
    """Name an error that may have no text."""
    return str(error) or type(error).__name__


def _retry_after(error: discord.HTTPException) -> float | None:
    try:
        return float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
