"""Numbers with their labels, as people write them: "apples 3, pears 5", "3 apples", lines, and small tables."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

Number: TypeAlias = int | float

_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_SEPARATOR: Final = re.compile(r"[,;\n]\s*(?:and\b|&)?|\s+(?:and|&)\s+", re.IGNORECASE)
_LABELLED: Final = re.compile(
    rf"(?=.*[^\W\d_])(?P<label>\S.*?)\s*(?:[:=(]|\s[-–]|\s)\s*(?P<value>{_NUMBER})\s*[%)]?\.?",
    re.IGNORECASE | re.DOTALL,
)
_KEYED: Final = re.compile(rf"(?P<label>\d+)\s*[:=]\s*(?P<value>{_NUMBER})\s*%?\.?")
_COUNTED: Final = re.compile(rf"(?P<value>{_NUMBER})\s*[%x×]?\s+(?P<label>[^\W\d].*?)\.?", re.DOTALL)
_BARE: Final = re.compile(rf"(?P<value>{_NUMBER})\s*%?\.?")
_LONGEST_PART: Final = 120
_AFTERWARDS: Final = re.compile(r"\s(?:as|with|in|into|for|on|using|titled|called|named|please)\b", re.IGNORECASE)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A small table.

    Attributes:
        labels: of the rows; empty where the numbers have none.
        positions: the labels as numbers, where all of them are.
        columns: name and numbers, as many as there are rows; a lone column has the name "".
    """

    labels: tuple[str, ...] = ()
    positions: tuple[Number, ...] = ()
    columns: tuple[tuple[str, tuple[Number, ...]], ...] = ()


def table(text: str) -> Data | None:
    """Read lines of cells divided by commas, semicolons, tabs or bars, the first of which may be a heading."""
    rows = [_cells(line) for line in text.strip().splitlines() if line.strip(" |-:")]
    width = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or width < 2 or any(len(row) != width for row in rows):
        return None
    heading = [] if any(_number(cell) is not None for cell in rows[0][1:]) else rows.pop(0)
    if not rows:
        return None
    positions, *columns = ([_number(cell) for cell in column] for column in zip(*rows, strict=True))
    if any(number is None for column in columns for number in column):
        return None
    names = heading[1:] if width > 2 else []
    return Data(
        labels=tuple(row[0] for row in rows),
        positions=_known(positions) if None not in positions else (),
        columns=tuple(zip(names or [""] * len(columns), map(_known, columns), strict=True)),
    )


def pairs(text: str) -> Data | None:
    """Read a list of labelled numbers, or of two and more bare ones; None where it is something else."""
    if re.fullmatch(rf"{_NUMBER}(?:\s+{_NUMBER})+", text.strip()):
        text = ",".join(text.split())
    if ", " in text:  # then a comma without a space belongs to a number
        text = _THOUSANDS.sub("", text)
    labels, values = [], []
    for part in filter(None, (part.strip() for part in _SEPARATOR.split(text))):
        if len(part) > _LONGEST_PART:
            return None
        forms = (form.fullmatch(part) for form in (_BARE, _KEYED, _COUNTED, _LABELLED))
        found = next((match for match in forms if match), None)
        number = _number(found["value"]) if found else None
        if found is None or number is None:
            return None
        values.append(number)
        if "label" in found.re.groupindex:
            labels.append(found["label"].strip(" \t\"'“”‘’"))
    if labels and len(labels) != len(values):
        return None
    return Data(labels=tuple(labels), columns=(("", tuple(values)),)) if labels or len(values) > 1 else None


def points(text: str) -> Data | None:
    """Read points of a plane: "(1, 2), (3, 4)" or "1,2 3,4"; the first bracket may be missing."""
    bare = " ".join(text.split())
    brackets = rf"\(?{_NUMBER}, ?{_NUMBER}\)(?:[,;]? \({_NUMBER}, ?{_NUMBER}\))+"
    if not re.fullmatch(rf"{brackets}|{_NUMBER},{_NUMBER}(?:;? {_NUMBER},{_NUMBER})+", bare):
        return None
    found = re.findall(rf"({_NUMBER}), ?({_NUMBER})(?:[);\s]|$)", bare)
    if "(" not in bare and all(re.fullmatch(r"\d{3}", y) for _, y in found):
        return None  # thousands: 1,200 3,400
    across, up = (tuple(map(_figure, column)) for column in zip(*found, strict=True))
    return Data(positions=across, columns=(("", up),))


def series(text: str) -> Data | None:
    """Read named rows of numbers: "north: 1, 2, 3; south: 4, 5, 6"."""
    columns = []
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        name, found, numbers = part.partition(":")
        read = pairs(numbers) if found else None
        if read is None or read.labels:
            return None
        columns.append((name.strip(), read.columns[0][1]))
    lengths = {len(numbers) for _, numbers in columns}
    return Data(columns=tuple(columns)) if len(lengths) == 1 else None


def read(text: str) -> Data | None:
    """Read whichever of the four the text is."""
    return points(text) or series(text) or table(text) or pairs(text)


def within(text: str, label_of: Callable[[str], str]) -> Data | None:
    """Find a list of numbers within a sentence.

    Args:
        text: such as "draw a chart of apples 3, pears 5 as a picture".
        label_of: returns the end of some words that is a label: "apples" of "draw a chart of apples"; "" for none.
    """
    figures = [match.end() for match in re.finditer(r"\d+%?\)?", text)]
    ends = {len(text), *figures[-1:], *(match.start() for match in _AFTERWARDS.finditer(text))}
    lists = [found for end in sorted(ends) if figures and (found := _ending(text[:end], label_of))]
    return max(lists, key=lambda found: len(found.columns[0][1]), default=None)


def _ending(text: str, label_of: Callable[[str], str]) -> Data | None:
    """Read the longest list at the end of a text."""
    for start in re.finditer(r"(?<!\w)-?\w+", text):
        words = text[start.start() :].strip(" .?!")
        found = points(words) or pairs(words)
        if not found and (rows := series(words)) and len(rows.columns) > 1:
            (name, numbers), *others = rows.columns
            if label := label_of(name):
                return replace(rows, columns=((label, numbers), *others))
        if found and found.labels:
            label = label_of(found.labels[0])
            named = re.search(r"[^\W\d_]", label) or re.search(rf"{re.escape(label)}\s*[:=]", text)
            if label and named and not re.search(r"\d\s+\d", label):
                return replace(found, labels=(label, *found.labels[1:]))
        elif found:
            return found
    return None


def _cells(line: str) -> list[str]:
    divider = next((mark for mark in ("\t", "|", ";", ",") if mark in line), ",")
    return [cell.strip().strip("\"'") for cell in line.strip().strip("|").split(divider)]


def _known(column: Sequence[Number | None]) -> tuple[Number, ...]:
    return tuple(number for number in column if number is not None)


def _number(text: str) -> Number | None:
    text = text.strip().removesuffix("%").strip()
    if not re.fullmatch(_NUMBER, text):
        return None
    return _figure(text)


def _figure(text: str) -> Number:
    return float(text) if "." in text else int(text)
