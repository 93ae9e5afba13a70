"""Failures of a model's server: which are worth another try, and the one sentence the person reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import ModelError
from core.messages import JsonObject
from core.protocols.fields import object_at, text_at, write

_RETRIED: Final = frozenset({408, 409, 425, 429})
_SHORT: Final = 300

_TOO_LONG = re.compile(
    r"context.?length|context.?window|context.?size|maximum context|too many tokens|prompt is too long|"
    r"(?:exceed|larger than|longer than)\w* .{0,40}(?:context|maximum .{0,20}(?:tokens|length))",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content.?(?:filter|policy|management)|safety system|moderation", re.IGNORECASE)
_NO_TOOLS = re.compile(r"(?:not support|unsupported|enable).{0,30}\btools?\b|enable-auto-tool-choice", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient.?(?:quota|balance|credit)|billing|exceeded your current quota", re.IGNORECASE)
_MODEL = re.compile(r"\bmodel", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a server said when it refused: HTTP status, and the error object's fields as far as it has them."""

    status: int
    message: str = ""
    code: str = ""
    param: str = ""

    def __str__(self) -> str:
        """Write it for the log: without the message, in which servers quote what they were sent."""
        return " ".join(filter(None, (f"status {self.status}", self.code, self.param)))

    @property
    def words(self) -> str:
        """Everything it said, to search in."""
        return f"{self.code} {self.param} {self.message}"

    @property
    def too_long(self) -> bool:
        """Whether less text might have been accepted."""
        return self.status == 413 or (self.status in {400, 422} and bool(_TOO_LONG.search(self.words)))

    @property
    def filtered(self) -> bool:
        """Whether a content filter refused it."""
        return bool(_FILTERED.search(self.words))


class RequestFailedError(ModelError):
    """One request to the model failed.

    Attributes:
        again: sending the same again may help.
        timed_out: the server was silent until the time was up.
        wait: seconds the server asked us to wait, where it did.
        refusal: what the server said, where it answered.
    """

    def __init__(
        self,
        message: str,
        *,
        again: bool = False,
        timed_out: bool = False,
        wait: float | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(message)
        self.again = again
        self.timed_out = timed_out
        self.wait = wait
        self.refusal = refusal


def refusal_of(body: object, *, status: int) -> Refusal:
    """Read an error body: `{"error": {…}}`, the error alone, or whatever else a server sends."""
    if not isinstance(body, dict):
        return Refusal(status=status, message=body[:_SHORT] if isinstance(body, str) else "")
    error: JsonObject = object_at(body, "error") or body
    message = next(filter(None, (text_at(error, key) for key in ("message", "error", "detail"))), "") or write(error)
    code = error.get("code") or error.get("type")
    return Refusal(status=status, message=message[:_SHORT], code=str(code or ""), param=text_at(error, "param"))


def status_in_stream(body: JsonObject) -> int:
    """Return the status of an error that came inside a stream: by its code, else that of a passing failure."""
    code = (object_at(body, "error") or body).get("code")
    if isinstance(code, int) and code >= 400:
        return code
    return _CODES.get(str(code), 500)


def fault_of(refusal: Refusal, *, model: str, wait: float | None = None) -> RequestFailedError:
    """Say what a refusal means.

    Args:
        refusal: without secrets in its message.
        model: the name that was asked for.
        wait: seconds the server asked us to wait.
    """
    if refusal.status == 429 and _QUOTA.search(refusal.words):
        return RequestFailedError("The account at the language model's server has no quota left.", refusal=refusal)
    if refusal.status in _RETRIED or refusal.status >= 500:
        return RequestFailedError(
            _PASSING.get(refusal.status, _BROKEN).format(refusal.status), again=True, wait=wait, refusal=refusal
        )
    return RequestFailedError(_permanent(refusal, model), refusal=refusal)


_CODES: Final[Mapping[str, int]] = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "invalid_prompt": 400,
}
_BROKEN: Final = "The language model's server is out of order ({}). Please try again later."
_PASSING: Final[Mapping[int, str]] = {
    408: "The language model's server took too long. Please try again.",
    429: "The language model is asked too often at the moment. Please try again in a minute.",
    503: "The language model's server is overloaded. Please try again in a minute.",
}


def _permanent(refusal: Refusal, model: str) -> str:
    status, words = refusal.status, refusal.words
    if status in {401, 403}:
        return "The key was refused by the language model's server: whoever runs Steward has to check model.api_key."
    if status == 404 and _MODEL.search(words):
        return f"The language model's server has no model “{model}”: whoever runs Steward has to check model.name."
    if status == 404:
        return "The language model's server has no such address: whoever runs Steward has to check model.base_url."
    if status == 402 or _QUOTA.search(words):
        return "The account at the language model's server has no quota left."
    if refusal.too_long:
        return (
            "This is too much text for the language model. Please ask for less at once, or let me forget this channel."
        )
    if refusal.filtered:
        return "The language model's content filter refused this request."
    if _NO_TOOLS.search(words):
        return f"The model “{model}” cannot call skills natively: whoever runs Steward has to set model.tools to json."
    said = " ".join(refusal.message.split()) or "without a reason"
    return f"The language model's server refused the request ({status}): {said}"
