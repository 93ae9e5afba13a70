import pytest

from bots.simulator.model import ModelSimulator, Said, Step, calls, cuts, fails, says
from core.events import Restarted
from core.items import Answer, Item, Question, Result
from tests.model_talk import QUESTION, Api, answered, both_protocols, connected, deltas, shown

CALLS = '{"calls": [{"skill": "roll", "arguments": {"sides": 6}}], "answer": ""}'
TEXT = "You rolled a four 🎲, which is\nmore than three."
ANSWER = '{"calls": [], "answer": "You rolled a four 🎲, which is\\nmore than three."}'


@both_protocols
async def test_a_model_that_writes_json_calls_a_skill_and_answers(api: Api) -> None:
    script = [says(CALLS, expect="please"), says(ANSWER, expect='"result":"you got 4"')]
    server = ModelSimulator(script)
    async with connected(server, api=api, tools="json") as model:
        first = await answered(model)
        assert [(call.name, call.arguments) for call in first.calls] == [("roll", '{"sides":6}')]
        result = Result(call_id=first.calls[0].id, name="roll", text="you got 4")
        second = await answered(model, [*QUESTION, first, result])
    assert (second.text, second.calls) == (TEXT, ())
    assert [request.format for request in server.requests] == ["json_schema"] * 2
    assert all(not request.tools and "## Skill roll" in request.instructions for request in server.requests)


async def test_the_answer_inside_the_json_is_streamed() -> None:
    async with connected(ModelSimulator([says(ANSWER)]), tools="json") as model:
        happened = await deltas(model)
    assert len(happened) > 5
    assert shown(happened) == TEXT


@both_protocols
@pytest.mark.parametrize("formats", [["json_object"], []])
async def test_the_form_is_asked_for_as_strictly_as_the_server_can_and_that_is_remembered(
    api: Api, formats: list[str]
) -> None:
    server = ModelSimulator([says(ANSWER), says(ANSWER)], formats=formats)
    async with connected(server, api=api, tools="json") as model:
        assert (await answered(model)).text == TEXT
        assert (await answered(model)).text == TEXT
    asked = [request.format for request in server.requests]
    tried = ["json_schema", "json_object", ""][: 3 - len(formats)]
    assert asked == [*tried, tried[-1]]


async def test_plain_text_is_an_answer() -> None:
    async with connected(ModelSimulator([says("Just text.")]), tools="json") as model:
        assert (await answered(model)).text == "Just text."


async def test_broken_json_is_asked_for_once_more() -> None:
    broken = '{"calls": [], "answer": "You said "four"."}'
    server = ModelSimulator([says(broken), says(ANSWER, expect="not one valid JSON object")])
    async with connected(server, tools="json") as model:
        happened = await deltas(model)
    assert shown(happened) == TEXT
    assert any(isinstance(delta, Restarted) for delta in happened)
    assert server.requests[1].items[-2] == {"role": "assistant", "content": broken}
    answer = happened[-1]
    assert isinstance(answer, Answer)
    assert answer.usage.output > 20, "the tokens of both tries count"


async def test_json_that_stays_broken_is_used_as_text() -> None:
    async with connected(ModelSimulator([says('{"Bob": 5}'), says('{"Bob": 6}')]), tools="json") as model:
        assert (await answered(model)).text == '{"Bob": 6}'


async def test_a_server_that_calls_natively_all_the_same_is_understood() -> None:
    async with connected(ModelSimulator([calls(("roll", {"sides": 6}))]), tools="json") as model:
        assert [call.name for call in (await answered(model)).calls] == ["roll"]


async def test_without_skills_the_model_is_told_to_answer_now() -> None:
    server = ModelSimulator([says(CALLS), says('{"answer": "A four."}')])
    async with connected(server, tools="json") as model:
        first = await answered(model)
        result = Result(call_id=first.calls[0].id, name="roll", text="4")
        assert (await answered(model, [*QUESTION, first, result], [])).text == "A four."
    assert "## Skill" not in server.requests[1].instructions
    assert '"calls"' not in str(server.requests[1].body["response_format"])


async def test_a_chat_without_any_skills_is_plain() -> None:
    server = ModelSimulator([says("Hello.")])
    items: list[Item] = [Question(text="hi")]
    async with connected(server, tools="json") as model:
        assert (await answered(model, items, [])).text == "Hello."
    assert server.requests[0].format == ""


@pytest.mark.parametrize("step", [fails(503), cuts(after='{"calls": [], "answer": "You rol'), cuts(after="")])
async def test_failures_are_tried_again(step: Step) -> None:
    async with connected(ModelSimulator([step, says(ANSWER)]), tools="json") as model:
        assert (await answered(model)).text == TEXT


async def test_an_answer_cut_by_the_models_limit_says_so() -> None:
    step: Said = says('{"calls": [], "answer": "You rolled', finish="length")
    async with connected(ModelSimulator([step]), tools="json") as model:
        answer = await answered(model)
    assert answer.text.startswith("You rolled\n\n")
    assert "limit" in answer.text
