"""What counts as a word, and that SQLite's tokenizer finds the same words."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.migrations import MIGRATIONS
from core.words import _KEPT, _READ_ALIKE, overlaps, term, terms, words


class Tokenizer:
    """SQLite's, with the options of the search index."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        index = MIGRATIONS[3].partition("CREATE VIRTUAL TABLE found")[2].partition(";")[0]
        connection.execute(f"CREATE VIRTUAL TABLE found{index}")
        connection.execute("CREATE VIRTUAL TABLE seen USING fts5vocab (found, 'instance')")

    def read(self, texts: list[str]) -> list[set[str]]:
        """Return the words that the index finds in each of some texts."""
        self._connection.execute("INSERT INTO found (found) VALUES ('delete-all')")
        self._connection.executemany("INSERT INTO found (rowid, text) VALUES (?, ?)", enumerate(texts))
        found: list[set[str]] = [set() for _ in texts]
        for word, number in self._connection.execute("SELECT term, doc FROM seen"):
            found[number].add(word)
        return found


@pytest.fixture(scope="module")
def tokenizer() -> Iterator[Tokenizer]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        yield Tokenizer(connection)


EVERY_CHARACTER = [chr(number) for number in range(1, 0x30000) if not 0xD800 <= number < 0xE000]


def test_each_character_that_is_given_as_it_is_is_read_alike(tokenizer: Tokenizer) -> None:
    alike = [each for each in EVERY_CHARACTER if _READ_ALIKE.fullmatch(each)]
    read = tokenizer.read([f"a{each}b" for each in alike])
    assert len(alike) > 10_000
    assert not [hex(ord(each)) for each, found in zip(alike, read, strict=True) if found != set(words(f"a{each}b"))]


def test_each_character_that_is_not_spelled_is_left_as_it_is(tokenizer: Tokenizer) -> None:
    kept = [each for each in EVERY_CHARACTER if _KEPT.match(each)]
    read = tokenizer.read([f"a{each}b" for each in kept])
    assert len(kept) > 40_000
    assert not [hex(ord(each)) for each, found in zip(kept, read, strict=True) if found != {f"a{each}b"}]


HARD = [
    "The Café in Zürich, naïve déjà-vu",
    "Straße STRASSE Fuß",
    "İstanbul ISPARTA ılık",
    "Ελλάδα ΕΛΛΆΔΑ Ὀδυσσεύς",
    "Ёлка и ёжик, Йод",
    "हिन्दी में लिखा हुआ",
    "שָׁלוֹם عَرَبِيّ",
    "日本語のテキスト ガギグ ｶﾞｷﾞｸﾞ",
    "ภาษาไทย ကမ္ဘာ ខ្មែរ",
    "한국어 문장입니다",
    "a👍🏽b 🎉 ❤️ 👩‍👩‍👧",
    "½ ² ﬁne №5 Ǆ 𝐛𝐨𝐥𝐝 𞤀𞤁",
    "e\u0301 cafe\u0301 n\u0303 \u0301",
    "nul\x00in side\u200b\ufeffby",
    "𠀀𠀁𪜀 ㍿",
]


@pytest.mark.parametrize("text", HARD)
def test_the_index_finds_the_words_of_every_script(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.read([terms(text)]) == [set(map(term, words(text)))]


def test_the_index_finds_the_words_of_any_text(tokenizer: Tokenizer) -> None:
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def check(text: str) -> None:
        assert tokenizer.read([terms(text)]) == [set(map(term, words(text)))]

    check()


@pytest.mark.parametrize(
    ("said", "searched"),
    [
        ("Café", "cafe"),
        ("cafe\u0301", "CAFÉ"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("Ελλάδα", "ελλαδα"),
        ("ОДЕССА", "одесса"),
        ("ｶﾞ", "ガ"),
        ("Tiếng Việt", "tieng viet"),
        ("שָׁלוֹם", "שלום"),
        ("𝐛𝐨𝐥𝐝", "bold"),
        ("the ＡＢＣ", "the abc"),
    ],
)
def test_capitals_accents_and_forms_do_not_matter(said: str, searched: str) -> None:
    assert words(said) == words(searched)


@pytest.mark.parametrize(("one", "other"), [("й", "и"), ("か", "が"), ("हिन्दी", "हन्द"), ("ł", "l")])
def test_other_letters_are_other_words(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_words_without_spaces_between_them_are_pairs_of_characters() -> None:
    assert words("在日本 go") == ["在日", "日本", "go"]
    assert words("日") == ["日"]


def test_each_word_is_told_once_in_its_place() -> None:
    assert words("b a B c a") == ["b", "a", "c"]


@pytest.mark.parametrize("text", ["", "   ", "!?…", "🎉", "\u0301\ufe0f", "\x00"])
def test_what_holds_no_letter_or_digit_holds_no_word(text: str) -> None:
    assert words(text) == []


def test_only_scripts_without_spaces_overlap() -> None:
    assert overlaps("日本")
    assert overlaps("ไท")
    assert not overlaps("한국")
    assert not overlaps("go")
