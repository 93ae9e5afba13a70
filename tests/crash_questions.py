"""What a crashing Steward is asked, and the rule by which the simulated model answers: the question says it all."""

import re
from dataclasses import dataclass

from bots.simulator.model import Request, Said, calls, says
from core.doubts import UNKNOWN

LINE = re.compile(r"answer (\d+) line (\d+):")
FILE = re.compile(r"picture-(\d+)\.png")

_QUESTION = re.compile(r"question (\d+): ([a-z ]*), (\d+) lines(, together)?(, with a file)?")
_FILLER = "the quick brown fox jumps over the lazy dog and the dog goes on sleeping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that says how it is to be answered.

    Attributes:
        skills: called before the answer, one after the other or all `together`.
        lines: of the answer, about a hundred characters each.
        file: one comes with it.
    """

    number: int
    skills: tuple[str, ...] = ()
    lines: int = 1
    together: bool = False
    file: bool = False

    @property
    def text(self) -> str:
        called = " ".join(self.skills)
        extras = (", together" if self.together else "") + (", with a file" if self.file else "")
        return f"question {self.number}: {called}, {self.lines} lines{extras}"

    @property
    def filename(self) -> str:
        return f"notes-{self.number}.txt"

    @property
    def answer(self) -> str:
        return "\n".join(f"answer {self.number} line {line}: {_FILLER}" for line in range(self.lines))


def read(text: str) -> Question:
    """Return the question in a text."""
    found = _QUESTION.search(text)
    assert found is not None, f"nobody asked {text!r}"
    number, called, lines, together, file = found.groups()
    return Question(
        number=int(number),
        skills=tuple(called.split()),
        lines=int(lines),
        together=together is not None,
        file=file is not None,
    )


def rule(request: Request) -> Said:
    """Answer a question by what it says and the results so far."""
    question, results = read(request.question), request.results
    kept = re.search(rf"\[file f[0-9a-f]+: {question.filename}, ", request.question)
    assert bool(kept) == question.file, f"the file is not as it should be: {request.question!r}"
    wrong = [
        result for name, result in zip(question.skills, results, strict=False) if not _fits(name, result, question)
    ]
    assert not wrong, f"unexpected results of {question.text!r}: {wrong}"
    todo = question.skills[len(results) :]
    if not todo:
        return says(question.answer)
    assert not (question.together and results), f"some results of {question.text!r} are missing: {results}"
    return calls(*((name, {"number": question.number}) for name in (todo if question.together else todo[:1])))


def _fits(name: str, result: str, question: Question) -> bool:
    expected = {
        "publish": (f"published {question.number}", UNKNOWN),
        "count": (f"counted to {question.number}",),
        "picture": (f"picture-{question.number}.png",),
    }
    return any(text in result for text in expected[name])
