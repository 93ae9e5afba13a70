"""Messages in Slack as blocks, and replies divided into messages; pure, and what the simulated Slack takes of them."""

import re
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.links import Links
from bots.simulator.slack import Fault, SlackSimulator
from bots.slack.blocks import control_blocks, forms, streamable
from bots.slack.markup import inert, settled
from bots.slack.pieces import LIMIT, split
from bots.slack.posts import LONGEST_EDIT, shortened
from bots.slack.progress import DETAILS, Progress, Task
from bots.slack.tables import MOST_COLUMNS, MOST_ROWS, around_table, block
from bots.slack.uploads import alt
from core.controls import Choice, Control, under_answer
from core.events import Restarted, SkillCalled, SkillFinished, SkillStarted, TextDelta
from core.items import Call, Result
from core.messages import Attachment, JsonObject, Message, Reply, Turn
from core.outlet import Part
from tests.slack_draft import Desk, deliver, finished, seen, started, texts

PNG = Attachment(filename="chart.png", media_type="image/png", content=b"\x89PNG")
TABLE = "| Name | Size |\n| :--- | ---: |\n| **a** | 1 |\n| `bc` \\| d | |"


def kinds(form: JsonObject) -> list[str]:
    return [str(each["type"]) for each in cast("list[JsonObject]", form["blocks"])]


def controls(message: Message) -> tuple[Control, ...]:
    chart = {"controls": [{"label": "Change type", "skill": "restyle", "file": "chart", "choices": ["bar", "line"]}]}
    file = replace(PNG, id="f1", spec=cast("JsonObject", chart))
    return under_answer(Turn(id=7, message=message, attempt=1), [file])


# Tables.


def test_a_table_becomes_a_block_between_the_text_around_it() -> None:
    parted = around_table(f"Before.\n\n{TABLE}\n\nAfter.")
    assert parted is not None
    before, table, after = parted
    assert (before, after) == ("Before.", "After.")
    assert table.alignments == ("left", "right")
    assert table.rows == (("Name", "Size"), ("**a**", "1"), ("`bc` | d", ""))


def test_a_cell_keeps_its_look_and_an_empty_one_has_a_space() -> None:
    parted = around_table("|a|b|c|d|\n|-|-|-|-|\n|**x** y|`z`|[l](https://x.org)||")
    assert parted is not None
    rows = cast("list[list[JsonObject]]", block(parted[1], Links("x.org"))["rows"])
    assert rows[0][0] == {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "a", "style": {"bold": True}}]}
        ],
    }
    sections = [cast("list[JsonObject]", cell["elements"])[0]["elements"] for cell in rows[1][:3]]
    assert sections == [
        [{"type": "text", "text": "x", "style": {"bold": True}}, {"type": "text", "text": " y"}],
        [{"type": "text", "text": "z", "style": {"code": True}}],
        [{"type": "link", "url": "https://x.org", "text": "l"}],
    ]
    assert rows[1][3] == {"type": "raw_text", "text": "\u00a0"}


@pytest.mark.parametrize(
    "text",
    [
        "no table | at all",
        f"```\n{TABLE}\n```",
        "| a | b |\n|---|\n| 1 | 2 |",
        "| a | b |\n|---|---|\n| `1 | 2` |",
        "\n".join(["|a|", "|-|", *["|1|"] * MOST_ROWS]),
        "\n".join(["|a" * (MOST_COLUMNS + 1), "|-" * (MOST_COLUMNS + 1)]),
        "\n".join(["|a|", "|-|", *[f"|{'x' * 200}|"] * 60]),
    ],
)
def test_what_is_no_table_or_too_large_stays_markdown(text: str) -> None:
    assert around_table(text) is None
    assert streamable(text) == inert(text)


def test_a_second_table_stays_markdown() -> None:
    best = forms(f"{TABLE}\n\nand\n\n{TABLE}", links=Links())[0]
    assert kinds(best) == ["table", "markdown"]


@given(st.text(alphabet="|-: a`\n*\\", max_size=200))
def test_no_word_is_lost_around_a_table(text: str) -> None:
    if parted := around_table(text):
        before, table, after = parted
        assert before in text
        assert after in text
        assert all(len(row) == len(table.rows[0]) for row in table.rows)
        block(table, Links())


async def test_a_table_of_an_answer_is_shown_as_one(slack: SlackSimulator, question: Message) -> None:
    draft = Desk(slack).draft(question)
    await deliver(draft, Part(key="1.0", text=f"Sizes:\n\n{TABLE}\n\nThat is all.", controls=controls(question)))
    [answer] = seen(slack)
    assert answer.tables == [[["Name", "Size"], ["a", "1"], ["bc | d", "\u00a0"]]]
    assert "Sizes:" in answer.text
    assert "That is all." in answer.text


async def test_an_answer_that_was_streamed_gets_its_table_at_the_end(slack: SlackSimulator, question: Message) -> None:
    text = f"{'Sizes of things, as they were measured. ' * 6}\n\n{TABLE}"
    draft = Desk(slack).draft(question)
    await draft.show(TextDelta(text=text))
    await slack.transcript.wait(lambda each: each.streaming)
    await deliver(draft, Part(key="1.0", text=text))
    [answer] = seen(slack)
    assert len(answer.tables) == 1
    assert "|" not in answer.text


# Controls.


async def test_the_controls_of_an_answer_are_shown_below_it(slack: SlackSimulator, question: Message) -> None:
    await deliver(Desk(slack).draft(question), Part(key="1.0", text="Yes.", controls=controls(question)))
    [answer] = seen(slack)
    assert answer.text == "Yes."
    assert [(control.kind, control.label) for control in answer.controls] == [
        ("menu", "Change type"),
        ("button", "Try again"),
        ("button", "Why?"),
        ("button", "👍"),
        ("button", "👎"),
    ]
    assert [choice.label for choice in answer.controls[0].choices] == ["bar", "line"]
    assert answer.controls[3].help == "This helped"


def test_feedback_is_one_element_whose_values_are_the_keys(question: Message) -> None:
    good, bad = (control for control in controls(question) if control.action in ("good", "bad"))
    [feedback] = cast("list[JsonObject]", control_blocks([good, bad])[0]["elements"])
    values = [cast("JsonObject", feedback[name])["value"] for name in ("positive_button", "negative_button")]
    assert values == [good.key, bad.key]


def test_many_controls_are_several_blocks() -> None:
    many = [Control(action="file", label="x" * 90, key=f"k{number}") for number in range(30)]
    assert [len(cast("list[object]", each["elements"])) for each in control_blocks(many)] == [25, 5]


def test_a_menu_has_as_many_choices_as_slack_takes() -> None:
    choices = tuple(Choice(label="x" * 90, value=str(number)) for number in range(120))
    [menu] = cast(
        "list[JsonObject]", control_blocks([Control(action="file", label="a", key="k", choices=choices)])[0]["elements"]
    )
    assert len(cast("list[object]", menu["options"])) == 100


@pytest.mark.parametrize(("refused", "tables", "buttons"), [(0, 1, 5), (1, 0, 5), (2, 0, 0), (3, 0, 0)])
async def test_a_server_that_refuses_blocks_gets_the_text_without_them(
    slack: SlackSimulator, question: Message, refused: int, tables: int, buttons: int
) -> None:
    text = f"Sizes:\n\n{TABLE}"
    if refused:
        slack.fail("chat.postMessage", Fault(error="invalid_blocks", times=refused))
    await deliver(Desk(slack).draft(question), Part(key="1.0", text=text, controls=controls(question)))
    [answer] = seen(slack)
    assert (len(answer.tables), len(answer.controls)) == (tables, buttons)
    assert tables or answer.text == text


async def test_an_edit_without_blocks_takes_away_those_there_were(slack: SlackSimulator, question: Message) -> None:
    desk = Desk(slack)
    [ts] = await deliver(desk.draft(question), Part(key="1.0", text="Old.", controls=controls(question)))
    slack.fail("chat.update", Fault(error="invalid_blocks"))
    await deliver(desk.draft(question, attempt=2, shown=[ts]), Part(key="1.1", text="New & better."))
    assert [(each.id, each.text, each.controls) for each in seen(slack)] == [(ts, "New & better.", [])]


async def test_f20_a_long_text_without_blocks_is_posted_where_no_edit_has_room(
    slack: SlackSimulator, question: Message
) -> None:
    desk = Desk(slack)
    [ts] = await deliver(desk.draft(question), Part(key="1.0", text="Old."))
    text = "<a&b> " * 1200
    slack.fail("chat.update", Fault(error="invalid_blocks"))
    await deliver(desk.draft(question, attempt=2, shown=[ts]), Part(key="1.1", text=text.strip()))
    assert texts(slack) == [text.strip()]
    assert seen(slack)[0].thread == question.conversation.thread


# Pieces.


def test_f20_code_that_no_message_has_room_for_becomes_a_file() -> None:
    code = "print('hello')\n" * 700
    pieces = split(Reply(text=f"Look:\n\n```python\n{code}```\n\nThat is it.", attachments=(PNG,)))
    assert [piece.text for piece in pieces] == ["Look:\n\n(see file `code.py`)\n\nThat is it.", ""]
    snippet, picture = pieces[1].attachments
    assert (snippet.filename, snippet.content, picture) == ("code.py", code.encode(), PNG)


def test_f20_code_that_fits_stays_where_it_is() -> None:
    text = "```python\nprint(1)\n```"
    assert split(Reply(text=text)) == [Reply(text=text)]


@pytest.mark.parametrize(
    ("info", "filename"),
    [("", "code.txt"), ("Rust", "code.rs"), ("main.go", "main.go"), ("../../etc/x", "code.txt"), ("C++", "code.cpp")],
)
def test_a_snippet_is_named_after_its_language(info: str, filename: str) -> None:
    [_, files] = split(Reply(text=f"~~~{info}\n{'x = 1' * 2000}\n~~~"))
    assert [file.filename for file in files.attachments] == [filename]


def test_f20_snippets_of_one_reply_have_names_of_their_own() -> None:
    block = f"```sql\n{'select 1; ' * 800}\n```\n"
    *_, files = split(Reply(text=block * 2))
    assert [file.filename for file in files.attachments] == ["code.sql", "code-2.sql"]


def test_code_that_never_ends_is_a_file_too() -> None:
    text, files = split(Reply(text="Look:\n```\n" + "x" * LIMIT))
    assert text.text == "Look:\n(see file `code.txt`)"
    assert files.attachments[0].content == b"x" * LIMIT


def test_files_alone_are_named_so_that_controls_can_stand_below() -> None:
    csv = Attachment(filename="d`a`ta.csv", media_type="text/csv", content=b"1")
    assert [piece.text for piece in split(Reply(attachments=(PNG, csv)))] == [
        "Here are `chart.png` and `data.csv`.",
        "",
    ]
    assert split(Reply(attachments=(PNG,) * 800))[0].text == "Here are 800 files."


@given(st.text(alphabet=st.sampled_from("`~a\n "), max_size=300).map(lambda text: text * 40))
def test_f20_no_text_is_lost_to_a_snippet(text: str) -> None:
    pieces = split(Reply(text=text))
    whole = "".join(piece.text for piece in pieces)
    for file in (file for piece in pieces for file in piece.attachments):
        whole = whole.replace(f"(see file `{file.filename}`)", (file.content or b"").decode(), 1)
    assert re.sub(r"[`~\s]", "", whole) == re.sub(r"[`~\s]", "", text)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (replace(PNG, alt="Words by length"), "Words by length"),
        (replace(PNG, spec={"title": "Words"}), "Words"),
        (replace(PNG, filename="my_first-chart.png"), "Picture: my first chart"),
        (Attachment(filename="data.csv", media_type="text/csv"), ""),
    ],
)
def test_every_picture_has_a_description(file: Attachment, expected: str) -> None:
    assert alt(file) == expected


@given(st.text(alphabet="&<ab", max_size=40).map(lambda text: text * 400))
def test_f20_the_text_of_an_edit_is_within_its_limit(text: str) -> None:
    short = shortened(text)
    assert len(short) <= LONGEST_EDIT
    assert text == short or text.startswith(short[:-1])


# Progress.


def test_text_that_a_skill_call_follows_is_no_part_of_the_answer() -> None:
    progress = Progress(links=Links())
    for event in (TextDelta(text="Let me see."), started(), finished(), TextDelta(text="Four. ")):
        progress.take(event)
    assert (progress.text, progress.drafts) == ("Four. ", 1)
    assert progress.markdown() == "✅ roll dice: 1.2 s · 4\n\nFour."
    progress.take(Restarted(reason="again"))
    assert (progress.text, progress.drafts) == ("", 2)


@pytest.mark.parametrize("arguments", ["", "no json", "[1]", '{"a": {"b": 1}}', '{"a": "' + "x" * 1000 + '"}'])
def test_the_arguments_of_a_call_are_shown_in_short(arguments: str) -> None:
    progress = Progress(links=Links())
    progress.take(started(arguments=arguments))
    assert len(progress.tasks["c1"].details) <= DETAILS


def test_a_result_of_names_and_values_is_shown_in_words() -> None:
    progress = Progress(links=Links())
    progress.take(finished(text='{"words":12,"longest":"sleeps"}'))
    assert progress.tasks["c1"].output == "1.2 s · Words: 12, Longest: sleeps"


@given(
    st.lists(
        st.sampled_from(["<", "!", "@", "here", "channel", "U1", "&lt;", "&#60;", "\\", " ", "a", "ever", "yone", ">"])
    )
)
def test_s3_what_is_settled_stays_as_it_is(parts: list[str]) -> None:
    text = "".join(parts)
    for end in range(len(text) + 1):
        begun = text[:end]
        assert inert(text).startswith(inert(begun[: settled(begun)]))


def test_a_task_goes_from_pending_over_in_progress_to_its_end() -> None:
    progress = Progress(links=Links())
    call = Call(id="c1", name="draw_chart", arguments='{"kind": "bar"}')
    made = Result(call_id="c1", name="draw_chart", text="[file f1: a.png, image/png, 1 kB] is shown.", files=("f1",))
    events = (SkillCalled(call=call), SkillStarted(call=call), SkillFinished(call=call, result=made, seconds=0.8))
    seen: list[tuple[object, object]] = []
    before: Task | None = None
    for event in events:
        progress.take(event)
        chunk = progress.tasks["c1"].chunk(before)
        seen.append((chunk["status"], chunk.get("output")))
        before = progress.tasks["c1"]
    assert seen == [("pending", None), ("in_progress", None), ("complete", "0.8 s")]
