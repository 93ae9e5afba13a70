import asyncio
import contextlib
import json
import logging
import socket

import pytest
from pydantic import SecretStr

from bots.simulator.model import ModelSimulator, Step, calls, cuts, fails, hangs, raw, says, streams
from core.client import connect
from core.config import ModelConfig, Price
from core.errors import ContextOverflowError, ModelError, OperatorError
from core.events import Restarted, TextDelta
from core.items import Answer, Call, Item, Question, Result, Usage
from core.model import Tool
from tests.model_talk import (
    EAGER,
    QUESTION,
    ROLL,
    Api,
    answered,
    both_protocols,
    connected,
    deltas,
    refusal,
    shown,
)


@both_protocols
async def test_text_comes_in_pieces_as_it_is_written(api: Api) -> None:
    text = "Grüße! Here is **your** answer 🎲."
    async with connected(ModelSimulator([says(text, expect="please")]), api=api) as model:
        happened = await deltas(model)
    assert sum(isinstance(delta, TextDelta) for delta in happened) > 3
    assert shown(happened) == text
    assert sum(isinstance(delta, Answer) for delta in happened) == 1


@both_protocols
async def test_several_calls_are_put_together_from_fragments(api: Api) -> None:
    step = calls(("roll", {"sides": 6}), ("roll", {"sides": 20}), text="Rolling two.", expect="roll")
    async with connected(ModelSimulator([step]), api=api) as model:
        answer = await answered(model)
    assert [(call.name, call.arguments) for call in answer.calls] == [
        ("roll", '{"sides": 6}'),
        ("roll", '{"sides": 20}'),
    ]
    assert len({call.id for call in answer.calls}) == 2
    assert answer.text == "Rolling two."


async def test_halves_of_characters_in_a_call_are_replaced() -> None:
    call = {"index": 0, "id": "c\ud83d", "function": {"name": "roll\ud83d", "arguments": '{"a": "\ud83d"}'}}
    choice = {"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    async with connected(ModelSimulator([streams({"choices": [choice]}, "[DONE]")])) as model:
        assert (await answered(model)).calls == (Call(id="c\ufffd", name="roll\ufffd", arguments='{"a": "\ufffd"}'),)


@both_protocols
async def test_results_go_back_to_their_calls(api: Api) -> None:
    script = [calls(("roll", {"sides": 6})), says("A four.", expect=["please", "you got 4"])]
    async with connected(ModelSimulator(script), api=api) as model:
        first = await answered(model)
        result = Result(call_id=first.calls[0].id, name="roll", text="you got 4")
        second = await answered(model, [*QUESTION, first, result])
    assert second.text == "A four."


async def test_thoughts_are_sent_back_before_the_calls_they_led_to() -> None:
    script = [calls(("roll", {"sides": 6}), reasoning="six sides it is"), says("A four.")]
    server = ModelSimulator(script)  # refuses calls without their thoughts and thoughts without their calls
    async with connected(server, api="responses") as model:
        first = await answered(model)
        await answered(model, [*QUESTION, first, Result(call_id=first.calls[0].id, name="roll", text="4")])
    kinds = [item.get("type", "message") for item in server.requests[-1].items]
    assert kinds == ["message", "reasoning", "function_call", "function_call_output"]
    assert server.requests[-1].items[1]["encrypted_content"] == "sealed:six sides it is"
    assert server.requests[-1].body["store"] is False


@both_protocols
async def test_tokens_are_counted(api: Api) -> None:
    async with connected(ModelSimulator([says("x" * 40, cached=12)]), api=api) as model:
        usage = (await answered(model)).usage
    assert usage.cached == 12
    assert usage.input > 20
    assert 5 < usage.output < 20


async def test_each_answer_is_one_line_of_the_log_with_its_cost(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "steward.model")
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}}
    choice = {"index": 0, "delta": {"content": "secret words"}, "finish_reason": "stop"}
    server = ModelSimulator([streams({"choices": [choice]}, {"choices": [], "usage": usage}, "[DONE]")])
    async with connected(server, price=Price(input=10, cached=1, output=100)) as model:
        assert (await answered(model)).usage == Usage(input=1000, output=100, cached=400)
    lines = [record.getMessage() for record in caplog.records if record.name == "steward.model"]
    assert len(lines) == 1
    assert "small" in lines[0]
    assert "1000 input tokens (400 cached), 100 output, 0 calls, 0 retries, 0.016400 USD" in lines[0]
    assert "secret words" not in caplog.text


@both_protocols
async def test_without_skills_none_are_offered(api: Api) -> None:
    server = ModelSimulator([says("Hello.")])
    history: list[Item] = [
        *QUESTION,
        Answer(calls=(Call(id="1", name="roll", arguments="{}"),)),
        Result(call_id="1", name="roll", text="4"),
    ]
    async with connected(server, api=api) as model:
        await answered(model, history, [])
    assert "tools" not in server.requests[0].body
    assert server.requests[0].results == ("4",)


@both_protocols
async def test_a_history_with_malformed_calls_is_accepted_by_strict_servers(api: Api) -> None:
    broken = ['{"sides": ', "[1]", "", "NaN", '"\ud800"']
    called = tuple(Call(id=f"c{place}", name="röll!", arguments=text) for place, text in enumerate(broken))
    results = [Result(call_id=call.id, name=call.name, text="Error: no object", ok=False) for call in called]
    async with connected(ModelSimulator([says("Sorry.")]), api=api) as model:
        answer = await answered(model, [*QUESTION, Answer(calls=called), *results])
    assert answer.text == "Sorry."


@both_protocols
async def test_the_unchanging_comes_first_and_in_order(api: Api) -> None:
    other = Tool(name="clock", description="Tell the time.", parameters={"type": "object", "properties": {}})
    server = ModelSimulator([says("one"), says("two")])
    async with connected(server, api=api, temperature=0.5) as model:
        await answered(model, tools=[ROLL, other])
        await answered(model, [*QUESTION, Answer(text="one"), Question(text="and now?")], [ROLL, other])
    first, second = server.requests
    assert first.tools == second.tools == ("roll", "clock")
    assert second.items[: len(first.items)] == first.items
    assert first.instructions == "Be brief."
    assert first.body["temperature"] == 0.5


@both_protocols
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_passing_failure_is_tried_again(api: Api, status: int) -> None:
    script: list[Step] = [fails(status, retry_after=0.001), fails(status), says("Here I am.")]
    async with connected(ModelSimulator(script), api=api) as model:
        assert (await answered(model)).text == "Here I am."


async def test_the_servers_own_waiting_time_is_followed() -> None:
    async with connected(ModelSimulator([fails(429, retry_after=0.15), says("Now.")])) as model:
        begun = asyncio.get_running_loop().time()
        await answered(model)
        assert asyncio.get_running_loop().time() - begun >= 0.15


@both_protocols
async def test_tries_have_an_end(api: Api) -> None:
    server = ModelSimulator([fails(503)] * 3)
    assert "overloaded" in await refusal(server=server, api=api, retries=2)
    assert len(server.requests) == 3


@both_protocols
@pytest.mark.parametrize("politely", [True, False])
async def test_f33_an_answer_cut_midway_begins_again_without_repeating_itself(api: Api, politely: bool) -> None:
    script = [cuts(after="You rolled a", politely=politely), says("You rolled a four.")]
    async with connected(ModelSimulator(script), api=api) as model:
        happened = await deltas(model)
    assert shown(happened) == "You rolled a four."
    assert sum(isinstance(delta, Restarted) for delta in happened) == 1


def torn_call(api: Api, *, done: bool) -> Step:
    """A stream that is cut within a call, or right after it."""
    arguments = '{"sides": 6}' if done else '{"sides'
    if api == "chat":
        function = {"name": "roll", "arguments": arguments}
        call = {"index": 0, "id": "c1", "type": "function", "function": function}
        return streams({"choices": [{"index": 0, "delta": {"content": "Rolling", "tool_calls": [call]}}]})
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "roll", "arguments": arguments}
    kind = "response.output_item.done" if done else "response.output_item.added"
    text = {"type": "response.output_text.delta", "delta": "Rolling"}
    return streams(text, {"type": kind, "output_index": 0, "item": item})


@both_protocols
@pytest.mark.parametrize("done", [True, False])
async def test_f33_a_call_cut_midway_is_made_once(api: Api, done: bool) -> None:
    script = [torn_call(api, done=done), calls(("roll", {"sides": 20}), text="Rolling once.")]
    async with connected(ModelSimulator(script), api=api) as model:
        happened = await deltas(model)
    assert shown(happened) == "Rolling once."
    [answer] = [delta for delta in happened if isinstance(delta, Answer)]
    assert [json.loads(call.arguments) for call in answer.calls] == [{"sides": 20}]


@both_protocols
@pytest.mark.parametrize("done", [True, False])
async def test_f32_a_call_without_the_streams_end_is_never_made(api: Api, done: bool) -> None:
    assert "broke off" in await refusal(*[torn_call(api, done=done)] * 2, api=api, retries=1)


@both_protocols
async def test_f32_a_stream_that_is_only_cut_is_no_answer(api: Api) -> None:
    assert "broke off" in await refusal(cuts(after="half"), cuts(politely=True), api=api, retries=1)


@both_protocols
async def test_an_error_inside_the_stream_is_tried_again(api: Api) -> None:
    async with connected(ModelSimulator([fails(500, after="You"), says("You rolled a four.")]), api=api) as model:
        assert (await answered(model)).text == "You rolled a four."


@pytest.mark.parametrize("after", ["", "You rolled"])
async def test_f34_a_server_that_falls_silent_is_asked_again(after: str) -> None:
    async with connected(ModelSimulator([hangs(after=after), says("Four.")]), timeout=0.1) as model:
        assert (await answered(model)).text == "Four."


async def test_f34_a_server_that_never_answers_is_asked_twice_and_given_up() -> None:
    server = ModelSimulator([hangs(), hangs()])
    assert "did not answer within 0.05 seconds" in await refusal(server=server, timeout=0.05, retries=4)
    assert len(server.requests) == 2


async def test_only_the_configuration_decides_what_a_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "ORG_ID", "PROJECT_ID", "API_KEY", "ADMIN_KEY"):
        monkeypatch.setenv(f"OPENAI_{name}", "http://127.0.0.1:9/canary")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Canary: canary\nAuthorization: Bearer canary")
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        model = connect(ModelConfig(base_url=f"http://127.0.0.1:{port}/v1", api_key=SecretStr("key-7f3a9c")))
        with pytest.raises(ModelError):
            await deltas(model)
        await model.close()
    assert b"Bearer key-7f3a9c" in heads[0]
    assert b"canary" not in heads[0].lower()
    assert b"openai-" not in heads[0].lower()


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(raw(*[b": keep-alive\n\n"] * 200, pause=0.01), id="comments in a stream"),
        pytest.param(raw(*[b" "] * 200, content_type="application/json", pause=0.01), id="blanks before a body"),
        pytest.param(raw(*[b" "] * 200, status=500, pause=0.01), id="blanks in a refusal"),
    ],
)
async def test_f34_signs_of_life_without_an_answer_are_not_waited_for_forever(step: Step) -> None:
    server = ModelSimulator(lambda _: step)
    assert "did not answer within" in await refusal(server=server, timeout=0.05, retries=3)


async def test_f34_headers_that_never_end_are_not_waited_for_forever() -> None:
    hung_up = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(200):
                writer.write(b"x-wait-%d: a little longer\r\n" % number)
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        hung_up.set()

    async with await asyncio.start_server(drip, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        model = connect(ModelConfig(base_url=f"http://127.0.0.1:{port}/v1", timeout=0.05))
        with pytest.raises(ModelError, match="did not answer within"):
            await deltas(model)
        await model.close()
        await hung_up.wait()


async def test_a_server_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        model = connect(ModelConfig(base_url=url, retries=1), patience=EAGER)
        with pytest.raises(ModelError, match="cannot be reached"):
            await deltas(model)
        await model.close()


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (fails(401, message="Incorrect API key provided: sk-12345678"), "The key was refused"),
        (fails(403), "The key was refused"),
        (fails(404, message="The model `small` does not exist", code="model_not_found"), "has no model “small”"),
        (fails(404, message="Not Found"), "has no such address"),
        (fails(429, message="You exceeded your current quota", code="insufficient_quota"), "no quota left"),
        (fails(400, message="maximum context length is 8192 tokens", code="context_length_exceeded"), "too much text"),
        (fails(400, message="the request exceeds the available context size"), "too much text"),
        (fails(413), "too much text"),
        (fails(400, message="triggered our content management policy", code="content_filter"), "content filter"),
        (fails(400, message="small does not support tools"), "set model.tools to json"),
        (
            fails(400, message="temperature must be\n  below 1"),
            "refused the request (400): temperature must be below 1",
        ),
        (raw("<html>Welcome</html>", content_type="text/html"), "leads to a web page"),
    ],
)
async def test_what_only_people_can_mend_is_said_at_once_in_one_sentence(step: Step, sentence: str) -> None:
    told = await refusal(step, retries=4)
    assert sentence in told
    assert "\n" not in told


@both_protocols
async def test_f35_too_much_text_is_told_apart_from_other_refusals(api: Api) -> None:
    script = [fails(400, message="maximum context length is 8192 tokens", code="context_length_exceeded"), fails(400)]
    async with connected(ModelSimulator(script), api=api) as model:
        with pytest.raises(ContextOverflowError, match="too much text"):
            await deltas(model)
        with pytest.raises(ModelError) as caught:
            await deltas(model)
    assert not isinstance(caught.value, ContextOverflowError)


async def test_f52_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    key = SecretStr("key-7f3a9c")
    async with connected(ModelSimulator([says("Hi.")], api_key="key-7f3a9c"), api_key=key) as model:
        await answered(model)
    told = await refusal(fails(400, message="bad key-7f3a9c given"), api_key=key)
    assert "key-7f3a9c" not in told
    assert "[redacted] given" in told


async def test_a_refusal_is_recorded_without_the_words_in_which_a_server_may_quote_people(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await refusal(fails(400, message="no such option: colour", code="unknown_option", param="colour"))
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.name == "steward.model"
    assert record.getMessage().endswith(": status 400 unknown_option colour")
    assert not record.exc_info


async def test_a_lost_connection_is_recorded_in_full(caplog: pytest.LogCaptureFixture) -> None:
    await refusal(cuts(after="half"), retries=0)
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info


@both_protocols
async def test_an_answer_cut_by_the_models_limit_says_so(api: Api) -> None:
    async with connected(ModelSimulator([says("A long st", finish="length")]), api=api) as model:
        answer = await answered(model)
    assert answer.text.startswith("A long st\n\n")
    assert "limit" in answer.text


@both_protocols
async def test_a_filtered_answer_keeps_its_beginning_or_is_refused(api: Api) -> None:
    script = [says("It began", finish="content_filter"), says("", finish="content_filter")]
    async with connected(ModelSimulator(script), api=api) as model:
        assert "content filter" in (await answered(model)).text
        with pytest.raises(ModelError, match="content filter"):
            await deltas(model)


@both_protocols
async def test_a_server_that_does_not_stream_is_understood(api: Api) -> None:
    whole = {
        "chat": '{"choices": [{"message": {"role": "assistant", "content": "Whole."}}]}',
        "responses": '{"object": "response", "status": "completed", "output": [{"type": "message", "content":'
        ' [{"type": "output_text", "text": "Whole."}]}]}',
    }
    async with connected(ModelSimulator([raw(whole[api], content_type="application/json")]), api=api) as model:
        assert (await answered(model)).text == "Whole."


async def test_the_connection_is_used_again() -> None:
    server = ModelSimulator([says("one"), says("two"), says("three")])
    async with connected(server) as model:
        for _ in range(3):
            await answered(model)
    assert len({request.peer for request in server.requests}) == 1


async def test_a_server_that_stays_on_the_line_after_its_answer_does_not_hold_it_up() -> None:
    events = ['data: {"choices": [{"delta": {"content": "Done."}, "finish_reason": "stop"}]}\n\n', "data: [DONE]\n\n"]
    async with (
        connected(ModelSimulator([raw(*events, *[b": still here\n\n"] * 9, pause=0.3)])) as model,
        asyncio.timeout(2),
    ):
        assert (await answered(model)).text == "Done."


async def test_leaving_an_answer_midway_frees_the_connection() -> None:
    async with connected(ModelSimulator([says("a long answer", pause=0.02), says("next")])) as model:
        answering = model.stream("", QUESTION, [])
        assert isinstance(await anext(answering), TextDelta)
        await answering.aclose()
        assert (await answered(model)).text == "next"


@both_protocols
async def test_options_a_server_does_not_know_are_left_out_from_then_on(api: Api) -> None:
    server = ModelSimulator([says("one"), says("two")], refused=["stream_options", "include", "temperature"])
    async with connected(server, api=api, temperature=1.0) as model:
        assert (await answered(model)).text == "one"
        tries = len(server.requests)
        assert (await answered(model)).text == "two"
    assert len(server.requests) == tries + 1


async def test_thoughts_sealed_by_another_model_are_left_out() -> None:
    sealed = fails(400, code="invalid_encrypted_content", message="The encrypted content could not be verified.")
    thought = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "?"}
    call = Call(id="1", name="roll", arguments="{}")
    history: list[Item] = [
        *QUESTION,
        Answer(calls=(call,), reasoning=(thought,)),  # type: ignore[arg-type]  # JSON in a literal
        Result(call_id="1", name="roll", text="4"),
    ]
    server = ModelSimulator([sealed, says("Four.")])
    async with connected(server, api="responses") as model:
        assert (await answered(model, history)).text == "Four."
    assert "reasoning" not in [item.get("type") for item in server.requests[-1].items]


@pytest.mark.parametrize(
    "url", ["http://[oops", "http://:80", "http://host:port/v1", "http://host:99999", "http://a..b"]
)
async def test_an_address_that_is_none_is_the_operators_mistake(url: str) -> None:
    with pytest.raises(OperatorError, match=r"model\.base_url"):
        connect(ModelConfig(base_url=url))


@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_address_may_end_in_a_slash(slash: str) -> None:
    async with ModelSimulator([says("Hi.")]) as server:
        model = connect(ModelConfig(base_url=server.base_url + slash))
        assert (await answered(model)).text == "Hi."
        await model.close()
