"""Voice clips: transcribed where the server does that, and said otherwise."""

import pytest

from bots.simulator.model import Failed, Heard, ModelSimulator
from core.client import DEAF
from core.errors import ModelError
from core.messages import Attachment
from core.model import Model
from core.practice import PracticeModel
from tests.model_talk import connected

CLIP = Attachment(id="f1", filename="clip.ogg", media_type="audio/ogg", content=b"OggS\0 hello")


async def refused(model: Model) -> str:
    with pytest.raises(ModelError) as caught:
        await model.transcribe(CLIP)
    return str(caught.value)


async def test_a_clip_is_sent_with_its_format_and_the_configured_model() -> None:
    server = ModelSimulator(heard=["Hello, Steward!"], api_key="k")
    async with connected(server, transcription="whisper-large", api_key="k") as model:
        assert await model.transcribe(CLIP) == "Hello, Steward!"
    (clip,) = server.transcription.clips
    assert (clip.filename, clip.model, clip.content) == ("clip.ogg", "whisper-large", CLIP.content)


async def test_a_server_without_transcription_is_asked_only_once() -> None:
    missing = Failed(status=404, message="The model `whisper-1` does not exist.", code="model_not_found")
    server = ModelSimulator(heard=[missing])
    async with connected(server) as model:
        assert [await refused(model), await refused(model)] == [DEAF, DEAF]
    assert len(server.transcription.clips) == 1


async def test_a_server_without_that_address_is_one_without_transcription() -> None:
    async with connected(ModelSimulator()) as model:
        assert await refused(model) == DEAF


@pytest.mark.parametrize("status", [405, 501])
async def test_a_server_that_does_not_implement_it_is_one_without_transcription(status: int) -> None:
    async with connected(ModelSimulator(heard=[Failed(status=status, message="")])) as model:
        assert await refused(model) == DEAF


async def test_nothing_is_sent_where_transcription_is_switched_off() -> None:
    server = ModelSimulator(heard=[])
    async with connected(server, transcription="none") as model:
        assert await refused(model) == DEAF
    assert not server.transcription.clips


async def test_an_overloaded_server_is_asked_again() -> None:
    script: list[Heard] = [
        Failed(status=429, message="Slow down.", retry_after="0"),
        Failed(status=503, message=""),
        "Hi.",
    ]
    async with connected(ModelSimulator(heard=script)) as model:
        assert await model.transcribe(CLIP) == "Hi."


async def test_a_clip_that_is_refused_is_said_and_the_next_is_sent() -> None:
    script: list[Heard] = [Failed(status=400, message="Audio file might be corrupted or unsupported"), "Hi."]
    async with connected(ModelSimulator(heard=script)) as model:
        assert "Audio file might be corrupted or unsupported" in await refused(model)
        assert await model.transcribe(CLIP) == "Hi."


async def test_a_wrong_key_is_said_to_be_one() -> None:
    async with connected(ModelSimulator(heard=[], api_key="right"), api_key="wrong-key") as model:
        sentence = await refused(model)
    assert "model.api_key" in sentence
    assert "wrong-key" not in sentence


async def test_a_server_out_of_order_is_said_after_all_tries() -> None:
    script: list[Heard] = [Failed(status=500, message="")] * 3
    async with connected(ModelSimulator(heard=script), retries=2) as model:
        assert "out of order" in await refused(model)


async def test_a_silent_server_is_given_up_without_another_try() -> None:
    server = ModelSimulator(heard=[None])
    async with connected(server, timeout=0.1) as model:
        assert "did not answer within" in await refused(model)
    assert len(server.transcription.clips) == 1


async def test_the_practice_model_cannot_listen() -> None:
    assert "cannot listen" in await refused(PracticeModel())
