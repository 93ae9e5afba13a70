"""How an answer is divided for streaming."""

from dataclasses import dataclass

_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The frames of one streamed answer: `head` its content, `tail` what marks its end."""

    head: list[bytes]
    tail: list[bytes]


def pieces(text: str) -> list[str]:
    """Divide text into pieces as small as a model's tokens."""
    return [text[start : start + _LENGTH] for start in range(0, len(text), _LENGTH)]
