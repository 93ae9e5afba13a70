"""Pictures: shown to models that see, left out where a server refuses them, and never left out silently."""

import base64
from collections.abc import Sequence

import pytest

from bots.simulator.model import Failed, ModelSimulator, says
from core.errors import ModelError
from core.items import Answer, Item, Question, dump_items, load_items
from core.messages import Attachment
from core.model import Model, Pictures
from core.practice import PracticeModel
from core.protocols.concessions import cannot_see
from core.protocols.faults import Refusal
from tests.model_talk import Api, both_protocols, connected

CONTENT = b"\x89PNG\r\n\x1a\n of a cat"
CAT = Attachment(id="f1", filename="cat.png", media_type="image/png", content=CONTENT)
DOG = Attachment(id="f2", filename="dog.png", media_type="image/png", content=CONTENT)
URL = f"data:image/png;base64,{base64.b64encode(CONTENT).decode()}"
ASKED = Question(text="What is this?", pictures=("f1",))

REFUSALS = {
    "vLLM": Failed(status=400, message="Qwen/Qwen3-8B is not a multimodal model"),
    "vLLM, by its limit": Failed(status=400, message="At most 0 image(s) may be provided in one prompt."),
    "llama.cpp": Failed(
        status=500,
        message="image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
    ),
    "llama.cpp of 2025": Failed(status=500, message="image input is not supported by this server"),
    "Ollama": Failed(status=400, message="this model does not support image input (ref: b8bd630e)"),
    "Ollama of 2024": Failed(
        status=400, message="json: cannot unmarshal array into Go struct field Message.messages.content of type string"
    ),
    "LM Studio": Failed(status=400, message="Model does not support images. Please use a model that does."),
    "DeepSeek": Failed(
        status=400,
        message="Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, "
        "expected `text` at line 1 column 318",
    ),
    "DeepSeek, by the list": Failed(
        status=422,
        message="Failed to deserialize the JSON body into the target type: messages[1]: invalid type: sequence, "
        "expected a string at line 1 column 2901",
    ),
    "DeepSeek, by its enum": Failed(
        status=422,
        message="Failed to deserialize the JSON body into the target type: messages[2]: data did not match any variant "
        "of untagged enum ChatCompletionRequestContent at line 1 column 18254",
    ),
    "OpenAI": Failed(status=400, message="Invalid content type. image_url is only supported by certain models."),
    "OpenRouter": Failed(status=404, message="No endpoints found that support image input"),
    "Groq": Failed(status=400, message="'messages.1' : for 'role:user' the following must be satisfied[('messages.1"
    ".content' : value must be a string)]"),
    "a media type": Failed(status=415, message="Images are not accepted here."),
}  # fmt: skip
"""What servers whose model sees no pictures were reported to say; see `core.protocols.concessions`."""

servers = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())


async def ask(model: Model, *items: Item, pictures: Sequence[Attachment] = (CAT,)) -> Answer:
    shown: Pictures = {picture.id: picture for picture in pictures}
    *_, answer = [delta async for delta in model.stream("Be brief.", items or (ASKED,), (), shown)]
    assert isinstance(answer, Answer)
    return answer


@both_protocols
async def test_a_picture_is_shown_with_its_question(api: Api) -> None:
    server = ModelSimulator([says("A cat.", expect="What is this?")])
    async with connected(server, api=api) as model:
        answer = await ask(model)
    assert server.requests[0].pictures == (URL,)
    assert not answer.unseen


@both_protocols
async def test_a_question_without_pictures_stays_plain_text(api: Api) -> None:
    server = ModelSimulator([says("Hello.")])
    async with connected(server, api=api) as model:
        await ask(model, Question(text="Hi."), pictures=())
    assert server.requests[0].items[-1]["content"] == "Hi."


@both_protocols
async def test_a_picture_that_is_not_there_any_more_is_said_to_be_hidden(api: Api) -> None:
    server = ModelSimulator([says("I cannot know.", expect="[not shown to you: f1]")])
    async with connected(server, api=api) as model:
        answer = await ask(model, pictures=())
    assert not answer.unseen  # it was not offered


async def test_a_picture_of_no_question_is_not_sent() -> None:
    server = ModelSimulator([says("A cat.")])
    async with connected(server) as model:
        answer = await ask(model, pictures=(CAT, DOG))
    assert len(server.requests[0].pictures) == 1
    assert not answer.unseen


async def test_pictures_are_shown_to_models_that_call_skills_in_json() -> None:
    server = ModelSimulator([says("A cat.")])
    async with connected(server, tools="json") as model:
        await ask(model)
    assert server.requests[0].pictures == (URL,)


def test_of_pictures_only_the_ids_are_stored() -> None:
    stored = dump_items([ASKED])
    assert load_items(stored) == [ASKED]
    assert load_items('[{"type": "question", "text": "of earlier"}]') == [Question(text="of earlier")]


@servers
@both_protocols
async def test_a_server_that_refuses_pictures_is_asked_without_them(api: Api, refusal: Failed) -> None:
    server = ModelSimulator([says("I cannot see it.", expect="[not shown to you: f1]")], blind=refusal)
    async with connected(server, api=api) as model:
        answer = await ask(model)
    assert answer.text == "I cannot see it."
    assert answer.unseen == ("f1",)


@servers
async def test_that_a_model_cannot_see_is_remembered(refusal: Failed) -> None:
    server = ModelSimulator([says("one"), says("two")], blind=refusal)
    async with connected(server) as model:
        await ask(model)
        answer = await ask(model, Question(text="And this?", pictures=("f2",)), pictures=(DOG,))
    assert [len(request.pictures) for request in server.requests] == [1, 0, 0]
    assert answer.unseen == ("f2",)


@pytest.mark.parametrize(
    "message",
    [
        "You uploaded an unsupported image. Please make sure your image is valid.",
        "Invalid base64 image_url.",
        "The image could not be decoded.",
        "image is too large: not more than 20 MB are allowed",
        "Something is odd.",
    ],
)
async def test_a_single_bad_picture_is_left_out_and_others_are_still_shown(message: str) -> None:
    server = ModelSimulator([], blind=Failed(status=400, message=message))
    server.add(says("one"))
    async with connected(server) as model:
        assert (await ask(model)).unseen == ("f1",)
        server.add(says("two"))
        await ask(model)
    assert [len(request.pictures) for request in server.requests] == [1, 0, 1, 0]


async def test_a_request_that_is_too_large_by_its_pictures_is_sent_without_them() -> None:
    server = ModelSimulator([says("I cannot see it.")], blind=Failed(status=413, message="Request Entity Too Large"))
    async with connected(server) as model:
        assert (await ask(model)).unseen == ("f1",)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "Incorrect API key provided."),
        (400, "This model's maximum context length is 8192 tokens."),
        (402, ""),
        (400, "Your request was rejected by our safety system."),
        (503, "Overloaded, not now."),
    ],
)
async def test_pictures_are_not_blamed_for_another_refusal(status: int, message: str) -> None:
    server = ModelSimulator([], blind=Failed(status=status, message=message))
    async with connected(server, retries=0) as model:
        with pytest.raises(ModelError):
            await ask(model)
    assert len(server.requests) == 1


async def test_where_pictures_were_not_the_reason_they_are_shown_again() -> None:
    broken = Failed(status=400, message="image_url must be a string")
    server = ModelSimulator([broken], blind=broken)  # refuses the request without pictures, too
    async with connected(server) as model:
        with pytest.raises(ModelError):
            await ask(model)
        server.add(says("three"))
        await ask(model)
    assert [len(request.pictures) for request in server.requests] == [1, 0, 1, 0]


async def test_pictures_are_never_sent_where_the_operator_says_so() -> None:
    server = ModelSimulator([says("I was not shown it.", expect="[not shown to you: f1]")])
    async with connected(server, pictures="never") as model:
        assert (await ask(model)).unseen == ("f1",)
    assert not server.requests[0].pictures


async def test_the_practice_model_says_that_it_sees_nothing() -> None:
    assert (await ask(PracticeModel())).unseen == ("f1",)


@servers
def test_a_refusal_of_pictures_is_told_from_one_of_a_picture(refusal: Failed) -> None:
    assert cannot_see(Refusal(status=refusal.status, message=refusal.message))


async def test_pictures_are_strictly_checked_by_the_simulated_server() -> None:
    liar = Attachment(id="f1", filename="a.png", media_type="image/png", content=b"GIF89a")
    server = ModelSimulator([says("without")])
    async with connected(server) as model:
        await ask(model, pictures=(liar,))
        assert "unsupported image" in server.mistakes.pop()
