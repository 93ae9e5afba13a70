"""A person's data: everything that is kept about them, nothing of anybody else's, and no more than a platform takes."""

import io
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from core.identity import Identity
from core.messages import Attachment, JsonObject
from core.personal import Collected, Personal
from tests.canary import ACTS, ANA, BEN, CANARY, Nest, nest
from tests.scripted import message

OF_ANA = frozenset({f"test/{ANA.id}"})


def opened(archive: Attachment) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive.content or b"")) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def data(archive: Attachment) -> JsonObject:
    loaded: JsonObject = json.loads(opened(archive)["data.json"])
    return loaded


async def collected(home: Nest, *, accounts: frozenset[str] = OF_ANA, largest: int = 8_000_000) -> Collected:
    return await Personal(home.steward.store, home.steward.files, largest=largest).collect(accounts)


@pytest.mark.parametrize("seed", range(3))
async def test_everything_of_a_person_is_in_it_and_nothing_of_others(tmp_path: Path, seed: int) -> None:
    async with nest(tmp_path, seed) as home:
        for author in (BEN, ANA, BEN):
            for act in ACTS:
                await home.do(act, author, "C1")
        await home.live(8)
        found = await collected(home)
    everything = b"\n".join(opened(found.archive).values()).decode()
    assert set(CANARY.findall(everything)) == home.words(author=ANA, replaced=False)
    assert BEN.id not in everything
    assert BEN.name not in everything
    assert (found.turns, found.files) == (0, 0)


async def test_of_all_accounts_and_where_the_person_was_heard_and_what_they_thought(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        identity = Identity(home.steward.store)
        ana = replace(message(""), author=ANA)
        other = replace(message("", author="U9"), conversation=replace(ana.conversation, platform="elsewhere"))
        await identity.link(other, await identity.code(ana))
        await home.do("press", ANA, "C1")
        found = data((await collected(home, accounts=await identity.accounts(other.account))).archive)
    assert found["accounts"] == ["elsewhere/U9", f"test/{ANA.id}"]
    (feedback,) = found["feedback"] if isinstance(found["feedback"], list) else []
    assert isinstance(feedback, dict)
    assert (feedback["turn"], feedback["value"]) == (1, "good")
    assert [len(each) for each in (found["linked"], found["heard"], found["usage"]) if isinstance(each, list)] == [
        2,
        1,
        1,
    ]


async def test_the_newest_turns_and_files_are_taken_where_there_is_not_room_for_all(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        for _ in range(30):
            await home.do("ask", ANA, "C1")
        newest = {said.word for said in home.said[-3:]}
        whole = opened((await collected(home)).archive)["data.json"]
        found = await collected(home, largest=len(zlib.compress(whole)))
        assert len(found.archive.content or b"") <= len(zlib.compress(whole))
    everything = b"\n".join(opened(found.archive).values()).decode()
    assert newest <= set(CANARY.findall(everything))
    assert 0 < found.turns < 30
    assert len(opened(found.archive)) - 1 + found.files == 60


async def test_of_somebody_unknown_it_says_that_nothing_is_kept(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await home.do("ask", BEN, "C1")
        found = data((await collected(home)).archive)
    assert {name for name, value in found.items() if value} == {"accounts"}
