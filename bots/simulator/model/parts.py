"""What a strict model server refuses in the parts of a message: text and pictures.

https://platform.openai.com/docs/guides/images-vision
"""

import binascii
import re
from base64 import b64decode
from typing import Final

from bots.simulator.model.request import Api, objects, picture_url
from core.messages import JsonObject

_TEXT: Final[dict[Api, tuple[str, str]]] = {"chat": ("text", "image_url"), "responses": ("input_text", "input_image")}
_DATA: Final = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})")
_SIGNS: Final = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_UNSUPPORTED: Final = (
    "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
    "['png', 'jpeg', 'gif', 'webp']."
)


def parts_complaint(message: JsonObject, api: Api) -> str:
    """Check the content of a message where it is a list of parts."""
    if not isinstance(message.get("content"), list):
        return ""
    text, picture = _TEXT[api]
    parts = objects(message["content"])
    if not parts:
        return "[] is too short - 'messages.content'"
    for part in parts:
        kind = part.get("type")
        if kind == text and isinstance(part.get("text"), str):
            continue
        if kind != picture:
            return f"Invalid value: {kind!r}. Supported values are: {text!r} and {picture!r}."
        if message.get("role") != "user":
            return f"Invalid 'messages': {picture} is only allowed in messages with role 'user'."
        if found := _picture_complaint(part, api):
            return found
    return ""


def _picture_complaint(part: JsonObject, api: Api) -> str:
    if isinstance(part.get("image_url"), dict) != (api == "chat"):
        return "Invalid type for 'image_url': " + ("expected an object." if api == "chat" else "expected a string.")
    url = picture_url(part)
    if url.startswith("https://"):
        return ""
    match = _DATA.fullmatch(url)
    if not match:
        return "Invalid 'image_url'. Expected a base64-encoded data URL with an image MIME type, or a valid URL."
    try:
        content = b64decode(match[2], validate=True)
    except binascii.Error:
        return "Invalid base64 image_url."
    return "" if _SIGNS[match[1]].match(content) else _UNSUPPORTED
