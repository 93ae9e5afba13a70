"""Refusals of the Web API."""

from pydantic import JsonValue

from core.messages import JsonObject


class ApiError(Exception):
    """Answer a call with `{"ok": false, "error": code}` and further fields."""

    def __init__(self, code: str, **fields: JsonValue) -> None:
        super().__init__(code)
        self.code = code
        self.fields: JsonObject = dict(fields)


def explained(code: str, *reasons: str) -> ApiError:
    """Return a refusal that says what is wrong, as Slack does for blocks, views and missing arguments."""
    return ApiError(code, response_metadata={"messages": [f"[ERROR] {reason}" for reason in reasons]})
