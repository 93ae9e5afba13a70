"""Values that stand beside the name of their parameter: title “Fruit”, 6 sides, without legend, pie."""

import re
from typing import Final

from pydantic import JsonValue

from core.practice.data import Number
from core.practice.index import Index
from core.practice.request import marks, unmarked
from core.practice.schema import Parameter, Shape
from core.practice.words import NUMBER, Token, root, stem, tokens

_LINK: Final = re.compile(r"\s*(?:(?:to|is|as|be|of|with|=|:)\s+)?", re.IGNORECASE)
_END: Final = re.compile(r"[,;\n]|\s(?:and|with|in|as|please)\s|\s*please\b|[.?!]*$", re.IGNORECASE)
_OTHER_NAME: Final = re.compile(r"[\"“']([^\"“”']+)[\"”'] (?:is|means) [\"“']?(\w+)")
_NAMING: Final = (stem("called"), stem("named"))
_TARGET: Final = ("to", "into", "as")
_NEGATIONS: Final = ("no", "without", "not")


def stems(name: str) -> list[str]:
    """Return the stems of the words of a parameter's name."""
    return [token.stem for token in tokens(name)]


def quotation(parameter: Parameter, asked: str, quotes: dict[str, str]) -> str | None:
    """Return the quotation that follows the parameter's name, or "called" where it takes a title."""
    if not parameter.shape("text"):
        return None
    names = stems(parameter.name)
    for place, mark in marks(asked):
        before = [token.stem for token in tokens(unmarked(asked[:place])) if not token.stop][-len(names) :]
        if before == names or (names == [stem("title")] and before and before[0] in _NAMING):
            return quotes[mark]
    return None


def choice(parameter: Parameter, asked: str) -> str | None:
    """Return the choice that is named, after "into" or "as" rather than before."""
    shape = parameter.shape("choice")
    said = tokens(unmarked(asked))
    words = [root(token.text) for token in said]
    found: list[tuple[bool, int, int, str]] = []
    for order, (name, value) in enumerate(_names(shape, parameter.description) if shape else ()):
        wanted = [root(token.text) for token in tokens(name)]
        for place in range(len(words) - len(wanted) + 1):
            if wanted and words[place : place + len(wanted)] == wanted:
                aimed = any(token.text.lower() in _TARGET for token in said[:place])
                found.append((not aimed, place, order, value))
    return min(found)[3] if found else None


def flag(parameter: Parameter, asked: str) -> bool | None:
    """Return True where the parameter is named, False where it is named with "no" or "without"."""
    names = stems(parameter.name) if parameter.shape("flag") else []
    said = tokens(unmarked(asked))
    for place, token in enumerate(said):
        if token.stem in names:
            return not any(before.text.lower() in _NEGATIONS for before in said[max(0, place - 2) : place])
    return None


def value(parameter: Parameter, asked: str, index: Index) -> JsonValue:
    """Return the text, list of texts or number beside the parameter's name."""
    names, said = stems(parameter.name), tokens(unmarked(asked))
    for place in range(len(said) - len(names) + 1):
        if names and [token.stem for token in said[place : place + len(names)]] == names:
            before = said[place - 1] if place else None
            found = _beside(parameter, before, said[place + len(names) - 1], unmarked(asked), index)
            if found is not None:
                return found
    return None


def number(token: Token, shape: Shape) -> Number | None:
    """Read a number of the request; one with a fraction is none where a whole one is wanted."""
    text = token.text.replace(",", "")
    if not re.fullmatch(r"\d+(\.\d+)?", text) or (shape.whole and "." in text):
        return None
    return float(text) if "." in text else int(text)


def _names(shape: Shape, description: str) -> list[tuple[str, str]]:
    """Return the names of choices: their own, and those a description gives: '"bigger" is large'."""
    other = [(match[1], match[2]) for match in _OTHER_NAME.finditer(description)]
    return [*((own, own) for own in shape.choices), *(pair for pair in other if pair[1] in shape.choices)]


def _beside(parameter: Parameter, before: Token | None, last: Token, asked: str, index: Index) -> JsonValue:
    link = _LINK.match(asked, last.end)
    tail = asked[link.end() if link else last.end :]
    first = next(iter(tokens(tail)), None)
    if shape := parameter.shape("number"):
        beside = (token for token in (first, before) if token and token.stem == NUMBER)
        return next((number(token, shape) for token in beside), None)
    if first is None or first.stop or index.knows(first):
        return None
    if parameter.shape("text"):
        end = _END.search(tail)
        return tail[: end.start() if end else None].strip() or None
    if any(shape.kind == "list" and shape.holds("text") for shape in parameter.shapes):
        return [part for part in re.split(r"\s*,\s*|\s+and\s+", tail.strip(" .?!")) if part]
    return None
