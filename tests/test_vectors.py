"""Finding what is remembered by what it means: made in the background, and of what its readers may see alone."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import passages
from core.audience import Readers
from core.embedding import packed
from core.passages import Passage, Passages
from core.store import Store, open_store
from core.vectors import Vectors
from tests.rule import may_use
from tests.scripted import PATIENT
from tests.test_passages import HERE, keep, keys, passage, someone

MEANINGS = ({"car", "automobile", "vehicle"}, {"holiday", "vacation", "leave"}, {"coffee", "espresso"})


class Meanings:
    """An embedder that knows three things to talk about, and what it was given to read."""

    size = 64

    def __init__(self) -> None:
        self.read: list[str] = []
        self.failures = 0

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.read += texts
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no vector today")
        rows = [[float(bool(meant & set(text.lower().split()))) for meant in MEANINGS] + [0.1] for text in texts]
        vectors = numpy.array(rows, numpy.float32)
        vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        return packed((numpy.tile(vectors, (1, 16)) / 4).astype(numpy.float32))


class OtherMeanings(Meanings):
    """Another model, whose vectors are longer."""

    size = 128

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [vector * 2 for vector in super().embed(texts)]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(tmp_path / "steward.db")
    yield store
    await store.close()


async def make_all(vectors: Vectors) -> None:
    while await vectors.advance():
        pass


async def count(store: Store) -> int:
    return int((await store.fetch("SELECT count(*) AS n FROM vectors"))[0]["n"])


async def found(store: Store, vectors: Vectors, text: str, readers: Readers = HERE) -> list[str]:
    return [each.ref for each in await Passages(store, vectors, patience=PATIENT).search(readers, text, most=10)]


async def test_other_words_for_the_same_are_found(store: Store) -> None:
    vectors = Vectors(store, Meanings())
    await keep(store, passage("the automobile is red", ref="car"), passage("the espresso is hot", ref="coffee"))
    await make_all(vectors)
    assert await found(store, vectors, "car") == ["car"]
    assert await found(store, vectors, "coffee") == ["coffee"]
    assert await found(store, vectors, "weather") == []


async def test_what_fits_by_words_and_by_meaning_is_before_what_fits_by_one(store: Store) -> None:
    vectors = Vectors(store, Meanings())
    await keep(
        store,
        passage("my car", ref="both"),
        passage("my vehicle", ref="meaning"),
        passage("my train", ref="words"),
    )
    await make_all(vectors)
    assert await found(store, vectors, "my car") == ["both", "meaning", "words"]


async def test_what_has_no_vector_yet_is_found_by_its_words(store: Store) -> None:
    vectors = Vectors(store, Meanings())
    await keep(store, passage("my car", ref="car"), passage("my vehicle", ref="vehicle"))
    assert await found(store, vectors, "car") == ["car"]


async def test_vectors_are_made_of_the_newest_first_and_of_new_ones_before_older_ones(store: Store) -> None:
    embedder = Meanings()
    vectors = Vectors(store, embedder)
    await keep(store, *(passage(f"old {number}", ref=str(number)) for number in range(1_500)))
    await vectors.advance()
    assert embedder.read == [f"old {number}" for number in range(1_499, 499, -1)]
    await keep(store, passage("new", ref="new"))
    await vectors.advance()
    assert embedder.read[1_000:] == ["new"]
    await make_all(vectors)
    assert embedder.read[1_001:] == [f"old {number}" for number in range(499, -1, -1)]
    assert await count(store) == 1_501


async def test_after_a_restart_only_what_is_missing_is_made(store: Store) -> None:
    await keep(store, *(passage(f"old {number}") for number in range(1_500)))
    await Vectors(store, Meanings()).advance()
    after = Meanings()
    await make_all(Vectors(store, after))
    assert after.read == [f"old {number}" for number in range(499, -1, -1)]


async def test_vectors_of_another_model_are_not_compared_and_made_anew(store: Store) -> None:
    await keep(store, passage("my car", ref="car"))
    await make_all(Vectors(store, OtherMeanings()))
    vectors = Vectors(store, Meanings())
    assert await found(store, vectors, "vehicle") == []
    await make_all(vectors)
    assert await found(store, vectors, "vehicle") == ["car"]


async def test_the_vector_goes_with_its_passage(store: Store) -> None:
    vectors = Vectors(store, Meanings())
    await keep(store, passage("my car"), passage("his car", ref="2"))
    await make_all(vectors)
    async with store.transaction() as transaction:
        await passages.remove(transaction, "turn", ["1"])
    assert await count(store) == 1
    assert await found(store, vectors, "vehicle") == ["2"]


async def test_of_a_passage_that_is_removed_meanwhile_no_vector_is_kept(store: Store) -> None:
    loop = asyncio.get_running_loop()

    async def remove() -> None:
        async with store.transaction() as transaction:
            await passages.remove(transaction, "turn", ["1"])

    class Removed(Meanings):
        def embed(self, texts: Sequence[str]) -> list[bytes]:
            asyncio.run_coroutine_threadsafe(remove(), loop).result()
            return super().embed(texts)

    await keep(store, passage("my car"))
    await make_all(Vectors(store, Removed()))
    assert await count(store) == 0


async def counted(store: Store, number: int) -> None:
    """Return once there are so many vectors."""
    async with asyncio.timeout(10):
        while await count(store) < number:  # noqa: ASYNC110  # the database tells nobody
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(vectors: Vectors) -> AsyncIterator[None]:
    task = asyncio.create_task(vectors.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_passages_of_which_no_vector_can_be_made_do_not_stop_the_rest(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = Meanings()
    embedder.failures = 1
    await keep(store, *(passage(f"car {number}") for number in range(20)))
    async with running(Vectors(store, embedder, idle=0.001)):
        await counted(store, 12)
        await keep(store, passage("new"))
        await counted(store, 13)
    assert "passages 13 to 20 got no vectors" in caplog.text


async def test_new_passages_get_their_vectors_while_it_runs(store: Store) -> None:
    async with running(Vectors(store, Meanings(), idle=0.001)):
        for number in range(1, 4):
            await keep(store, passage("my car", ref=str(number)))
            await counted(store, number)


async def test_a_database_that_cannot_be_written_for_a_while_is_tried_again(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await keep(store, passage("my car"))
    await store.write("CREATE TRIGGER full BEFORE INSERT ON vectors BEGIN SELECT RAISE(ABORT, 'no room'); END")
    async with running(Vectors(store, Meanings(), idle=0.001)):
        async with asyncio.timeout(10):
            while "no room" not in caplog.text:  # noqa: ASYNC110  # a log line is waited for
                await asyncio.sleep(0.005)
        await store.write("DROP TRIGGER full")
        await counted(store, 1)


async def test_every_byte_of_a_vector_is_read_as_it_was_kept(store: Store) -> None:
    class Bytes(Meanings):
        size = 256

        def embed(self, texts: Sequence[str]) -> list[bytes]:
            return [bytes((number + len(text)) % 256 for number in range(256)) for text in texts]

    vectors = Vectors(store, Bytes())
    await keep(store, *(passage("x" * number, ref=str(number)) for number in range(1, 256)))
    await make_all(vectors)
    read = await vectors.read(HERE, "scope:(s1 OR s2)", 2**40)
    assert read.vectors == b"".join(Bytes().embed(["x" * number for number in range(255, 0, -1)]))


async def test_what_stands_in_a_small_channel_is_compared_however_much_is_said_elsewhere(store: Store) -> None:
    vectors = Vectors(store, Meanings())
    await keep(store, passage("my car", ref="old"))
    await keep(store, *(passage("his car", channel="test/W/C2") for _ in range(5_000)))
    async with store.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO vectors (passage, vector) SELECT id, ? FROM passages", (Meanings().embed(["car"])[0],)
        )
    assert await found(store, vectors, "vehicle") == ["old"]


async def test_more_than_one_query_reads_is_compared(store: Store) -> None:
    vectors = Vectors(store, Meanings())
    await keep(store, passage("my espresso", ref="old"))
    await keep(store, *(passage("a car") for _ in range(4_500)))
    car, coffee = Meanings().embed(["car", "coffee"])
    async with store.transaction() as transaction:
        await transaction.execute(
            "INSERT INTO vectors (passage, vector) SELECT id, CASE ref WHEN 'old' THEN ? ELSE ? END FROM passages",
            (coffee, car),
        )
    assert await found(store, vectors, "coffee") == ["old"]


# nobody finds what they may not see

said = st.sampled_from(["car", "vehicle", "espresso", "weather"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(said, keys, keys), max_size=10), said, someone)
def test_exactly_what_may_be_used_is_compared(rows: list[tuple[str, str, str]], text: str, readers: Readers) -> None:
    async def near() -> set[int]:
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(Path(folder) / "steward.db")
            vectors = Vectors(store, Meanings())
            kept: list[Passage] = [
                passage(held, ref=str(number), channel=channel, audience=audience)
                for number, (held, channel, audience) in enumerate(rows)
            ]
            await keep(store, *kept)
            await make_all(vectors)
            numbers = await vectors.nearest(readers, text, most=50)
            await store.close()
            return {number - 1 for number in numbers}

    expected = {
        number
        for number, (held, channel, audience) in enumerate(rows)
        if may_use(readers, channel=channel, audience=audience) and meaning(held) == meaning(text)
    }
    assert asyncio.run(near()) == expected


def meaning(text: str) -> list[bool]:
    return [text in meant for meant in MEANINGS]


async def test_no_vector_of_what_is_not_visible_is_read(store: Store) -> None:
    """However wrong the index is about who may see what: the rule of `core.audience` decides."""
    vectors = Vectors(store, Meanings())
    await keep(store, passage("my car", audience="person:test/W/U9"), passage("his car", ref="2"))
    await make_all(vectors)
    read = await vectors.read(HERE, "text:car", 2**40)
    assert read.numbers == [2]
    assert len(read.vectors) == Meanings.size
