"""Every fault that Steward must survive has a test which names it: `test_f17_…` is one of row F17."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROWS: Final = frozenset(range(1, 53)) - {11, 13}
"""The rows there are; two numbers were never given."""

LATER: Final = {
    18: "a stream that the platform closes: answers do not stream yet",
    19: "a fallback that repeats what a stream has shown: answers do not stream yet",
    39: "a question that is edited or deleted while it is answered: edits and deletions are not heard yet",
}
"""Rows that cannot have a test before what they are about is there."""

_NAME: Final = re.compile(r"test((?:_f\d+)+)_\w")


def named() -> Iterator[tuple[str, int]]:
    """The tests that name a row, each with its row."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ""
            found = _NAME.match(name)
            for row in re.findall(r"\d+", found[1]) if found else ():
                yield f"{path.name}::{name}", int(row)


def test_every_row_has_a_test() -> None:
    tested = {row for _, row in named()}
    assert not [f"F{row}" for row in sorted(ROWS - tested - LATER.keys())], "rows without a test"


def test_no_row_that_is_for_later_has_a_test_already() -> None:
    assert not [name for name, row in named() if row in LATER], "take their rows out of LATER"


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert not [name for name, row in named() if row not in ROWS]
