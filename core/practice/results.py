"""Results of skills as a person reads them."""

import re
from collections.abc import Sequence
from typing import Final

from core.items import Result
from core.readable import readable
from core.reading import unfenced

_FILE: Final = re.compile(r"^\[file [^:\]]+: ([^\]\n]*)\](?: is shown[^.\n]*\.)?[ \t]*(.*)$", re.MULTILINE)
_LONGEST_HEAD: Final = 80


def summary(results: Sequence[Result]) -> str:
    """Write the results of a turn in Markdown, in their order."""
    return "\n\n".join(filter(None, map(_written, results)))


def _written(result: Result) -> str:
    if not result.ok:
        return result.excuse or f"That did not work: {result.text.strip().removeprefix('Error:').strip()}"
    text = unfenced(_FILE.sub("", result.text)).strip()
    shown = [f"Here {_subject(match)}." for match in _FILE.finditer(result.text)]
    return "\n\n".join([*shown, *([readable(text)] if text else [])])


def _subject(match: re.Match[str]) -> str:
    """Name a file by what it shows, where that is said."""
    shown = "picture" if "image/" in match[1] else "file"
    head = re.split(r"[:.]\s|[:.]$", match[2].strip())[0].strip()
    if not head or len(head) > _LONGEST_HEAD:
        return f"is the {shown}"
    capital = head[1:2].isupper()
    return f"is the {shown}: {head if capital else head[0].lower() + head[1:]}"
