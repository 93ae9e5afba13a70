"""Every fault that Steward must survive has a test which names it: `test_f17_…` is one of row F17."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROWS: Final = frozenset(range(1, 53)) - {11, 13}
"""The rows there are; two numbers were never given."""

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
    assert not [f"F{row}" for row in sorted(ROWS - tested)], "rows without a test"


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert not [name for name, row in named() if row not in ROWS]
