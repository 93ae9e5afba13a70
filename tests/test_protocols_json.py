import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.simulator.model.offers import schema_complaint
from core.items import Answer, Call, Item, Question, Result
from core.messages import JsonObject
from core.model import Tool
from core.protocols.api import Ask, Finish
from core.protocols.fields import object_at, objects_at
from core.protocols.jsonask import in_json, sample, schema_of
from core.protocols.jsonread import JsonReader
from core.protocols.jsontext import StringInObject
from core.protocols.surrogates import Pairing
from core.unicode import well_formed

TEXT = st.text(st.characters())
VALUE: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
POINT: JsonObject = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
ROLL = Tool(
    name="roll",
    description="Roll a die.",
    parameters={
        "type": "object",
        "properties": {"sides": {"type": "integer"}, "place": {"$ref": "#/$defs/Point"}, "note": {"type": "string"}},
        "required": ["sides", "place"],
        "$defs": {"Point": POINT},
    },
    examples=("roll a die with six sides",),
)
CLOCK = Tool(name="clock", description="Tell the time.", parameters={"type": "object", "properties": {}})


def pieces(text: str, cuts: list[int]) -> list[str]:
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(borders)]


CUTS = st.lists(st.integers(0, 200), max_size=12)


@given(TEXT, VALUE, VALUE, st.booleans(), CUTS)
def test_the_answer_is_read_while_it_is_written(
    text: str, before: JsonValue, after: JsonValue, ascii_only: bool, cuts: list[int]
) -> None:
    written = json.dumps({"before": before, "answer": text, "after": after}, ensure_ascii=ascii_only)
    reader, pairing = StringInObject("answer"), Pairing()
    read = "".join(pairing.feed(reader.feed(piece)) for piece in pieces(written, cuts)) + pairing.end()
    assert read == well_formed(text)
    assert reader.ended


def test_each_character_is_returned_with_the_piece_that_completes_it() -> None:
    reader = StringInObject("answer")
    assert [reader.feed(piece) for piece in ('{"answer": "a', "b\\", "nc\\u00", 'e4d"}')] == ["a", "b", "\nc", "äd"]


@given(TEXT, CUTS)
def test_torn_characters_are_joined(text: str, cuts: list[int]) -> None:
    pairing = Pairing()
    torn = text.encode("utf-16-le", "surrogatepass")
    halves = "".join(chr(int.from_bytes(torn[at : at + 2], "little")) for at in range(0, len(torn), 2))
    joined = "".join(pairing.feed(piece) for piece in pieces(halves, cuts)) + pairing.end()
    assert joined == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Written:
    """A protocol's reader whose events are the model's text itself."""

    def __init__(self, finish: Finish = "complete") -> None:
        self.finish: Finish = finish
        self.closed = False
        self._text: list[str] = []

    def feed(self, data: str) -> str:
        self._text.append(data)
        return data

    def answer(self) -> Answer:
        return Answer(text="".join(self._text))


def read(text: str, *, finish: Finish = "complete", cuts: list[int] | None = None) -> tuple[Answer, str, bool]:
    """Return the answer, the text shown meanwhile, and whether it counts as broken."""
    reader = JsonReader(Written(finish))
    shown = "".join(reader.feed(piece) for piece in (pieces(text, cuts) if cuts is not None else text))
    return reader.answer(), shown, reader.broken


ROLL_CALL = '{"calls": [{"skill": "roll", "arguments": {"sides": 6}}], "answer": ""}'


@pytest.mark.parametrize(
    "written",
    [
        ROLL_CALL,
        f"```json\n{ROLL_CALL}\n```",
        f"\n\n{ROLL_CALL} I hope this helps!",
        '{"skill": "roll", "arguments": {"sides": 6}}',
        '{"name": "roll", "arguments": {"sides": 6}}',
        '{"tool_calls": [{"name": "roll", "parameters": {"sides": 6}}]}',
        '{"calls": [{"skill": "roll", "arguments": "{\\"sides\\":6}"}], "answer": "You rolled a 4!"}',
    ],
)
def test_calls_are_read_however_the_model_dresses_them(written: str) -> None:
    answer, shown, broken = read(written)
    assert [(call.name, json.loads(call.arguments)) for call in answer.calls] == [("roll", {"sides": 6})]
    assert (answer.text, shown, broken) == ("", "", False)


@given(CUTS)
def test_text_before_calls_is_shown(cuts: list[int]) -> None:
    answer, shown, _ = read(f"I will roll {{a die}}.\n```json\n{ROLL_CALL}\n```", cuts=cuts)
    assert [call.name for call in answer.calls] == ["roll"]
    assert answer.text.strip() == shown.strip() == "I will roll {a die}."


@given(CUTS)
def test_the_answers_text_is_shown_as_it_comes(cuts: list[int]) -> None:
    answer, shown, broken = read('{"calls": [], "answer": "You rolled\\na \\"4\\" 🎲"}', cuts=cuts)
    assert (answer.text, answer.calls, broken) == ('You rolled\na "4" 🎲', (), False)
    assert shown == answer.text


@pytest.mark.parametrize(
    "written",
    [
        "Just text.",
        "Text with {braces} and `code`",
        "```python\nprint({})\n```",
        "  indented",
        'Like {"name": "Bob"} here',
        "{",
        "",
    ],
)
def test_plain_text_is_an_answer(written: str) -> None:
    answer, _, broken = read(written)
    assert (answer.text, answer.calls, broken) == (written, (), False)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('{"calls": [{"skill": "roll", "arguments": {', '{"calls": [{"skill": "roll", "arguments": {'),
        ('{"Bob": 5}', '{"Bob": 5}'),
        ('{"calls": [oops], "answer": "Hello\\nthere"}', "Hello\nthere"),
        ('{"calls": [], "answer": "You said "four"."}', 'You said "four".'),
    ],
)
def test_broken_json_is_noticed_and_what_it_says_is_kept(written: str, text: str) -> None:
    answer, _, broken = read(written)
    assert broken
    assert answer.text == text


def test_an_empty_answer_is_empty_text() -> None:
    answer, _, broken = read('{"calls": [], "answer": ""}')
    assert (answer.text, answer.calls, broken) == ("", (), False)


def test_escapes_that_json_does_not_know_are_forgiven() -> None:
    answer, shown, broken = read('{"calls": [], "answer": "snake\\_case"}')
    assert (answer.text, shown, broken) == ("snake_case", "snake_case", False)


def test_an_answer_cut_at_the_limit_keeps_what_was_written() -> None:
    answer, _, broken = read('{"calls": [], "answer": "Hello th', finish="length")
    assert (answer.text, broken) == ("Hello th", False)


def test_calls_cut_at_the_limit_show_no_json() -> None:
    answer, _, _ = read('{"calls": [{"skill": "ro', finish="length")
    assert (answer.text, answer.calls) == ("", ())


def test_the_model_is_told_its_skills_with_schema_and_example() -> None:
    ask = in_json(Ask(model="m", instructions="Be brief.", items=[Question(text="hi")], tools=[ROLL]))
    for told in (
        "Be brief.",
        "## Skill roll",
        "Roll a die.",
        '"sides":{"type":"integer"}',
        "roll a die with six sides",
    ):
        assert told in ask.instructions
    assert '{"skill":"roll","arguments":{"sides":1,"place":{"x":1.5}}}' in ask.instructions
    assert ask.tools == ()


def test_calls_and_results_become_text() -> None:
    items: list[Item] = [
        Question(text="roll twice"),
        Answer(
            calls=(Call(id="1", name="roll", arguments='{"sides": 6}'), Call(id="2", name="roll", arguments="oops"))
        ),
        Result(call_id="1", name="roll", text="4"),
        Result(call_id="2", name="roll", text="Error: no object", ok=False),
    ]
    told = in_json(Ask(model="m", instructions="", items=items, tools=[ROLL])).items
    assert [type(item) for item in told] == [Question, Answer, Question]
    assert [json.loads(item.text) for item in told[1:] if not isinstance(item, Result)] == [
        {"calls": [{"skill": "roll", "arguments": {"sides": 6}}, {"skill": "roll", "arguments": "oops"}], "answer": ""},
        {
            "results": [
                {"skill": "roll", "ok": True, "result": "4"},
                {"skill": "roll", "ok": False, "result": "Error: no object"},
            ]
        },
    ]


def test_a_plain_chat_without_skills_stays_as_it_is() -> None:
    ask = Ask(model="m", instructions="Be brief.", items=[Question(text="hi"), Answer(text="hello")])
    assert in_json(ask) is ask


def test_the_schema_moves_the_definitions_of_each_skill_to_its_top() -> None:
    schema = schema_of([ROLL, CLOCK])
    assert schema["$defs"] == {"roll.Point": POINT}
    assert schema_complaint(schema, strict=False) == ""
    calls = object_at(object_at(object_at(schema, "properties"), "calls"), "items")
    roll = object_at(object_at(objects_at(calls, "anyOf")[0], "properties"), "arguments")
    assert object_at(object_at(roll, "properties"), "place") == {"$ref": "#/$defs/roll.Point"}
    assert "$defs" not in roll


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "enum": ["bar", "line"]}, "bar"),
        ({"type": "string", "default": "x"}, "x"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({}, "…"),
    ],
)
def test_a_sample_fits_its_schema(schema: JsonObject, value: JsonValue) -> None:
    assert sample(schema, schema) == value
