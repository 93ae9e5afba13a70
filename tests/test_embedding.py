"""The model of the extra `semantic`, the real one: what means alike is found in other words and other languages."""

import asyncio
import importlib.util

import numpy
import pytest

from core.embedding import SentenceEncoder, likeness, packed
from core.errors import OperatorError

KNOWN = [
    "Employees get 28 days of paid leave each year.",
    "The outage on Monday was caused by a full disk on the database machine.",
    "The customer was unhappy with late deliveries.",
    "The espresso maker in the kitchen does not work any more.",
    "Spending above 500 euros has to be signed off by Carla.",
    "Our German branch is at Torstrasse 12, third floor.",
    "Please water the plants.",
    "The team meeting is on Thursday at 10.",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Why did the server crash?", 1),
        ("the coffee machine is broken", 3),
        ("Where is the office in Berlin?", 5),
        ("Wann ist das Teamtreffen?", 7),
        ("¿Cuántos días de vacaciones tenemos?", 0),
    ],
)
def test_other_words_for_the_same_are_the_nearest(encoder: SentenceEncoder, asked: str, meant: int) -> None:
    [wanted] = encoder.embed([asked])
    found = likeness(wanted, b"".join(encoder.embed(KNOWN)))
    assert found.index(max(found)) == meant


def test_a_text_is_most_like_itself(encoder: SentenceEncoder) -> None:
    vectors = encoder.embed(KNOWN)
    assert {len(each) for each in vectors} == {encoder.size}
    for number, vector in enumerate(vectors):
        found = likeness(vector, b"".join(vectors))
        assert found.index(max(found)) == number
        assert found[number] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("text", ["", " ", "\x00", "🎉", "日本", "x" * 2_000])
def test_every_text_has_a_vector(encoder: SentenceEncoder, text: str) -> None:
    [vector] = encoder.embed([text])
    assert len(vector) == encoder.size
    assert any(vector)


async def test_several_threads_use_one_model() -> None:
    encoder = SentenceEncoder()
    made = await asyncio.gather(*(asyncio.to_thread(encoder.embed, [text]) for text in KNOWN))
    assert made == [encoder.embed([text]) for text in KNOWN]


def test_what_is_packed_keeps_its_likeness() -> None:
    random = numpy.random.default_rng(7)
    vectors = random.normal(size=(50, 512)).astype(numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    kept = packed(vectors)
    exact = vectors @ vectors[0]
    assert likeness(kept[0], b"".join(kept)) == pytest.approx([float(each) for each in exact], abs=0.01)


def test_without_the_extra_the_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OperatorError, match=r"pip install 'steward\[semantic\]'"):
        SentenceEncoder()
