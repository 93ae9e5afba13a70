"""`analyze_text`: what it counts, in any script, and what it refuses."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import Attachment, SkillError
from skills.text import LONGEST, analyze_text
from skills.writing.decode import decode
from skills.writing.segments import characters, sentences, words
from skills.writing.statistics import LONGEST_SHOWN, TOP, measure

TEXT = "The cat sat. The dog, e.g. Rex, ran 3.5 miles!\n\nThe end."


def _file(content: bytes, filename: str = "notes.txt") -> Attachment:
    return Attachment(filename=filename, media_type="text/plain", content=content)


def test_the_figures_of_a_short_text() -> None:
    figures = analyze_text(TEXT)
    assert (figures.characters, figures.characters_without_spaces) == (56, 44)
    assert (figures.words, figures.unique_words, figures.sentences) == (12, 10, 3)
    assert (figures.lines, figures.paragraphs) == (3, 2)
    assert (figures.average_word_length, figures.average_sentence_length) == (3.17, 4.0)
    assert (figures.most_frequent_words[0].word, figures.most_frequent_words[0].count) == ("the", 3)
    assert figures.word_lengths == {3: 11, 5: 1}
    assert figures.longest_word == "miles"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301te\u0301", 3),
        ("👨‍👩‍👧 👍🏽 🇩🇪", 5),
        ("नमस्ते", 3),
        ("a\r\nb", 3),
        ("한국어", 3),
    ],
)
def test_characters_are_counted_as_people_see_them(text: str, expected: int) -> None:
    assert characters(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don’t stop, it's well-known", ["don’t", "stop", "it's", "well-known"]),
        ("1,234.5 apples in 2nd place", ["1,234.5", "apples", "in", "2nd", "place"]),
        ("e.g. snake_case", ["e.g", "snake_case"]),
        ("今日は天気です", ["今", "日", "は", "天", "気", "です"]),
        ("Hello世界 test", ["Hello", "世", "界", "test"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("Größe: naïve cafe\u0301", ["Größe", "naïve", "cafe\u0301"]),
        ("👍 — … !?", []),
    ],
)
def test_words_in_any_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Smith met J. R. Tolkien, e.g. in 3.5 hours.", 1),
        ('"Really?" she asked. Yes!', 2),
        ("Wait... what? No", 2),
        ("A title\n\nA line\nof text", 2),
        ("今日は天気です。東京へ行きます！", 2),
        ("1. Wash.\n2. Dry.", 2),
        ("It was I. Then he left.", 2),
        ("no mark at the end", 1),
        ("42", 1),
        ("…", 0),
    ],
)
def test_sentences(text: str, expected: int) -> None:
    assert sentences(text) == expected


def test_words_that_differ_in_capitals_or_apostrophe_are_one() -> None:
    assert measure("Don't don’t DON'T cafe\u0301 café").unique_words == 2


def test_reading_time_is_said_for_people() -> None:
    assert measure("word " * 4).reading_time == "2 s"
    assert measure("word " * 238).reading_time == "about 1 min"
    assert measure("word " * 2380).reading_time == "about 10 min"
    assert measure("字" * 800).reading_time == "about 2 min"
    assert measure("word " * 42_840).reading_time == "about 3 h"


def test_a_word_as_long_as_a_file_is_shortened_where_it_is_shown() -> None:
    figures = measure("a" * 5000)
    assert len(figures.longest_word) == len(figures.most_frequent_words[0].word) == LONGEST_SHOWN
    assert figures.word_lengths == {5000: 1}


@pytest.mark.parametrize(
    "content",
    [
        "Größe 字".encode(),
        codecs.BOM_UTF8 + "Größe 字".encode(),
        "Größe 字".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Größe 字".encode("utf-16-be"),
        "Größe 字".encode("utf-32"),
    ],
)
def test_a_file_is_read_by_its_byte_order_mark_or_as_utf_8(content: bytes) -> None:
    assert analyze_text(file=_file(content)).longest_word == "Größe"


def test_a_file_that_is_not_utf_8_is_read_as_windows_1252() -> None:
    assert decode("“Größe” – 5 €".encode("cp1252")) == "“Größe” – 5 €"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"%PDF-1.7 text", bytes(range(1, 9)) * 20])
def test_a_file_that_is_not_text_is_refused_by_its_name(content: bytes) -> None:
    with pytest.raises(SkillError, match=r"photo\.txt is not a plain text file"):
        analyze_text(file=_file(content, "photo.txt"))


def test_a_file_whose_content_was_not_fetched_is_refused() -> None:
    with pytest.raises(SkillError, match="not at hand"):
        analyze_text(file=Attachment(filename="a.txt", media_type="text/plain"))


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_no_text_is_refused_with_what_to_give_instead(text: str) -> None:
    with pytest.raises(SkillError, match="give the text itself, or a text file"):
        analyze_text(text)


def test_too_much_text_is_refused() -> None:
    with pytest.raises(SkillError, match="too long"):
        analyze_text("a" * (LONGEST + 1))


_pieces = st.lists(
    st.one_of(
        st.text(max_size=20), st.sampled_from(["e.g. ", "3.14", "字。", "a\u0301", "🇩🇪", "\r\n\n", "A. ", "'", "__"])
    )
)


@given(_pieces.map("".join))
def test_the_counts_agree_with_each_other(text: str) -> None:
    figures = measure(text)
    assert 0 <= figures.characters_without_spaces <= figures.characters <= len(text)
    assert figures.unique_words <= figures.words
    assert figures.sentences <= figures.words
    assert (figures.sentences > 0) == (figures.words > 0)
    assert figures.paragraphs <= figures.lines
    assert sum(figures.word_lengths.values()) == figures.words
    assert len(figures.most_frequent_words) == min(TOP, figures.unique_words)
    assert (figures.reading_time == "0 s") == (figures.words == 0)


@given(_pieces.map("".join))
def test_every_word_stands_in_the_text_in_order(text: str) -> None:
    at = 0
    for word in words(text):
        at = text.index(word, at) + len(word)


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        figures = analyze_text(file=_file(content))
    except SkillError:
        return
    assert figures.characters > 0


@pytest.mark.parametrize("piece", ["a'", "A. ", "a\u0301", ' ."', "\n ", "1.", "字。", "a.b."])
def test_hostile_repetition_costs_no_more_than_prose(piece: str) -> None:
    # A pattern that backtracks would take minutes here.
    assert measure(piece * (60_000 // len(piece))).lines >= 1
