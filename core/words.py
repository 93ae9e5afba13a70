"""Words as the search index knows them; pure.

SQLite's tokenizer parts texts where no letter or digit stands, which finds no words in scripts that put no spaces
between them. Of these every two neighbouring characters count as a word, in texts and in what is searched for.
"""

import unicodedata
from typing import Final

import regex

_UNSPACED: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+")
_WORD: Final = regex.compile(r"[\p{L}\p{N}\p{Co}]+")


def terms(text: str) -> str:
    """Return a text as it is given to the index."""
    return _UNSPACED.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", text)


def words(text: str) -> list[str]:
    """Return the different words of a text, as the index knows them, in their order."""
    return list(dict.fromkeys(_WORD.findall(_plain(terms(text)))))


def overlaps(word: str) -> bool:
    """Tell whether a word is of a script without spaces."""
    return _UNSPACED.match(word) is not None


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]


def _plain(text: str) -> str:
    """Return a text without capitals and accents, as `remove_diacritics 2` of the tokenizer leaves it."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(each for each in parted if not unicodedata.combining(each)))
