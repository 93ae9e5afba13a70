"""Which blocks the simulated Slack refuses, and what people see of the others, through slack-sdk itself."""

from collections.abc import AsyncIterator

import pytest
from pydantic import JsonValue
from slack_sdk.errors import SlackApiError

from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import ShownTask
from core.messages import JsonObject
from tests.slack_client import client, shown


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator() as simulator:
        yield simulator


def words(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}


def button(**changes: JsonValue) -> JsonObject:
    return {"type": "button", "action_id": "a", "text": words("Press"), **changes}


def actions(*elements: JsonObject) -> JsonObject:
    return {"type": "actions", "elements": [*elements]}


def menu(**changes: JsonValue) -> JsonObject:
    return {"type": "static_select", "action_id": "m", "options": options(1), **changes}


def options(count: int) -> list[JsonValue]:
    return [{"text": words(str(number)), "value": str(number)} for number in range(count)]


def table(*rows: list[str]) -> JsonObject:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]}


def image(**changes: str) -> JsonObject:
    return {"type": "image", "image_url": "https://a.example/p.png", "alt_text": "a", **changes}


def rich(text: str) -> JsonObject:
    section: JsonObject = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def feedback(**changes: JsonValue) -> JsonObject:
    good: JsonObject = {"text": words("Good"), "value": "good"}
    bad: JsonObject = {"text": words("Bad"), "value": "bad"}
    element: JsonObject = {"type": "feedback_buttons", "positive_button": good, "negative_button": bad, **changes}
    return {"type": "context_actions", "elements": [element]}


FINE: list[JsonObject] = [
    {"type": "divider"},
    {"type": "markdown", "text": "m" * 12_000},
    {"type": "section", "text": {"type": "mrkdwn", "text": "s" * 3000}},
    {"type": "section", "fields": [words("f" * 2000), *[words("f")] * 9]},
    {"type": "section", "text": words("s"), "accessory": button()},
    {"type": "header", "text": words("h" * 150)},
    {"type": "context", "elements": [{**words("c")}] * 10},
    actions(*[button(action_id=str(number)) for number in range(25)]),
    actions(button(text=words("t" * 75), value="v" * 2000, action_id="a" * 255, style="danger")),
    actions(menu(options=options(100), initial_option=options(1)[0])),
    actions({"type": "overflow", "action_id": "o", "options": [*options(5)]}),
    feedback(),
    {
        "type": "context_actions",
        "elements": [{"type": "icon_button", "icon": "trash", "action_id": "d", "text": words("Delete")}],
    },
    table(*[[str(column) for column in range(20)] for _ in range(100)]),
    image(alt_text="a" * 2000),
    {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "a"},
    rich("r"),
    {"type": "task_card", "task_id": "1", "title": "t", "status": "complete", "output": rich("7")},
    {"type": "plan", "title": "p", "tasks": [{"task_id": "1", "title": "t"}]},
]

WRONG: list[JsonObject] = [
    {"type": "invented"},
    {"text": "no type"},
    {"type": "divider", "block_id": "b" * 256},
    {"type": "markdown", "text": ""},
    {"type": "section"},
    {"type": "section", "text": {"type": "mrkdwn", "text": "s" * 3001}},
    {"type": "section", "text": "plain"},
    {"type": "section", "fields": [{**words("f")}] * 11},
    {"type": "section", "fields": [words("f" * 2001)]},
    {"type": "header", "text": words("h" * 151)},
    {"type": "header", "text": {"type": "mrkdwn", "text": "*h*"}},
    {"type": "context", "elements": []},
    {"type": "context", "elements": [{**words("c")}] * 11},
    actions(),
    actions(*[button(action_id=str(number)) for number in range(26)]),
    actions(button(), button()),
    actions(button(text=words("t" * 76))),
    actions(button(text=words(""))),
    actions(button(text={"type": "mrkdwn", "text": "*t*"})),
    actions(button(value="v" * 2001)),
    actions(button(action_id="a" * 256)),
    actions(button(style="loud")),
    actions(menu(options=options(101))),
    actions(menu(options=[])),
    actions(menu(options=[{"text": words("o" * 76), "value": "1"}])),
    actions(menu(options=[{"text": words("o"), "value": "v" * 151}])),
    actions(menu(initial_option={"text": words("Two"), "value": "2"})),
    actions(menu(placeholder=words("p" * 151))),
    actions({"type": "overflow", "action_id": "o", "options": [*options(6)]}),
    actions({"type": "plain_text_input", "action_id": "i"}),
    feedback(positive_button={"text": words("Good")}),
    {"type": "context_actions", "elements": [button()]},
    table([]),
    table(["x"] * 21),
    table(*[["x"]] * 101),
    table(["x" * 5000, "y" * 5001]),
    table([""]),
    {"type": "table", "rows": []},
    image(alt_text=""),
    image(alt_text="a" * 2001),
    {"type": "image", "alt_text": "a"},
    {"type": "input", "label": words("l"), "element": {"type": "plain_text_input", "action_id": "i"}},
    {"type": "rich_text", "elements": [{"type": "invented"}]},
    {"type": "task_card", "task_id": "1", "title": "t", "status": "done"},
    {"type": "task_card", "title": "t"},
]


@pytest.mark.parametrize("block", FINE, ids=lambda block: str(block["type"]))
async def test_a_block_within_its_limits_is_taken(slack: SlackSimulator, block: JsonObject) -> None:
    answer = await client(slack).chat_postMessage(channel="C1", text="x", blocks=[block])
    assert answer["message"]["blocks"][0]["block_id"]


@pytest.mark.parametrize("block", WRONG, ids=lambda block: str(block.get("type")))
async def test_a_block_beyond_its_limits_is_refused(slack: SlackSimulator, block: JsonObject) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client(slack).chat_postMessage(channel="C1", text="x", blocks=[block])
    assert caught.value.response["error"] == "invalid_blocks"
    assert "json-pointer:/blocks" in caught.value.response["response_metadata"]["messages"][0]
    assert slack.transcript.messages == []


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([{"type": "markdown", "text": "m" * 6001}, {"type": "markdown", "text": "m" * 6000}], "msg_blocks_too_long"),
        ([{"type": "markdown", "text": "m" * 6001}, table(["c" * 6000])], "msg_blocks_too_long"),
        ([table(["a"]), table(["b"])], "invalid_attachments"),
        ([actions(button()), actions(button())], "invalid_blocks"),
        ([{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}], "invalid_blocks"),
        ([{"type": "divider"}] * 51, "invalid_blocks"),
    ],
)
async def test_blocks_are_refused_together(slack: SlackSimulator, blocks: list[JsonObject], error: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        await client(slack).chat_postMessage(channel="C1", text="x", blocks=blocks)
    assert caught.value.response["error"] == error


async def test_people_see_words_tables_and_tasks(slack: SlackSimulator) -> None:
    card: JsonObject = {"type": "task_card", "task_id": "1", "title": "Roll", "status": "complete", "output": rich("7")}
    blocks: list[JsonObject] = [
        {"type": "header", "text": words("Dice & more")},
        {"type": "section", "text": {"type": "mrkdwn", "text": "1 &lt; 2 <https://a.example|here>"}},
        table(["a", "b"], ["1", "2"]),
        card,
        actions(button()),
    ]
    answer = await client(slack).chat_postMessage(channel="C1", text="fallback", blocks=blocks)
    message = shown(slack, answer["ts"])
    assert message.text == "Dice & more\n1 < 2 here"
    assert message.tables == [[["a", "b"], ["1", "2"]]]
    assert message.tasks == [ShownTask(id="1", title="Roll", status="complete", output="7")]
    assert [control.key for control in message.controls] == ["a"]
