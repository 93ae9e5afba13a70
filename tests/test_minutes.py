"""What a summary has to keep is put back: numbers, files and lines, up to what there is room for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.memory import shorten
from core.minutes import with_lost

NAME = "f0123456789ab"


def completed(text: str, before: str = "", asked: str = "", said: str = "", longest: int = 3_000) -> str:
    return with_lost(text, before=before, asked=asked, said=said or asked, longest=longest)


def test_a_summary_that_keeps_everything_stays_as_it_is() -> None:
    kept = f"Decisions:\n- 3 boats, 4,800 euros\n\nFiles:\n[file {NAME}: a.txt]"
    assert completed(kept, before="- 3 boats", asked=f"4,800 euros\n[file {NAME}: a.txt, text/plain, 1 kB]") == kept


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("Ana: the budget is 4,800. And then?", "Ana: the budget is 4,800"),
        ("It costs 3.50, no more! Fine.", "It costs 3.50, no more"),
        ("am 24.12.2026 um 18:30 Uhr; danach Essen", "am 24.12.2026 um 18:30 Uhr"),
        ("予算は4800円です。ありがとう", "予算は4800円です"),
        ("- the code is 0-555-01", "the code is 0-555-01"),
    ],
)
def test_the_clause_in_which_a_number_was_named_is_put_back(asked: str, line: str) -> None:
    assert completed("They talked.", asked=asked) == f"They talked.\n\nAlso named:\n- {line}"


def test_a_number_is_put_back_once() -> None:
    assert completed("They talked.", asked="7 boats\n7 boats\nof the 7 boats 2 leak").count("7 boats") == 2


def test_of_a_long_clause_the_part_with_the_number_is_put_back() -> None:
    back = completed("They talked.", asked=f"{'well ' * 100}4711{' well' * 100}")
    assert "4711" in back
    assert len(back) < 250


def test_a_files_line_is_put_back_by_its_name_alone_and_names_no_numbers() -> None:
    line = f"[file {NAME}: plan 7, final.txt, text/plain, 12 kB]"
    assert completed("They talked.", asked=f"see this\n{line}") == (f"They talked.\n\n[file {NAME}: plan 7, final.txt]")


def test_a_file_of_the_summary_before_and_one_that_a_skill_made_are_put_back() -> None:
    back = completed(
        "They talked.", before=f"[file {NAME}: a, b.txt]", said="[file fbbbbbbbbbbbb: c.png, image/png, 9 kB]"
    )
    assert back == f"They talked.\n\n[file {NAME}: a, b.txt] [file fbbbbbbbbbbbb: c.png]"


def test_a_line_of_the_summary_before_of_which_most_words_are_gone_is_put_back() -> None:
    before = (
        "Decisions:\n- The shed becomes green.\n- Mortimer keeps the keys.\n\nOpen questions:\n- Does the ferry run?"
    )
    text = "Decisions:\n- The shed becomes green.\n- The ferry does run."
    assert completed(text, before) == f"{text}\n\nAlso said:\n- Mortimer keeps the keys."


def test_lines_that_are_worded_alike_are_told_apart_by_what_is_their_own() -> None:
    before = "- The shed is built by the firm Kabado.\n- The roof is built by the firm Lumefi."
    back = completed("- The shed is built by the firm Kabado.", before)
    assert back.endswith("Also said:\n- The roof is built by the firm Lumefi.")


def test_lines_with_numbers_for_which_there_was_no_room_take_none_from_the_others() -> None:
    noise = "\n".join(f"- item {number} costs" for number in range(1_000, 1_100))
    before = f"Decisions:\n- The shed becomes green.\n\nAlso named:\n{noise}"
    assert "The shed becomes green." in completed("They talked.", before, longest=1_000)


def test_lines_are_put_back_as_far_as_there_is_room_and_cut_nothing_off() -> None:
    before = "\n".join(f"- {letter * 40} {letter * 30}" for letter in "abcdefghij")
    text = "short sentence. " * 20
    back = completed(text.strip(), before, longest=500)
    assert back.startswith(text.strip())
    assert "j" * 40 in back
    assert "a" * 40 not in back
    assert len(back) <= 500


def test_of_too_much_the_latest_is_put_back_and_no_line_is_cut() -> None:
    back = completed(
        "They talked.", asked="\n".join(f"item {number} costs" for number in range(1_000, 1_300)), longest=9_000
    )
    lines = back.splitlines()[3:]
    assert lines == [f"- item {number} costs" for number in range(1_300 - len(lines), 1_300)]
    assert len(lines) == 100


@pytest.mark.parametrize(
    ("text", "size", "cut"),
    [
        ("the budget is 4800 euros", 20, "the budget is …"),
        ("4800123456", 8, " …"),
        ("it is over", 10, "it is over"),
        ("it is over now", 10, "it is …"),
        ("予算は4800円です", 16, "予算は …"),
    ],
)
def test_a_text_is_cut_through_no_number_and_no_word(text: str, size: int, cut: str) -> None:
    assert shorten(text, size) == cut
    assert len(cut.encode()) <= size


numbers = st.integers(0, 99_999).map(str)
files = st.integers(0, 99).map(lambda number: f"[file f{number:012x}: {number}.txt, text/plain, 1 kB]")
filler = st.text(st.sampled_from("ab 字.!?\n-:"), max_size=30)
lines = st.lists(st.one_of(numbers, files, filler), max_size=12).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(lines, lines, lines)
def test_every_number_that_people_named_and_every_file_is_in_a_summary_with_room(
    text: str, before: str, asked: str
) -> None:
    back = completed(text, before, asked, longest=6_000)
    assert len(back.encode()) <= 6_000
    for line in f"{before}\n{asked}".splitlines():
        if line.startswith("[file "):
            assert line[: line.index(":")] in back
        elif line.isascii() and line.isdigit():
            assert line in back


@settings(max_examples=150, deadline=None)
@given(lines.map(lambda text: text * 9), lines.map(lambda text: text * 3), lines, st.integers(150, 900))
def test_a_summary_never_takes_more_than_its_room(text: str, before: str, asked: str, longest: int) -> None:
    assert len(completed(text, before, asked, longest=longest).encode()) <= longest
