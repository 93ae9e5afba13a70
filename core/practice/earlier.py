"""What a request can use of the conversation before it."""

import re
from collections.abc import Sequence
from typing import Final

from core.items import Answer, Item, Question, Result
from core.practice.index import SURE, Index
from core.practice.material import Given
from core.practice.replies import STILL_NEEDED
from core.practice.request import body, readings
from core.practice.words import tokens

_FOLLOWING: Final = re.compile(
    r"(?:and|(?:and )?(?:what|how) about)\s+(?:(?P<link>in|at|for|of|to)\s+)?(?P<value>\S[^\n]{0,60}?)[\s?!.]*",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(r"\s(?P<link>in|at|for|of|to)\s+(?!.*\s(?:in|at|for|of|to)\s)", re.IGNORECASE)
_STATEMENT: Final = 8  # words from which on a message that asks for nothing is taken as a text to work on


def left_open(history: Sequence[Item]) -> str:
    """Return the question that was answered by asking for more, if that was the last thing said."""
    if not history or not isinstance(history[-1], Answer) or STILL_NEEDED not in history[-1].text:
        return ""
    return next((item.text for item in reversed(history) if isinstance(item, Question)), "")


def continues(said: str) -> bool:
    """Tell whether something is said as "and in Tokyo?", which is hardly a request of its own."""
    following = _FOLLOWING.fullmatch(said)
    return bool(following and following["link"])


def continued(said: str, history: Sequence[Item], index: Index) -> str:
    """Return the request that "and in Tokyo?" stands for: the last whole one, ending in that; "" where it is none."""
    following = _FOLLOWING.fullmatch(said)
    questions = (body(item.text, index) for item in reversed(history) if isinstance(item, Question))
    whole = next((text for text in questions if not _FOLLOWING.fullmatch(text)), "").rstrip(" ?!.")
    if not following or not whole or "\n" in whole or re.match(r"\d", following["value"]):
        return ""
    value = _VALUE.search(whole)
    link = following["link"] or (value["link"] if value else "")
    return f"{whole[: value.start()] if value else whole} {link} {following['value']}" if link else ""


def earlier(history: Sequence[Item], index: Index, results: Sequence[Result]) -> Given:
    """Return the text and the files that "this" may mean: the newest of the questions, else the last result."""
    for item in reversed(history):
        said = _said(item, index) if isinstance(item, Question) else Given()
        if said.content or said.files:
            return said
    done = [result.text for result in results if result.ok and not result.files]
    return Given(content=done[-1] if done else "")


def _said(question: Question, index: Index) -> Given:
    """Return the text and the files in an earlier question; a statement that asks for nothing is such a text."""
    ways = readings(question.text, index)
    given = next((request.given for request in ways if request.given), "")
    whole = body(question.text, index)
    if not given and len(whole.split()) >= _STATEMENT:
        scores = (index.score(tool, tokens(whole)) for tool in index.tools)
        given = whole if max(scores, default=0.0) < SURE else ""
    return Given(content=given, files=ways[-1].files)
