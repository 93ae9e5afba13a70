"""What Discord's API answers when it refuses a request.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from pydantic import JsonValue

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
    """Refuse one field of a request, "Invalid Form Body"; `field` is its path, with dots: "components.0.components".

    https://discord.com/developers/docs/reference#error-messages
    """
    found: list[JsonValue] = [{"code": code, "message": message}]
    errors: JsonObject = {"_errors": found}
    for key in reversed(field.split(".")):
        if key != "_errors":
            errors = {key: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)


def required(field: str) -> ApiError:
    """Refuse a request in which a field is missing."""
    return invalid(field, "BASE_TYPE_REQUIRED", "This field is required")


def out_of_length(field: str, least: int, most: int) -> ApiError:
    """Refuse a field that has too few or too many entries or characters."""
    return invalid(field, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")


def too_long(field: str, limit: int, unit: str = "in length") -> ApiError:
    """Refuse a field that is over its limit."""
    return invalid(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer {unit}.")


def unauthorized() -> ApiError:
    """Refuse a missing or wrong bot token."""
    return ApiError(401, 0, "401: Unauthorized")


def not_permitted() -> ApiError:
    """Say that the bot lacks a permission."""
    return ApiError(403, 50013, "Missing Permissions")


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
