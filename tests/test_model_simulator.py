import json
import sys
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionToolParam

from bots.simulator.model import ModelSimulator, Request, Said, calls, cuts, fails, hangs, says, streams

TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "roll", "description": "Roll.", "parameters": {"type": "object", "properties": {}}},
}


def client(server: ModelSimulator, key: str = "secret") -> AsyncOpenAI:
    return AsyncOpenAI(base_url=server.base_url, api_key=key, max_retries=0, timeout=5)


async def say(openai_client: AsyncOpenAI, text: str = "hello") -> str:
    answer = await openai_client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])
    return answer.choices[0].message.content or ""


async def test_chat_stream_reads_as_the_typed_client_expects() -> None:
    async with (
        ModelSimulator([calls(("roll", {"sides": 6}), text="Rolling the die", expect="roll")]) as server,
        client(server) as talk,
    ):
        text, arguments, finish, usage = "", "", "", 0
        stream = await talk.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "roll"}],
            tools=[TOOL],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            usage = chunk.usage.total_tokens if chunk.usage else usage
            for choice in chunk.choices:
                finish = choice.finish_reason or finish
                text += choice.delta.content or ""
                for call in choice.delta.tool_calls or []:
                    arguments += (call.function.arguments or "") if call.function else ""
    assert (text, json.loads(arguments), finish) == ("Rolling the die", {"sides": 6}, "tool_calls")
    assert usage > 0


async def test_responses_stream_reads_as_the_typed_client_expects() -> None:
    step = calls(("roll", {"sides": 6}), text="Rolling", reasoning="a die it is")
    async with ModelSimulator([step]) as server, client(server) as talk:
        stream = await talk.responses.create(
            model="m", input="roll", stream=True, store=False, include=["reasoning.encrypted_content"]
        )
        events = [event async for event in stream]
    last = events[-1]
    assert last.type == "response.completed"
    assert [item.type for item in last.response.output] == ["reasoning", "message", "function_call"]
    assert last.response.output_text == "Rolling"
    assert last.response.output[0].to_dict()["encrypted_content"] == "sealed:a die it is"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Rolling"


async def test_both_protocols_answer_without_a_stream() -> None:
    async with ModelSimulator([says("one"), says("two")]) as server, client(server) as talk:
        first = await say(talk)
        second = await talk.responses.create(model="m", input="again")
    assert (first, second.output_text) == ("one", "two")


async def test_failures_carry_status_code_and_wait() -> None:
    step = fails(429, message="Slow down.", code="rate_limit_exceeded", retry_after=7)
    async with ModelSimulator([step]) as server, client(server) as talk:
        with pytest.raises(openai.RateLimitError) as caught:
            await say(talk)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "7"


async def read(openai_client: AsyncOpenAI) -> str:
    stream = await openai_client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


@pytest.mark.parametrize("step", [cuts(after="half a text"), hangs(after="half a text"), hangs()])
async def test_broken_streams_do_not_look_complete(step: Said) -> None:
    async with ModelSimulator([step]) as server, client(server) as talk:
        with pytest.raises(openai.APIConnectionError):
            await read(talk.with_options(timeout=0.2))


async def test_a_raw_stream_is_sent_as_written() -> None:
    event = {"choices": [{"index": 0, "delta": {"content": "raw"}}]}
    async with ModelSimulator([streams(event, "[DONE]")]) as server, client(server) as talk:
        assert await read(talk) == "raw"


async def left(server: ModelSimulator, ask: Callable[[AsyncOpenAI], Awaitable[object]]) -> str:
    """Ask what is refused, leave, and return what was reported."""
    try:
        async with server, client(server) as talk:
            with pytest.raises(openai.BadRequestError):
                await ask(talk)
    except AssertionError as error:
        return str(error)
    return ""


async def test_a_request_without_a_step_is_reported_on_leaving() -> None:
    assert "no step is left" in await left(ModelSimulator(), say)


async def test_an_unmet_expectation_is_reported_on_leaving() -> None:
    assert "missing in the request: ['draw']" in await left(ModelSimulator([says("ok", expect="draw")]), say)


async def test_an_unused_step_is_reported_on_leaving() -> None:
    with pytest.raises(AssertionError, match="never asked for"):
        async with ModelSimulator([says("unused")]):
            pass


def greet(request: Request) -> Said:
    assert request.question == "hello", f"nobody should ask {request.question!r}"
    return says("good day")


async def test_a_rule_answers_a_request_that_is_sent_again() -> None:
    async with ModelSimulator(greet) as server, client(server) as talk:
        assert [await say(talk), await say(talk)] == ["good day", "good day"]


async def test_a_request_that_a_rule_does_not_know_is_reported_on_leaving() -> None:
    found = await left(ModelSimulator(greet), lambda talk: say(talk, "goodbye"))
    assert "nobody should ask 'goodbye'" in found


async def test_a_wrong_key_is_refused_and_is_no_mistake_of_the_script() -> None:
    async with ModelSimulator(api_key="right") as server, client(server, key="wrong") as talk:
        with pytest.raises(openai.AuthenticationError):
            await say(talk)
        with pytest.raises(openai.AuthenticationError):
            await talk.models.list()


async def test_a_call_without_its_result_is_refused() -> None:
    async def ask(talk: AsyncOpenAI) -> None:
        await talk.chat.completions.create(
            model="m",
            messages=[
                {"role": "user", "content": "roll"},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "call_9", "type": "function", "function": {"name": "roll", "arguments": "{}"}}
                    ],
                },
            ],
        )

    assert "did not have response messages: call_9" in await left(ModelSimulator(), ask)


async def test_a_result_without_its_call_is_refused() -> None:
    async def ask(talk: AsyncOpenAI) -> None:
        await talk.responses.create(
            model="m", input=[{"type": "function_call_output", "call_id": "call_1", "output": "6"}]
        )

    assert "No tool call found" in await left(ModelSimulator(), ask)


async def test_the_endless_server_plays_two_calls_and_a_text() -> None:
    process = await create_subprocess_exec(
        sys.executable, "-m", "bots.simulator.model", "--endless", "--call", "roll={}", "--call", "roll", stdout=PIPE
    )
    assert process.stdout is not None
    try:
        async with timeout(20):
            base_url = (await process.stdout.readline()).decode().strip()
        async with AsyncOpenAI(base_url=base_url, api_key="k", max_retries=0, timeout=5) as talk:
            first = [event.type async for event in await talk.responses.create(model="m", input="hi", stream=True)]
            stream = await talk.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hi"}], stream=True
            )
            names = [
                call.function.name
                async for chunk in stream
                for choice in chunk.choices
                for call in choice.delta.tool_calls or []
                if call.function
            ]
    finally:
        process.terminate()
        await process.wait()
    assert "response.function_call_arguments.delta" in first
    assert "roll" in names
