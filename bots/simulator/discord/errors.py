"""What Discord's API answers when it refuses a request.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from core.messages import JsonObject


class ApiError(Exception):
    """A refusal with its HTTP status and the JSON error body."""

    def __init__(self, status: int, code: int, message: str, errors: JsonObject | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: JsonObject = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def invalid(field: str, code: str, message: str) -> ApiError:
    """Refuse one field of a request: "Invalid Form Body"."""
    return ApiError(400, 50035, "Invalid Form Body", {field: {"_errors": [{"code": code, "message": message}]}})


def too_long(field: str, limit: int, unit: str = "in length") -> ApiError:
    """Refuse a field that is over its limit."""
    return invalid(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer {unit}.")


def unauthorized() -> ApiError:
    """Refuse a missing or wrong bot token."""
    return ApiError(401, 0, "401: Unauthorized")


def unknown_channel() -> ApiError:
    """Say that there is no such channel."""
    return ApiError(404, 10003, "Unknown Channel")


def unknown_message() -> ApiError:
    """Say that there is no such message, or not any more."""
    return ApiError(404, 10008, "Unknown Message")


def unknown_webhook() -> ApiError:
    """Say that no interaction has this token, or that it was not answered yet."""
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    """Say that an interaction was answered too late, or never was."""
    return ApiError(404, 10062, "Unknown interaction")


def too_large() -> ApiError:
    """Refuse a file over the size limit."""
    return ApiError(413, 40005, "Request entity too large")
