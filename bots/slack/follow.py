"""Whether something that is said in a thread without a mention is for the assistant, or among people; pure.

The rule would rather miss a question than talk into a conversation: whoever is missed can mention the assistant.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

_QUESTION: Final = re.compile(r"[?？؟][\s'\"”’)\]*_~]*(?:\s|$)")  # not the one within an address
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_BEFORE: Final = r"[\s*_~>\"'“„‘(]*"
_GREETING: Final = r"(?:(?:hey|hi|hello|dear|yo)[,\s]+)"
_REQUEST: Final = r"(?:please|can you|could you|would you|will you|what|how|why|when|where|who|which)\b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said in a thread that the assistant takes part in.

    Attributes:
        text: without markup; people by name.
        alone: the author is the only person who ever said something in the thread.
        answered: the assistant has answered since a person last said something.
        names_others: somebody else is mentioned: a person, a group, or all of them.
        others: names of the other people in the thread, as far as they are known.
    """

    text: str
    alone: bool
    answered: bool
    names_others: bool = False
    others: Collection[str] = ()


def is_for(said: Said, name: str) -> bool:
    """Tell whether something is said to the assistant of this name.

    It is where the assistant is spoken to by its name; else, unless somebody else is spoken to, where there is only one
    person, or where a question follows right upon the assistant's own answer.
    """
    if speaks_to(said.text, name):
        return True
    if said.names_others or any(speaks_to(said.text, called) for other in said.others for called in _called(other)):
        return False
    return said.alone or (said.answered and asks(said.text))


def speaks_to(text: str, name: str) -> bool:
    """Tell whether a text calls somebody by name, at its beginning or end, rather than talks about them."""
    if not name.strip():
        return False
    who = rf"@?{re.escape(name.strip())}[*_~]*"
    begins = rf"{_BEFORE}(?:{_GREETING}{who}(?![\w'’])|{who}(?:\s*[,:;!?]|\s+[–—-]|\s*$|\s+{_REQUEST}))"
    ends = rf"[,;–—]\s*{who}\s*[.!?…]*[\s*_~)\"'”’]*$"
    return bool(re.match(begins, text, re.IGNORECASE) or re.search(ends, text.rstrip(), re.IGNORECASE))


def asks(text: str) -> bool:
    """Tell whether a text asks something."""
    return _QUESTION.search(_CODE.sub(" ", text)) is not None


def _called(name: str) -> Collection[str]:
    """Return what a person of a name is called: by the whole of it or by the first."""
    return {name, name.split()[0]} if name.strip() else ()
