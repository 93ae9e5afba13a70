"""Forms for skills and for questions about a message, and what was filled in; pure."""

from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.commands import SUBCOMMANDS
from bots.simulator.slack.blocks import checked
from bots.slack.about import USUAL, question_form, read_asked
from bots.slack.events import Lookup
from bots.slack.filled import call, problems, read_form
from bots.slack.forms import form
from bots.slack.home import home, mrkdwn, prompts
from bots.slack.views import LONGEST_NOTE, read_note
from core.messages import Attachment, Audience, Conversation, DirectCall, JsonObject, Person
from core.model import Tool
from core.options import Option, words

DRAW = Tool(name="draw_chart", description="Draw a chart.\n\nOf numbers.", parameters={"type": "object"})
OPTIONS = (
    Option(name="title", kind="text", required=True, help="What stands above it."),
    Option(name="data", kind="file", required=True),
    Option(name="kind", kind="text", required=False, choices=("bar", "line"), default="bar"),
    Option(name="width", kind="integer", required=False, minimum=1, maximum=20, default=8),
    Option(name="zoom", kind="number", required=False, default=1.5),
    Option(name="grid", kind="boolean", required=False, default=True),
    Option(name="colours", kind="json", required=False, items="text"),
)
FILE: JsonObject = {"id": "F1", "name": "a.csv", "mimetype": "text/csv", "url_private": "https://x/a.csv"}


def blocks(view: JsonObject) -> dict[str, JsonObject]:
    """Return the inputs of a view by their block's id."""
    shown = cast("list[JsonObject]", view["blocks"])
    return {str(block["block_id"]): block for block in shown if block["type"] == "input"}


def element(view: JsonObject, name: str) -> JsonObject:
    return cast("JsonObject", blocks(view)[name]["element"])


def submitted(view: JsonObject, **elements: JsonObject) -> JsonObject:
    """Return a view as Slack sends it back."""
    values: JsonObject = {name: {name: answer} for name, answer in elements.items()}
    return {**view, "id": "V1", "state": {"values": values}}


def filled_in(**changes: JsonObject) -> JsonObject:
    elements: dict[str, JsonObject] = {
        "title": {"type": "plain_text_input", "value": "Sales"},
        "data": {"type": "file_input", "files": [FILE]},
        "kind": {"type": "static_select", "selected_option": {"value": "line"}},
        "width": {"type": "number_input", "value": "8"},
        "zoom": {"type": "number_input", "value": None},
        "grid": {"type": "radio_buttons", "selected_option": {"value": "no"}},
        "colours": {"type": "plain_text_input", "value": "red, green"},
    }
    return submitted(form(DRAW, OPTIONS, {}, channel="C1", response_url="https://r"), **{**elements, **changes})


def test_each_kind_of_option_has_its_field() -> None:
    view = form(DRAW, OPTIONS, {}, channel="C1")
    assert [element(view, option.name)["type"] for option in OPTIONS] == [
        "plain_text_input",
        "file_input",
        "static_select",
        "number_input",
        "number_input",
        "radio_buttons",
        "plain_text_input",
    ]
    assert [blocks(view)[option.name]["optional"] for option in OPTIONS] == [False, False, *[True] * 5]
    assert element(view, "width") == {
        "type": "number_input",
        "action_id": "width",
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": "20",
        "initial_value": "8",
    }
    assert element(view, "zoom")["initial_value"] == "1.5"
    assert element(view, "colours")["multiline"] is True
    assert blocks(view)["title"]["hint"] == {"type": "plain_text", "text": "What stands above it.", "emoji": False}


def test_a_form_is_within_slacks_limits() -> None:
    view = form(DRAW, OPTIONS, {}, channel="C1")
    assert checked(view["blocks"], "modal")
    assert view["title"] == {"type": "plain_text", "text": "Draw chart", "emoji": False}


def test_what_was_typed_already_is_filled_in() -> None:
    view = form(DRAW, OPTIONS, {"title": "Sales", "kind": "line", "grid": False, "width": 12}, channel="C1")
    assert element(view, "title")["initial_value"] == "Sales"
    chosen = [cast("JsonObject", element(view, name)["initial_option"])["value"] for name in ("kind", "grid")]
    assert chosen == ["line", "no"]
    assert element(view, "width")["initial_value"] == "12"


def test_a_filled_form_is_a_call_that_can_be_typed() -> None:
    filled = read_form(filled_in())
    assert (filled.skill, filled.channel, filled.response_url) == ("draw_chart", "C1", "https://r")
    assert problems(OPTIONS, filled) == {}
    direct, said = call(OPTIONS, filled)
    assert direct == DirectCall(
        skill="draw_chart",
        arguments={"title": "Sales", "kind": "line", "grid": False, "colours": ["red", "green"]},
        files={"data": 0},
    )
    assert list(filled.files.values()) == [
        Attachment(filename="a.csv", media_type="text/csv", source="https://x/a.csv")
    ]
    assert said.startswith("call draw_chart title=Sales")
    name, texts = words(said.removeprefix("call "))
    assert (name, texts["data"]) == ("draw_chart", "a.csv")


@pytest.mark.parametrize(
    ("name", "answer", "sentence"),
    [
        ("title", {"type": "plain_text_input", "value": None}, "needed"),
        ("data", {"type": "file_input", "files": []}, "needed"),
        ("width", {"type": "number_input", "value": "99"}, "at most 20"),
        ("width", {"type": "number_input", "value": "many"}, "whole number"),
        ("kind", {"type": "static_select", "selected_option": {"value": "pie"}}, "bar, line"),
        ("colours", {"type": "plain_text_input", "value": "[1"}, "JSON"),
    ],
)
def test_what_is_wrong_is_said_under_its_field(name: str, answer: JsonObject, sentence: str) -> None:
    wrong = problems(OPTIONS, read_form(filled_in(**{name: answer})))
    assert list(wrong) == [name]
    assert sentence in wrong[name]


def test_choices_a_menu_has_no_room_for_are_typed() -> None:
    many = Option(name="a", kind="integer", required=True, choices=tuple(range(200)))
    long = Option(name="b", kind="text", required=True, choices=("x" * 200, "y"))
    empty = Option(name="c", kind="text", required=True, choices=("", "y"))
    view = form(DRAW, (many, long, empty), {}, channel="C1")
    assert [element(view, name)["type"] for name in "abc"] == ["plain_text_input"] * 3


plain = st.text(max_size=200)
numbers = st.none() | st.integers(-(10**6), 10**6).map(float)
options = st.lists(
    st.builds(
        Option,
        name=st.from_regex(r"[a-z_]{1,40}", fullmatch=True),
        kind=st.sampled_from(["text", "integer", "number", "boolean", "file", "json"]),
        required=st.booleans(),
        help=st.text(max_size=3000),
        choices=st.just(()) | st.lists(plain | st.integers(), max_size=120).map(tuple),
        minimum=st.none(),
        maximum=numbers,
    ),
    max_size=110,
    unique_by=lambda option: option.name,
)


@settings(deadline=None, max_examples=60)
@given(options, st.text(max_size=5000), st.from_regex(r"[a-z_]{1,40}", fullmatch=True))
def test_any_form_is_within_slacks_limits(wanted: list[Option], description: str, name: str) -> None:
    view = form(Tool(name=name, description=description, parameters={}), wanted, {}, channel="C1")
    assert checked(view["blocks"], "modal")
    assert len(str(cast("JsonObject", view["title"])["text"])) <= 24
    assert len(str(view["private_metadata"])) <= LONGEST_NOTE


PEOPLE = {"U1": Person(id="U1", name="Ada"), "U2": Person(id="U2", name="Grace")}
LOOKUP = Lookup(bot="UBOT", team="T1", address="https://team.slack.com/", people=PEOPLE, place="public")


MESSAGE = "https://team.slack.com/archives/C1/p1700000000000100"


def shortcut(text: str, **message: JsonValue) -> JsonObject:
    """Return the payload of the message shortcut."""
    return {
        "type": "message_action",
        "callback_id": "steward.ask_about",
        "trigger_id": "1.2.3",
        "response_url": "https://r",
        "user": {"id": "U1", "name": "ada"},
        "channel": {"id": "C1", "name": "general"},
        "message": {"type": "message", "user": "U2", "ts": "1700000000.000100", "text": text, **message},
    }


def asked(view: JsonObject, question: str | None = "Is that so?") -> JsonObject:
    """Return the submission of the form that the shortcut opened."""
    values: JsonObject = {"question": {"question": {"type": "plain_text_input", "value": question}}}
    state: JsonObject = {"values": values}
    return {
        "type": "view_submission",
        "user": {"id": "U1", "name": "ada"},
        "view": {**view, "id": "V1", "state": state},
    }


def test_a_question_about_a_message_quotes_it_in_its_thread() -> None:
    view = question_form(shortcut("see <@U1>:\n1 &lt; 2", files=[FILE]), "Steward", LOOKUP)
    assert checked(view["blocks"], "modal")
    message = read_asked(asked(view), LOOKUP)
    assert message.id == "slack/T1/C1/V1"
    assert message.conversation == Conversation(
        platform="slack", workspace="T1", channel="C1", thread="1700000000.000100"
    )
    assert message.audience == Audience(scope="workspace", id="slack/T1")
    assert message.author.name == "Ada"
    assert message.text == "Is that so?\n\nThis is about a message by Grace:\n> see @Ada:\n> 1 < 2"
    assert message.attachments == (Attachment(filename="a.csv", media_type="text/csv", source="file:F1"),)
    assert message.origin == {"response_url": "https://r"}
    assert message.link == MESSAGE


def test_a_question_about_a_reply_stays_in_its_thread() -> None:
    view = question_form(shortcut("hi", thread_ts="1600000000.000100"), "Steward", LOOKUP)
    message = read_asked(asked(view), LOOKUP)
    assert message.conversation.thread == "1600000000.000100"
    assert message.link == f"{MESSAGE}?thread_ts=1600000000.000100&cid=C1"


def test_a_question_left_empty_is_the_usual_one() -> None:
    assert read_asked(asked(question_form(shortcut("hi"), "Steward", LOOKUP), None), LOOKUP).text.startswith(USUAL)


def test_a_message_without_text_can_be_asked_about() -> None:
    view = question_form(shortcut("", files=[FILE]), "Steward", LOOKUP)
    assert checked(view["blocks"], "modal")
    assert "without text" in read_asked(asked(view), LOOKUP).text


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.integers(1, 400), st.text(max_size=300))
def test_any_message_can_be_quoted_within_slacks_limits(text: str, times: int, name: str) -> None:
    files: list[JsonValue] = [{"id": f"F{number}", "name": text * 5, "mimetype": "x" * 300} for number in range(12)]
    view = question_form(shortcut(text * times, files=files), name, LOOKUP)
    assert checked(view["blocks"], "modal")
    assert len(str(view["private_metadata"])) <= LONGEST_NOTE
    assert read_note(view)["ts"] == "1700000000.000100"


def test_the_home_tab_says_what_there_is() -> None:
    tool = Tool(name="roll", description="Roll <dice>.\n\nMore.", parameters={}, examples=("roll 2d6", "roll"))
    view = home("Steward", [tool], "**3** answers\n- 1,200 tokens")
    assert checked(view["blocks"], "home")
    shown = str(view["blocks"])
    for said in (
        "/steward call",
        "`roll` – Roll &lt;dice&gt;.",
        "“roll 2d6”",
        "*3* answers",
        "• 1,200 tokens",
        "forget",
    ):
        assert said in shown
    assert "More." not in shown
    assert all(f"`/steward {command.usage}`" in shown for command in SUBCOMMANDS)


@pytest.mark.parametrize("follows", [True, False])
def test_the_home_tab_says_how_following_can_be_switched(follows: bool) -> None:
    shown = str(home("Steward", [], "", follows=follows))
    assert ("I answer only when I am mentioned." in shown) is not follows


def test_the_home_tab_is_silent_about_usage_where_none_is_told() -> None:
    assert "usage" not in str(home("Steward", [], ""))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=4000), max_size=30), st.integers(1, 12), st.text(max_size=9000))
def test_the_home_tab_is_within_slacks_limits(descriptions: list[str], times: int, usage: str) -> None:
    tools = [
        Tool(name=f"skill_{number}", description=description, parameters={}, examples=(description,))
        for number, description in enumerate(descriptions * times)
    ]
    assert checked(home("Steward", tools, usage)["blocks"], "home")
    assert len(prompts(tools)) <= 4


def test_usage_cannot_mention_or_link() -> None:
    assert mrkdwn("# Hi <!channel> [x](https://x.org)") == "*Hi &lt;!channel&gt; [x](https://x.org)*"
