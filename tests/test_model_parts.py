"""How strict the simulated model server is with the parts of a message and with voice clips."""

import base64

import pytest

from bots.simulator.model import ModelSimulator
from bots.simulator.model.parts import parts_complaint
from bots.simulator.model.request import Api
from core.errors import ModelError
from core.messages import Attachment, JsonObject
from tests.model_talk import connected

PNG = f"data:image/png;base64,{base64.b64encode(bytes.fromhex('89504e470d0a1a0a')).decode()}"


def complaint(api: Api, *parts: JsonObject, role: str = "user") -> str:
    return parts_complaint({"role": role, "content": [*parts]}, api)


def image(url: str) -> JsonObject:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize("url", [PNG, "https://example.com/cat.png"])
def test_pictures_as_documented_are_taken(url: str) -> None:
    assert not complaint("chat", {"type": "text", "text": "What?"}, image(url))
    assert not complaint("responses", {"type": "input_text", "text": "?"}, {"type": "input_image", "image_url": url})


@pytest.mark.parametrize(
    ("api", "part", "reason"),
    [
        ("chat", image("cat.png"), "Expected a base64-encoded data URL"),
        ("chat", image(PNG.replace("png", "tiff")), "Expected a base64-encoded data URL"),
        ("chat", image(PNG.replace("png", "gif")), "unsupported image"),
        ("chat", image(f"{PNG[:-4]}A"), "Invalid base64"),
        ("chat", {"type": "image_url", "image_url": PNG}, "expected an object"),
        ("chat", {"type": "input_image", "image_url": PNG}, "Invalid value: 'input_image'"),
        ("chat", {"type": "text"}, "Invalid value: 'text'"),
        ("responses", {"type": "input_image", "image_url": {"url": PNG}}, "expected a string"),
        ("responses", {"type": "text", "text": "a"}, "Invalid value: 'text'"),
    ],
)
def test_parts_that_are_not_as_documented_are_refused(api: Api, part: JsonObject, reason: str) -> None:
    assert reason in complaint(api, part)


def test_only_people_show_pictures() -> None:
    assert "only allowed in messages with role 'user'" in complaint("chat", image(PNG), role="assistant")


def test_a_message_without_parts_is_refused() -> None:
    assert "too short" in complaint("chat")


@pytest.mark.parametrize("name", ["clip", "clip.txt", "clip.aiff"])
async def test_a_voice_clip_whose_name_says_no_known_format_is_refused(name: str) -> None:
    server = ModelSimulator(heard=[])
    async with connected(server) as model:
        with pytest.raises(ModelError):
            await model.transcribe(Attachment(filename=name, media_type="audio/ogg", content=b"OggS"))
        assert "Invalid file format" in server.transcription.mistakes.pop()
