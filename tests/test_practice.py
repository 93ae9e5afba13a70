"""The practice model: which skill a request names, with what arguments; and that it never guesses, loops or repeats."""

import json
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

import skills
from core.discovery import discover
from core.events import TextDelta
from core.items import Answer, Item, Question, Result
from core.messages import JsonObject
from core.model import Tool
from core.practice import NOTICE, PracticeModel, Step, plan, respond
from core.practice.data import read
from core.practice.replies import REMINDER
from core.practice.words import stem


def tool(name: str, description: str, *examples: str, required: Sequence[str] = (), **properties: JsonValue) -> Tool:
    parameters: JsonObject = {"type": "object", "properties": properties, "required": list(required)}
    return Tool(name=name, description=description, parameters=parameters, examples=examples)


TEXT: JsonObject = {"type": "string"}
FILE: JsonObject = {"anyOf": [{"type": "string", "format": "steward-file"}, {"type": "null"}], "default": None}

MEASURE = tool("measure_text", "Count the words of a text.", "measure this text", text=TEXT, file=FILE)
POSTER = tool("poster", "Make a poster of a text.", "make a poster of this text", text=TEXT, required=["text"])
ROLL = tool(
    "roll_dice",
    "Roll dice.",
    "roll a die with 6 sides",
    sides={"type": "integer"},
    loud={"type": "boolean", "default": False},
    required=["sides"],
)
PAINT = tool("paint_wall", "Paint a wall.", "paint the wall blue", shade={"enum": ["light blue", "green", "red"]})
TOOLS = (MEASURE, POSTER, ROLL, PAINT)


def asked(text: str, *history: Item, tools: Sequence[Tool] = TOOLS) -> list[tuple[str, JsonObject]]:
    return [(step.name, step.arguments) for step in plan(text, history, tools).steps]


# What is called


def test_quoted_text_fills_a_text_parameter() -> None:
    assert asked("measure this text: “To be: or not.”") == [("measure_text", {"text": "To be: or not."})]


@pytest.mark.parametrize(
    "text",
    [
        "measure this text: one, two: and 'three'",
        "measure this text\none, two: and 'three'",
        "one, two: and 'three'\n\nmeasure this text:",
    ],
    ids=["after a colon", "on the next line", "on the lines before"],
)
def test_text_beside_the_request_fills_a_text_parameter(text: str) -> None:
    assert asked(text) == [("measure_text", {"text": "one, two: and 'three'"})]


def test_the_authors_name_is_no_part_of_the_request() -> None:
    assert asked("Ana Lopez: measure this text: 'a b'") == [("measure_text", {"text": "a b"})]


def test_an_attached_file_fills_a_file_parameter() -> None:
    assert asked("measure this\n[file f3a9: notes.txt, text/plain, 2 kB]") == [("measure_text", {"file": "f3a9"})]


def test_this_text_is_the_text_of_an_earlier_question() -> None:
    history = (Question(text="measure this text: 'a b'"), Answer(text="2"))
    assert asked("make a poster of this text", *history) == [("poster", {"text": "a b"})]


def test_this_text_is_an_earlier_message_that_asks_for_nothing() -> None:
    said = "It rained all night, yet nobody in town seemed bothered."
    assert asked("measure this text", Question(text=said), Answer(text="?")) == [("measure_text", {"text": said})]


def test_this_file_is_an_earlier_one() -> None:
    history = (Question(text="look\n[file f1: a.txt, text/plain, 1 kB]"), Answer(text="?"))
    assert asked("measure this file", *history) == [("measure_text", {"file": "f1"})]


def test_a_request_for_two_skills_calls_both_with_the_same_text() -> None:
    assert asked("measure this text and make a poster of it: 'a b'") == [
        ("measure_text", {"text": "a b"}),
        ("poster", {"text": "a b"}),
    ]


def test_a_later_step_uses_an_earlier_result() -> None:
    quote = tool("pick_quote", "Pick a quote of the day.", "pick a quote")
    request, tools = "pick a quote and make a poster of it", (quote, POSTER)
    assert [step.name for step in plan(request, (), tools).steps] == ["pick_quote"]
    picked = Result(call_id="1", name="pick_quote", text="Know thyself.")
    steps = plan(request, (), tools, [picked]).steps
    assert steps[1] == Step(name="poster", arguments={"text": "Know thyself."})


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("roll a die with 20 sides", {"sides": 20}),
        ("roll the dice, 12 sides, loud", {"sides": 12, "loud": True}),
        ("roll dice with 8 sides but not loud", {"sides": 8, "loud": False}),
    ],
)
def test_numbers_and_flags_stand_beside_their_names(text: str, arguments: JsonObject) -> None:
    assert asked(text) == [("roll_dice", arguments)]


@pytest.mark.parametrize(
    ("text", "choice"), [("paint the wall green", "green"), ("change the wall from red to light blue", "light blue")]
)
def test_words_name_a_choice(text: str, choice: str) -> None:
    assert asked(text, tools=(PAINT, ROLL)) == [("paint_wall", {"shade": choice})]


RECORD: JsonObject = {
    "type": "object",
    "properties": {"name": TEXT, "amount": {"type": "number"}},
    "required": ["amount"],
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "items": {"type": "number"}}, [3, 5]),
        ({"type": "object", "additionalProperties": {"type": "number"}}, {"tea": 3, "milk": 5}),
        (
            {"type": "array", "items": {"$ref": "#/$defs/Row"}},
            [{"name": "tea", "amount": 3}, {"name": "milk", "amount": 5}],
        ),
        ({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]}, [3, 5]),
    ],
    ids=["list", "map", "records", "optional list"],
)
def test_numbers_with_labels_take_the_shape_of_the_schema(schema: JsonObject, value: JsonValue) -> None:
    parameters: JsonObject = {"properties": {"amounts": schema}, "required": ["amounts"], "$defs": {"Row": RECORD}}
    share = Tool(name="share_costs", description="Share costs.", parameters=parameters)
    assert asked("share costs of tea 3 and milk 5", tools=(share, ROLL)) == [("share_costs", {"amounts": value})]


# What is asked, offered and said


def test_what_is_missing_is_asked_for_with_an_example() -> None:
    planned = plan("roll the dice", (), TOOLS)
    assert planned.steps == ()
    assert "**sides**" in planned.reply
    assert "roll a die with 6 sides" in planned.reply


def test_the_answer_to_such_a_question_completes_the_request() -> None:
    history = (Question(text="Ana: make a poster"), respond([Question(text="make a poster")], TOOLS))
    assert asked("Ana: Know thyself.", *history) == [("poster", {"text": "Know thyself."})]


@pytest.mark.parametrize(
    "text", ["book me a flight", "who won the match?", "roll me a cigarette", "measure the distance"]
)
def test_what_no_skill_does_is_not_guessed(text: str) -> None:
    planned = plan(text, (), TOOLS)
    assert planned.steps == ()
    assert 2 <= planned.reply.count("E.g. “") <= 3, "the closest skills are offered, each with an example"


def test_a_request_of_which_one_half_is_unknown_is_not_half_done() -> None:
    assert plan("paint the wall green and book me a flight", (), TOOLS).steps == ()


@pytest.mark.parametrize("text", ["hello", "Hi there!", "help", "What can you do?", "Ana: thanks, Steward"])
def test_small_talk_is_answered_with_what_can_be_done(text: str) -> None:
    planned = plan(text, (), TOOLS)
    assert planned.steps == ()
    assert all(of.description in planned.reply for of in TOOLS)


def test_an_unanswered_question_can_be_dropped() -> None:
    history = (Question(text="make a poster"), respond([Question(text="make a poster")], TOOLS))
    assert asked("Never mind.", *history) == []


# The conversation


def turn(text: str, *results: Result, history: Sequence[Item] = (), tools: Sequence[Tool] = TOOLS) -> list[Answer]:
    """Play a turn in which the calls have these results, and return all answers."""
    items: list[Item] = [*history, Question(text=text)]
    answers = [respond(items, tools)]
    for result in results:
        items += [
            answers[-1],
            Result(call_id=answers[-1].calls[0].id, name=result.name, text=result.text, ok=result.ok),
        ]
        answers.append(respond(items, tools))
    return answers


def test_the_first_answer_says_that_no_model_is_connected_and_the_second_does_not() -> None:
    first = turn("roll a die with 6 sides", Result(call_id="", name="roll_dice", text="4"))[-1]
    history = (Question(text="roll a die with 6 sides"), first)
    second = turn("roll a die with 8 sides", Result(call_id="", name="roll_dice", text="7"), history=history)[-1]
    assert (first.text, second.text) == (f"{NOTICE}\n\n4", "7")


def test_an_answer_without_help_says_again_how_to_connect_a_model() -> None:
    history = (Question(text="hello"), Answer(text=f"{NOTICE}\n\nHello."))
    answer = turn("book me a flight", history=history)[0].text
    assert NOTICE not in answer
    assert REMINDER in answer


def test_a_failed_call_is_told_and_not_repeated() -> None:
    failed = Result(call_id="", name="roll_dice", text="Error: There are no dice.", ok=False)
    answers = turn("roll a die with 6 sides", failed)
    assert [len(answer.calls) for answer in answers] == [1, 0]
    assert answers[-1].text.endswith("That did not work: There are no dice.")


def test_a_step_is_called_once_each_in_order() -> None:
    counted = Result(call_id="", name="measure_text", text="2")
    made = Result(call_id="", name="poster", text="[file f1: p.png, image/png, 3 kB] is shown to the people. A poster.")
    answers = turn("measure this text and make a poster of it: 'a b'", counted, made)
    assert [call.name for answer in answers for call in answer.calls] == ["measure_text", "poster"]
    assert answers[-1].text == f"{NOTICE}\n\n2\n\nHere is the picture: a poster."


def test_without_skills_left_the_results_are_summarised() -> None:
    question = Question(text="measure this text: 'a b'")
    answer = respond([question], TOOLS)
    result = Result(call_id=answer.calls[0].id, name="measure_text", text='{"words": 2}')
    assert respond([question, answer, result], ()).text == f"{NOTICE}\n\n- Words: 2"


def test_a_json_result_is_written_as_a_list() -> None:
    figures = {
        "words": 12345,
        "mean_length": 3.14159,
        "top": [{"word": "a", "count": 3}, ["b", 1]],
        "lengths": {"2": 4},
        "none": None,
    }
    said = Result(call_id="", name="roll_dice", text=json.dumps(figures))
    assert turn("roll a die with 6 sides", said)[-1].text.splitlines()[2:] == [
        "- Words: 12,345",
        "- Mean length: 3.142",
        "- Top: a (3), b (1)",
        "- Lengths: 2 (4)",
    ]


async def test_the_answer_is_streamed_word_by_word() -> None:
    model = PracticeModel()
    deltas = [delta async for delta in model.stream("", [Question(text="hello")], TOOLS)]
    await model.close()
    pieces = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    answer = deltas[-1]
    assert isinstance(answer, Answer)
    assert "".join(pieces) == answer.text
    assert max(len(piece.split()) for piece in pieces) == 1


words = st.sampled_from(
    ["measure", "this", "text", "and", "roll", "dice", "6", "sides", "poster", "it", ":", "\n", ";", "'a b'", "“", "3,",
     "[file f1: a.txt, text/plain, 1 kB]", "Ana:", "green", "wall", "unknown", "|", "`", "then", "%", "(", "colour"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(words, max_size=12).map(" ".join), st.text(max_size=60)), st.booleans())
def test_any_request_gives_calls_that_fit_the_schema_or_words(text: str, remembered: bool) -> None:
    history = (Question(text="measure this: 'x'"), Answer(text="1")) if remembered else ()
    planned = plan(text, history, TOOLS)
    known = {of.name: of.parameters for of in TOOLS}
    assert planned.steps or planned.reply
    for step in planned.steps:
        properties, required = known[step.name]["properties"], known[step.name]["required"]
        assert isinstance(properties, dict)
        assert isinstance(required, list)
        assert set(required) <= set(step.arguments) <= set(properties)
    assert planned == plan(text, history, TOOLS), "the same request got another plan"


@pytest.mark.parametrize("piece", ["'a ", "“a ", "a: ", "a 3\n", "x,1\n", "1 2 ", " ", "measure and roll; "])
def test_a_huge_message_is_planned_at_once(piece: str) -> None:
    started = time.process_time()
    plan(piece * (200_000 // len(piece)), (), TOOLS)
    assert time.process_time() - started < 3


# Words and numbers


@pytest.mark.parametrize(
    "forms",
    [
        "analyze analyse analysis analyzing",
        "chart charts plotted picture visualise diagram",
        "word words",
        "city cities",
    ],
)
def test_forms_and_synonyms_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("text", "labels", "numbers"),
    [
        ("apples 3, pears 5 and plums 2", ("apples", "pears", "plums"), (3, 5, 2)),
        ("3 apples, 5 pears", ("apples", "pears"), (3, 5)),
        ("a: 1.5; b: -2", ("a", "b"), (1.5, -2)),
        ("north 1,200, south 900", ("north", "south"), (1200, 900)),
        ("100,200,300", (), (100, 200, 300)),
        ("1 2 3", (), (1, 2, 3)),
        ("2023: 5, 2024: 7", ("2023", "2024"), (5, 7)),
        ("month,sales\nJan,3\nFeb,5", ("Jan", "Feb"), (3, 5)),
        ("| a | b |\n|---|---|\n| x | 3 |\n| y | 4 |", ("x", "y"), (3, 4)),
    ],
)
def test_labelled_numbers_are_read(text: str, labels: tuple[str, ...], numbers: tuple[float, ...]) -> None:
    data = read(text)
    assert data is not None
    assert (data.labels, data.columns[0][1]) == (labels, numbers)


# With the skills that come with Steward

SKILLS = discover(skills)
QUOTE = "It was the best of times, and the worst. Then: more!"
EARLIER = (Question(text=f"analyze this text: '{QUOTE}'"), Answer(text="Done."))
FRUIT: JsonObject = {"labels": ["apples", "pears", "plums"], "values": [3, 5, 2]}
NORTH: JsonObject = {"name": "north", "values": [1, 2]}
SOUTH: JsonObject = {"name": "south", "values": [4, 5]}

PHRASES: list[tuple[str, list[tuple[str, JsonObject]]]] = [
    (
        f"analyze this text and create a visual representation of its statistics: '{QUOTE}'",
        [("analyze_text", {"text": QUOTE}), ("chart_text", {"text": QUOTE})],
    ),
    (
        f"Ana: Analyse this text and create a visual representation of its statistics:\n{QUOTE}",
        [("analyze_text", {"text": QUOTE}), ("chart_text", {"text": QUOTE})],
    ),
    (
        "analyze this file and visualize it\n[file f3a9: notes.txt, text/plain, 2 kB]",
        [("analyze_text", {"file": "f3a9"}), ("chart_text", {"file": "f3a9"})],
    ),
    ("how many words are in 'a b c'?", [("analyze_text", {"text": "a b c"})]),
    ("count the words\nHello world.\nAnd more.", [("analyze_text", {"text": "Hello world.\nAnd more."})]),
    ("what are the most frequent words in “a b a”?", [("analyze_text", {"text": "a b a"})]),
    ("How long does it take to read this?\n[file f1: a.md, text/markdown, 9 kB]", [("analyze_text", {"file": "f1"})]),
    ("visualize this text: lorem ipsum", [("chart_text", {"text": "lorem ipsum"})]),
    ("how many words does it have?", [("analyze_text", {"text": QUOTE})]),
    ("make a chart of this text", [("chart_text", {"text": QUOTE})]),
    ("make it more colourful", [("restyle_chart", {"palette": "colourful"})]),
    ("turn it into a line chart", [("restyle_chart", {"kind": "line"})]),
    ("make it bigger", [("restyle_chart", {"size": "large"})]),
    ("now as a histogram", [("restyle_chart", {"kind": "histogram"})]),
    ("use pastel colours", [("restyle_chart", {"palette": "pastel"})]),
    ("change the title to Fruit sales", [("restyle_chart", {"title": "Fruit sales"})]),
    ("draw a pie chart of apples 3, pears 5 and plums 2", [("draw_chart", {"kind": "pie", **FRUIT})]),
    ("a bar chart with 3 apples, 5 pears and 2 plums please", [("draw_chart", {"kind": "bar", **FRUIT})]),
    ("draw apples 3, pears 5, plums 2 as a pie chart", [("draw_chart", {"kind": "pie", **FRUIT})]),
    ("draw a chart of apples 3, pears 5, plums 2 titled 'Fruit'", [("draw_chart", {**FRUIT, "title": "Fruit"})]),
    ("show these numbers as a histogram: 3 5 5 7", [("draw_chart", {"kind": "histogram", "values": [3, 5, 5, 7]})]),
    ("make a line chart\nyear,sales\n2023,5\n2024,7", [
        ("draw_chart", {"kind": "line", "labels": ["2023", "2024"], "values": [5, 7], "x": [2023, 2024]})
    ]),
    ("bar chart: north: 1, 2; south: 4, 5", [
        ("draw_chart", {"kind": "bar", "series": [NORTH, SOUTH]})
    ]),
    ("what time is it in Tokyo?", [("current_time", {"place": "Tokyo"})]),
    ("what time is it in new york", [("current_time", {"place": "new york"})]),
    ("What's the time?", [("current_time", {})]),
    ("what time is it in Paris and what time is it in London?", [
        ("current_time", {"place": "Paris"}), ("current_time", {"place": "London"})
    ]),
    ("17% of 340", [("calculate", {"expression": "17% of 340"})]),
    ("what is 12 * (3 + 4)?", [("calculate", {"expression": "12 * (3 + 4)"})]),
    ("convert 5 km to miles", [("calculate", {"expression": "convert 5 km to miles"})]),
    ("days until 2026-12-24", [("calculate", {"expression": "days until 2026-12-24"})]),
    ("70 fahrenheit in celsius", [("calculate", {"expression": "70 fahrenheit in celsius"})]),
    ("convert 12 stone to kg", [("calculate", {"expression": "convert 12 stone to kg"})]),
    ("how many litres in 3 gallons?", [("calculate", {"expression": "litres in 3 gallons"})]),
    ("what is 8 times 7", [("calculate", {"expression": "8 times 7"})]),
    ("what date is it in 5 days", [("calculate", {"expression": "date is it in 5 days"})]),
    ("what are the statistics of this text?", [("analyze_text", {"text": QUOTE})]),
    ("make it a pie chart", [("restyle_chart", {"kind": "pie"})]),
    ("scatter plot of (1, 2), (3, 4), (5, 6)", [
        ("draw_chart", {"kind": "scatter", "values": [2, 4, 6], "x": [1, 3, 5]})
    ]),
    ("draw a line chart of north: 1, 2; south: 4, 5", [("draw_chart", {"kind": "line", "series": [NORTH, SOUTH]})]),
    ("what is 17% of 340 and what time is it in Tokyo?", [
        ("calculate", {"expression": "17% of 340"}), ("current_time", {"place": "Tokyo"})
    ]),
    ("remember that our standup is at 9:30", [("remember", {"fact": "standup is at 9:30"})]),
    ("please remember: our sprint ends on Friday", [("remember", {"fact": "our sprint ends on Friday"})]),
    ("keep in mind that Ben is allergic to nuts", [("remember", {"fact": "Ben is allergic to nuts"})]),
    ("note that the server is called Walrus", [("remember", {"fact": "server is called Walrus"})]),
    ("what did we decide about the launch date?", [("recall", {"query": "launch date"})]),
    ("What do you remember about the standup?", [("recall", {"query": "standup"})]),
    ("do you remember when the ferry leaves", [("recall", {"query": "ferry leaves"})]),
    ("search our conversations for Ada", [("recall", {"query": "Ada"})]),
    ("recall the wifi password", [("recall", {"query": "wifi password"})]),
    ("please forget fact number 2", [("forget_fact", {"number": 2})]),
    ("draw a pie chart of apples 3, pears 5, plums 2 and make it more colourful", [
        ("draw_chart", {"kind": "pie", **FRUIT}), ("restyle_chart", {"palette": "colourful"})
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "steps"), PHRASES, ids=[text[:50] for text, _ in PHRASES])
def test_a_natural_phrase_calls_the_right_skill(text: str, steps: list[tuple[str, JsonObject]]) -> None:
    assert asked(text, *EARLIER, tools=SKILLS.tools) == steps


@pytest.mark.parametrize(
    "text",
    [
        "book me a flight",
        "who won the match?",
        "what is the weather in Tokyo?",
        "send this chart to Bob",
        "draw me a sheep",
        "what time does the match start?",
        "delete all files",
        "translate this to French: hello",
        "set a timer for 10 minutes",
        "turn off the lights",
        "count me in",
        "who is Ada?",
        "book 3 seats in Rome",
        "we have 10 users in Slack",
        "what about 100 times 3",
        "draw a pie chart of a 1, b 2 and book me a flight",
    ],
)
def test_a_phrase_beyond_the_skills_calls_none(text: str) -> None:
    planned = plan(text, EARLIER, SKILLS.tools)
    assert (planned.steps, planned.helps) == ((), False)


@pytest.mark.parametrize(
    ("first", "text", "steps"),
    [
        ("what time is it in London?", "and in New York?", [("current_time", {"place": "New York"})]),
        ("what time is it?", "and in Tokyo", [("current_time", {"place": "Tokyo"})]),
        ("what time is it in London?", "what about Tokyo", [("current_time", {"place": "Tokyo"})]),
        ("5 miles in km", "and in feet?", [("calculate", {"expression": "5 miles in feet"})]),
    ],
)
def test_the_rest_of_a_question_is_taken_from_the_one_before(
    first: str, text: str, steps: list[tuple[str, JsonObject]]
) -> None:
    before = (Question(text=first), Answer(text="Done."))
    assert asked(text, *before, tools=SKILLS.tools) == steps
    again = (*before, Question(text="and in Rome?"), Answer(text="Done."))
    assert asked(text, *again, tools=SKILLS.tools) == steps, "a question like that between them changes nothing"


def test_a_sign_for_private_use_is_no_quotation() -> None:
    quoting = "\U00100000 measure this text: 'a b'"
    assert asked(quoting) == [("measure_text", {"text": "a b"})]
    assert asked("measure this text: \ue000 a") == [("measure_text", {"text": "\ue000 a"})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2 3,4", ((1, 3), (2, 4))),
        ("(1, 2.5), (-3, 4)", ((1, -3), (2.5, 4))),
        ("(1,2); (3,4)", ((1, 3), (2, 4))),
    ],
)
def test_points_are_read(text: str, expected: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    found = read(text)
    assert found
    assert (found.positions, found.columns[0][1]) == expected


def test_thousands_are_no_points() -> None:
    found = read("1,200 3,400")
    assert found is None or not found.positions


@pytest.mark.parametrize(("text", "wanted"), [("draw a pie chart", "**values**"), ("analyze this text", "**text**")])
def test_a_skill_without_material_asks_for_it(text: str, wanted: str) -> None:
    planned = plan(text, (), SKILLS.tools)
    assert planned.steps == ()
    assert wanted in planned.reply
