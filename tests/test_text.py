"""Splitting: nothing lost, nothing over the limit, no broken characters, code blocks whole in each piece."""

import re
import time
import unicodedata
from collections.abc import Sequence
from itertools import count
from random import Random

import pytest
import regex
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bots.graphemes import is_boundary
from bots.text import split

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
FAMILY = "👨‍👩‍👧‍👦"
GRAPHEMES = ["e\u0301", FAMILY, "🇩🇪", "👍🏽", "क्षि", "한", "한", "🏴\U000e0067\U000e0062\U000e007f", "\r\n", "❤️"]

words = st.sampled_from(
    [
        "a",
        "word",
        "Ende.",
        "x" * 30,
        "```",
        "~~~",
        "`c`",
        "```py",
        "```js```",
        "\u00a0",
        "  ",
        "\u0301",
        "字。字",
        "-",
        *GRAPHEMES,
    ]
)
lines = st.lists(words, max_size=25).map(" ".join)
prose = st.lists(lines, max_size=5).map("\n".join)
code = st.tuples(
    st.sampled_from(["", " ", "   "]), st.sampled_from(["```", "~~~", "`````"]), st.sampled_from(["", "python"]), prose
).map(lambda parts: f"{parts[0]}{parts[1]}{parts[2]}\n{parts[3]}\n{parts[1]}")
markdown = st.lists(st.one_of(prose, code), max_size=6).map("\n\n".join)
limits = st.integers(min_value=2, max_value=120)
unhurried = settings(deadline=None)  # the machine that tests may be busy


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def left_open(piece: str) -> bool:
    """Whether a reader sees a code block that does not end in the piece."""
    opening = ""
    for line in piece.split("\n"):
        fence = FENCE.fullmatch(line)
        if fence is None or (not opening and fence[1][0] == "`" and "`" in fence[2]):
            continue
        if not opening:
            opening = fence[1]
        elif fence[1].startswith(opening) and not fence[2].strip():
            opening = ""
    return bool(opening)


def without_fence_lines(piece: str) -> set[str]:
    """What a piece may have been before fence lines were added to its ends."""
    stretches = {piece}
    first, found, rest = piece.partition("\n")
    if found and FENCE.fullmatch(first):
        stretches.add(rest)
    for stretch in tuple(stretches):
        before, found, last = stretch.rpartition("\n")
        if found and FENCE.fullmatch(last):
            stretches.add(before)
    return stretches


def stretches_of(text: str, pieces: list[str]) -> bool:
    """Whether the pieces are stretches of the text in its order, with nothing but whitespace around them."""
    places = {0}
    for piece in pieces:
        places = {
            start + len(stretch)
            for stretch in without_fence_lines(piece)
            for place in places
            for start in starts(text, place)
            if text.startswith(stretch, start)
        }
    return any(not text[place:].strip() for place in places)


def starts(text: str, place: int) -> range:
    rest = text[place:]
    return range(place, place + len(rest) - len(rest.lstrip()) + 1)


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n", "\u00a0\n"])
def test_blank_text_has_no_pieces(text: str) -> None:
    assert split(text, 20) == []


@unhurried
@given(markdown, st.integers(min_value=2, max_value=3000))
def test_text_that_fits_is_one_piece(text: str, room: int) -> None:
    whole = text.strip()
    expected = [] if not whole else [whole]
    assert split(whole, max(2, utf16(whole)) + 10 + room) == expected or left_open(whole)


@unhurried
@given(st.one_of(markdown, st.text(max_size=300)), limits)
def test_f20_no_piece_is_over_the_limit(text: str, limit: int) -> None:
    assert all(utf16(piece) <= limit for piece in split(text, limit))


@unhurried
@given(st.one_of(markdown, st.text(max_size=300)), limits)
def test_no_piece_is_blank(text: str, limit: int) -> None:
    assert all(piece.strip() for piece in split(text, limit))


@unhurried
@given(st.one_of(markdown, st.text(max_size=300)), limits)
def test_f20_only_whitespace_is_lost_where_a_text_is_cut(text: str, limit: int) -> None:
    assert stretches_of(text, split(text, limit))


def test_the_indentation_of_a_character_over_the_limit_is_no_piece_of_its_own() -> None:
    assert split(f"\n {FAMILY}", 4)[0].strip()


@unhurried
@given(markdown, st.integers(min_value=60, max_value=150))
def test_f20_code_blocks_end_in_the_piece_they_begin_in(text: str, limit: int) -> None:
    assert not any(left_open(piece) for piece in split(text, limit))


@unhurried
@given(st.lists(st.sampled_from([*GRAPHEMES, "a", "字"]), min_size=1, max_size=60), st.integers(12, 40))
def test_f20_a_character_is_never_broken(graphemes: list[str], limit: int) -> None:
    for piece in split("".join(graphemes), limit):
        rest = piece
        while rest:
            # The visible characters are put back one after the other; what is left over was broken.
            grapheme = next((known for known in [*GRAPHEMES, "a", "字"] if rest.startswith(known)), None)
            assert grapheme is not None or rest[0].isspace(), f"{rest!r} begins in the middle of a character"
            rest = rest[len(grapheme or " ") :]


PARTS = st.sampled_from([*"".join(GRAPHEMES), "\u1112", "\u1161", "\u11ab", "가", " ", "a\u0301", " \u0301", "\r\n"])
strange = st.lists(st.one_of(PARTS, st.characters()), min_size=1, max_size=80).map("".join)


@given(strange)
@example("\u1112\u1161\u11ab")
@example("가\u11ab")
@example("क\u094d\u0301क")
def test_f20_no_place_is_taken_for_a_border_within_what_unicode_calls_a_character(text: str) -> None:
    borders = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}
    assert {place for place in range(len(text)) if is_boundary(text, place)} <= borders


@pytest.mark.parametrize("text", ["a\n\u0301", "a\u2028\u0301", "a\x00\u0301"])
def test_a_line_ends_whatever_comes_then(text: str) -> None:
    assert is_boundary(text, 2)


@unhurried
@given(strange, st.data())
def test_f20_no_cut_is_within_what_unicode_calls_a_character(text: str, data: st.DataObject) -> None:
    whole = text.strip()
    assume("```" not in whole and "~~~" not in whole)
    borders = {match.start() for match in regex.finditer(r"\X", whole)} | {len(whole)}
    largest = max((utf16(found) for found in regex.findall(r"\X", whole)), default=0)
    place = 0
    for piece in split(whole, data.draw(st.integers(largest + 24, largest + 48))):
        start = whole.index(piece, place)
        place = start + len(piece)
        assert {start, place} <= borders, f"{piece!r} was cut out of a character"


LABELLED = re.compile(r"[cp]\d+")
labelled_code = st.tuples(
    st.sampled_from(["```", "~~~", "````"]), st.sampled_from(["", "py", "a long info string"]), st.integers(1, 12)
)
labelled = st.lists(st.one_of(labelled_code, st.integers(1, 12)), min_size=1, max_size=6)


def written(blocks: Sequence[tuple[str, str, int] | int], width: int) -> str:
    """Blocks of lines that say themselves whether they are code (c1) or prose (p2), the code of some width."""
    numbers = count()
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, int):
            parts.append("\n".join(f"p{next(numbers)} is a line of prose." for _ in range(block)))
            continue
        marker, info, size = block
        lines_ = [f"c{next(numbers)} = {marker[0] * 2} {'x' * width}" for _ in range(size)]
        parts.append("\n".join([marker + info, *lines_, marker]))
    return "\n\n".join(parts)


@unhurried
@given(labelled, st.sampled_from([1, 40, 150]), st.integers(60, 200))
def test_f20_code_is_read_as_code_and_prose_as_prose_in_every_piece(
    blocks: list[tuple[str, str, int] | int], width: int, limit: int
) -> None:
    text = written(blocks, width)
    seen: list[str] = []
    for piece in split(text, limit):
        opening = last = ""
        for line in piece.split("\n"):
            fence = FENCE.fullmatch(line)
            if fence and (not opening or fence[1].startswith(opening)):
                assert not opening or last != opening, "an empty block of code"
                opening = last = "" if opening else fence[1]
                continue
            last = line
            found = LABELLED.findall(line)
            assert all((label[0] == "c") == bool(opening) for label in found), f"{line!r} changed its nature"
            seen += found
    assert seen == LABELLED.findall(text), "a line was lost, doubled or moved"


@unhurried
@given(st.one_of(markdown, st.text(max_size=300)), st.integers(60, 150))
def test_f20_what_was_split_is_not_split_again(text: str, limit: int) -> None:
    for piece in split(text, limit):
        assert split(piece, limit) == [piece]


def test_a_character_over_the_limit_is_broken_between_code_points() -> None:
    zalgo = "a" + "\u0301" * 25
    assert split(zalgo, 10) == ["a" + "\u0301" * 9, "\u0301" * 10, "\u0301" * 6]


def test_an_emoji_counts_as_two_code_units() -> None:
    assert split("😀😀😀", 4) == ["😀😀", "😀"]


def test_a_limit_below_the_largest_character_is_refused() -> None:
    with pytest.raises(ValueError, match="limit of 1"):
        split("😀", 1)


def test_paragraphs_are_preferred_to_lines() -> None:
    assert split("one one\n\ntwo two\nthree", 18) == ["one one", "two two\nthree"]


def test_lines_are_preferred_to_sentences() -> None:
    assert split("one one.\ntwo. three", 16) == ["one one.", "two. three"]


def test_sentences_are_preferred_to_words() -> None:
    assert split("One two. Three four five", 18) == ["One two.", "Three four five"]


def test_sentences_end_without_a_space_in_chinese() -> None:
    assert split("天气很好。我们走吧", 7) == ["天气很好。", "我们走吧"]


def test_words_are_preferred_to_letters() -> None:
    assert split("one two three", 9) == ["one two", "three"]


def test_no_break_spaces_keep_words_together() -> None:
    assert split("about 20\u00a0km", 9) == ["about", "20\u00a0km"]


def test_a_word_over_the_limit_is_cut() -> None:
    assert split("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_a_tiny_piece_is_not_made_for_an_early_paragraph() -> None:
    assert split("Hi\n\n" + "word " * 7 + "end", 30) == ["Hi\n\n" + "word " * 4 + "word", "word word end"]


def test_indentation_survives_at_a_cut() -> None:
    assert split("- one item\n    - two", 16) == ["- one item", "    - two"]


def test_a_mark_keeps_the_space_it_stands_on() -> None:
    assert split("word \u0301mark", 7) == ["word", " \u0301mark"]


def test_f20_a_cut_fence_is_closed_and_opened_again_with_its_info_string() -> None:
    assert split("```python\nfirst = 1\nsecond = 2\n```", 30) == [
        "```python\nfirst = 1\n```",
        "```python\nsecond = 2\n```",
    ]


def test_a_long_indented_tilde_fence_is_closed_with_its_own_marker() -> None:
    assert split("  ~~~~ sql\n  select 1\n  select 2\n  ~~~~", 34) == [
        "  ~~~~ sql\n  select 1\n  ~~~~",
        "  ~~~~ sql\n  select 2\n  ~~~~",
    ]


def test_an_info_string_without_room_is_left_out() -> None:
    pieces = split("```" + "x" * 9 + "\nabc\ndef\n```", 20)
    assert pieces == ["```" + "x" * 9 + "\nabc\n```", "```\ndef\n```"]


def test_blank_lines_in_code_are_kept_at_a_cut() -> None:
    assert split("```\nfirst = 1\n\n\nsecond = 2\n```", 24) == ["```\nfirst = 1\n\n```", "```\n\nsecond = 2\n```"]


def test_a_fence_within_a_longer_fence_is_code() -> None:
    text = "````\n```\ncode line\n```\nmore code\n````"
    assert split(text, 28) == ["````\n```\ncode line\n```\n````", "````\nmore code\n````"]


def test_text_is_cut_before_a_code_block_rather_than_in_it() -> None:
    assert split("Some words here.\n```\na\nb\n```", 26) == ["Some words here.", "```\na\nb\n```"]


def test_a_fence_left_open_is_closed() -> None:
    assert split("```\ncode", 40) == ["```\ncode\n```"]


def test_half_a_line_never_becomes_a_fence() -> None:
    assert split("one two three ``` four", 14) == ["one two", "three ``` four"]


@pytest.mark.parametrize("grapheme", [grapheme for grapheme in GRAPHEMES if grapheme != "\r\n"])
def test_a_grapheme_has_no_boundary_inside(grapheme: str) -> None:
    name = unicodedata.name(grapheme[0])
    assert not any(is_boundary(grapheme, index) for index in range(1, len(grapheme))), name


def test_flags_are_counted_in_pairs() -> None:
    assert [is_boundary("🇩🇪🇫🇷", index) for index in range(1, 4)] == [False, True, False]


def mixed(size: int, *, seed: int) -> str:
    """Everything that is hard to cut, in any order."""
    hard = [*GRAPHEMES, "word ", " ", "\n", "\n\n", "```\n", "\n~~~~ py\n", "字。", "\u0301", "x" * 60, "\u00a0"]
    return "".join(Random(seed).choices(hard, k=size))


@pytest.mark.parametrize(
    "text",
    [
        "word " * 200_000,
        "a" * 1_000_000,
        "🇩🇪" * 500_000,
        "~~~ " * 250_000,
        "```\nx\n```\n" * 100_000,
        "\n " * 500_000 + "x",
        mixed(250_000, seed=1),
        mixed(250_000, seed=2),
    ],
    ids=["words", "letters", "flags", "tildes", "fences", "blank", "mixed", "mixed otherwise"],
)
def test_a_million_characters_take_linear_time(text: str) -> None:
    started = time.process_time()
    assert split(text, 2000)
    # Each takes 0.05 to 0.4 s; a quadratic step would take minutes.
    assert time.process_time() - started < 5
