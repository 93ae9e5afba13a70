from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocols.sse import EventDecoder

STREAM = (
    "\ufeff: a comment\r\n"
    'data: {"text": "grüße 👋🏽"}\r\n\r\n'
    "event: named\nid: 7\nretry: 10\ndata:without a space\n\n"
    "data: two\ndata: lines\n\n"
    "data: ended by returns\r\r"
    ": keep-alive\n\n"
    "data:  a second space stays\n\n"
    "data: [DONE]\n\n"
).encode()
EVENTS = [
    '{"text": "grüße 👋🏽"}',
    "without a space",
    "two\nlines",
    "ended by returns",
    " a second space stays",
    "[DONE]",
]


def decoded(*chunks: bytes) -> list[str]:
    decoder = EventDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    assert decoded(*(STREAM[start:end] for start, end in pairwise(borders))) == EVENTS


def test_events_are_the_same_byte_by_byte() -> None:
    assert decoded(*(bytes([byte]) for byte in STREAM)) == EVENTS


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=8))
def test_what_is_written_as_events_is_read_again(texts: list[str]) -> None:
    written = "".join(f"data: {text}\n\n" for text in texts).encode()
    assert decoded(written) == texts


def test_an_event_comes_as_soon_as_its_blank_line_has() -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: now\r\n") == []
    assert decoder.feed(b"\r\n") == ["now"]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_last_event_is_read_without_its_blank_line(end: bytes) -> None:
    assert decoded(b"data: [DONE]" + end) == ["[DONE]"]


def test_broken_characters_are_replaced() -> None:
    assert decoded(b"data: \xff!\n\n") == ["\ufffd!"]
