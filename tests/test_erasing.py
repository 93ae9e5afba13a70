"""Erasing: nothing of what is to go is left in any file of the data folder, and all of what others said is."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bots.memory_commands import MemoryCommands
from core.audience import readers_of
from core.channels import Channels
from core.config import AgentConfig
from core.delivery import ATTEMPTS
from core.errors import ModelError, PlatformError
from core.forgetting import Receipt
from core.identity import Identity
from core.messages import Audience, Conversation, Person
from core.personal import Personal
from core.store import Store, open_store
from core.traces import Erased
from core.troubles import Troubles
from skills.memory import forget_fact, recall, remember
from tests.canary import ACTS, ANA, BEN, CANARY, DAY, Nest, age, files_with, kept_words, nest
from tests.command import command
from tests.house import House, house
from tests.scripted import ScriptedModel, calls, message, says
from tests.test_database_faults import FaultyStore, no_growth
from tests.typist import typist
from tests.waiting import until

C1 = Conversation(platform="test", workspace="W", channel="C1")
OF_ANA = frozenset({f"test/{ANA.id}"})

TABLES = (
    "turns",
    "steps",
    "outbox",
    "memory",
    "files",
    "usage",
    "feedback",
    "company",
    "passages",
    "summaries",
    "facts",
)


async def plant(nest: Nest) -> None:
    """Have two people do everything in every place, and something more at random; what is cached is written by hand."""
    for place in ("C1", "C2", "direct"):
        for author in (ANA, BEN):
            for act in ACTS:
                await nest.do(act, author, place)
    await nest.live(6)
    for said in [said for said in nest.said if said.message.text and not said.replaced][::9]:
        await nest.steward.store.write(
            "INSERT INTO cache (key, channel, audience, turn, result, at, expires_at)"
            " VALUES (?, ?, ?, (SELECT id FROM turns WHERE key = ?), ?, 0, 0)",
            (said.word, said.message.conversation.channel_key, said.message.audience.key, said.message.id, said.word),
        )


async def missed(nest: Nest) -> list[str]:
    """Return what the planting has missed: tables that hold nothing, canaries that are nowhere."""
    empty = [
        table
        for table in (*TABLES, "cache", "settings")
        if not await nest.steward.store.fetch(f"SELECT 1 FROM {table}")
    ]
    current = nest.words(replaced=False) - await kept_words(nest.steward.store)
    return [*empty, *sorted(current)]


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_of_a_forgotten_channel_is_left_and_everything_else_is(tmp_path: Path, seed: int) -> None:
    async with nest(tmp_path, seed) as home:
        await plant(home)
        files = home.words(place="C1", replaced=True)
        assert await missed(home) == []

        receipt = await home.steward.forgetting.place(C1)

        set_for_it = {said.word for said in home.said if said.place == "C1" and not said.message.text}
        gone = home.words(place="C1") - set_for_it
        kept = home.words(replaced=False) - gone
        assert files_with(tmp_path, gone | files) == []
        assert kept - await kept_words(home.steward.store) == set(), "what was said elsewhere, or set, is gone"
        assert receipt.on_disk


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_of_a_forgotten_person_is_left_and_everything_of_others_is(tmp_path: Path, seed: int) -> None:
    async with nest(tmp_path, seed) as home:
        await plant(home)
        assert files_with(tmp_path, [ANA.id, ANA.name]) != [], "the name is not looked for where it stands"

        receipt = await home.steward.forgetting.person(OF_ANA)

        assert files_with(tmp_path, [*home.words(author=ANA), ANA.id, ANA.name]) == []
        kept = home.words(author=BEN, replaced=False)
        assert kept - await kept_words(home.steward.store) == set(), "what others said is gone"
        assert files_with(tmp_path, [BEN.name]) != []
        assert receipt.on_disk


async def test_nothing_of_a_deleted_question_is_left_once_the_disk_was_tidied(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await plant(home)
        asked = [said.message for said in home.said if said.message.text and said.author == ANA]
        for message_id in {each.id for each in asked}:
            await home.steward.desk.deleted(message_id)
        await home.steward.turns.idle()
        await home.steward.afterwards.idle()
        gone = {said.word for said in home.said if said.message in asked}
        assert await kept_words(home.steward.store) & gone == set(), "it is still in a table"

        await home.steward.forgetting.tidy()

        assert files_with(tmp_path, gone) == []
        assert home.words(author=BEN, replaced=False) - await kept_words(home.steward.store) == set()


async def test_nothing_of_the_words_before_an_edit_is_left_once_the_disk_was_tidied(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await plant(home)
        replaced = {said.word for said in home.said if said.replaced}
        assert await kept_words(home.steward.store) & replaced == set(), "it is still in a table"

        await home.steward.forgetting.tidy()

        assert files_with(tmp_path, replaced) == []
        assert home.words(replaced=False) - await kept_words(home.steward.store) == set()


async def test_an_edit_that_is_not_answered_and_a_deletion_that_leaves_the_answer_erase_what_was_said(
    tmp_path: Path,
) -> None:
    config = AgentConfig(on_edit="ignore", on_delete="keep")
    async with nest(tmp_path, 0, config=config) as home:
        edited, deleted = await home.do("remember", ANA, "C1"), await home.do("ask", ANA, "C2")
        await home.do("ask", BEN, "C1")
        sent = len(home.outlet.sent)
        assert not await home.steward.desk.edited(replace(edited, text="something else"))
        assert not await home.steward.desk.deleted(deleted.id)
        await home.steward.turns.idle()
        await home.steward.forgetting.tidy()
        assert files_with(tmp_path, home.words(author=ANA)) == []
        assert home.words(author=BEN) - await kept_words(home.steward.store) == set()
        assert len(home.outlet.sent) == sent, "the answer is not left as it is"


async def test_what_others_recalled_of_a_forgotten_person_is_not_kept_with_their_turns(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await home.do("remember", ANA, "C1")
    look_up = calls(("recall", '{"query": "remember"}'))
    model = ScriptedModel(look_up, lambda asked: says(f"I found {len(asked.items[-1].text)} letters."))
    async with house(tmp_path, model, recall) as steward:
        await steward.answer(replace(message("what did she say?"), author=BEN))
        assert home.words() & set(CANARY.findall(model.asked[1].text)), "nothing was recalled"
        await steward.forgetting.person(OF_ANA)
        assert files_with(tmp_path, home.words()) == []
        assert "what did she say?" in str([tuple(row) for row in await steward.store.fetch("SELECT items FROM memory")])


async def test_trying_again_keeps_the_files_of_the_question_and_finds_them_once(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        asked = await home.do("ask", ANA, "C1")
        before = {path.name for path in (tmp_path / "files").iterdir()}
        await home.steward.desk.press(home.key("again"), replace(asked, text=""))
        await home.steward.turns.idle()
        assert len(before & {path.name for path in (tmp_path / "files").iterdir()}) == 1, "which came with it"
        assert home.words() - await kept_words(home.steward.store) == set()
        rows = await home.steward.store.fetch("SELECT count(*) AS number FROM passages GROUP BY kind, ref")
        assert [row["number"] for row in rows] == [1] * len(rows)


# Accounts


async def test_a_person_is_forgotten_with_all_linked_accounts(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        identity = Identity(home.steward.store)
        asked = await home.do("ask", ANA, "C1")
        other = replace(asked, conversation=replace(asked.conversation, platform="other"), author=BEN)
        await identity.link(other, await identity.code(asked))
        await home.do("ask", BEN, "C1")  # the same id on another platform is somebody else
        receipt = await home.steward.forgetting.person(await identity.accounts(other.account))
        assert receipt.erased.accounts == 2
        assert files_with(tmp_path, [*home.words(author=ANA), ANA.id, ANA.name]) == []
        assert home.words(author=BEN) - await kept_words(home.steward.store) == set()
        assert await identity.accounts(other.account) == {other.account}


async def test_an_account_that_was_unlinked_is_no_part_of_the_others(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        identity = Identity(home.steward.store)
        one, two, three, four = (
            replace(message(""), author=Person(id=f"UNUMBER{number}", name=str(number))) for number in range(4)
        )
        for other in (two, three):
            await identity.link(other, await identity.code(one))
        await identity.unlink(one.account)
        await identity.link(four, await identity.code(one))
        assert await identity.accounts(one.account) == {one.account, four.account}
        assert await identity.accounts(two.account) == {two.account, three.account}
        await home.steward.forgetting.person(await identity.accounts(one.account))
        assert files_with(tmp_path, [one.author.id]) == []


# The terminal


async def test_nothing_that_was_typed_in_a_terminal_is_left_and_nobody_is_named(tmp_path: Path) -> None:
    user = {"LOGNAME": "anakinsky", "STEWARD_LOG__LEVEL": "DEBUG"}
    async with typist(tmp_path, command("chat"), user) as typing:
        await typing.sees("practice mode")
        for line in ("what is 2+3 canarybird?", "remember that canarybird sings", "/settings instructions canarybird"):
            typing.type(f"{line}\r")
            await typing.sees("canarybird")
            await asyncio.sleep(0.5)
        assert files_with(tmp_path / "data", ["canarybird", "anakinsky"]), "nothing was kept"
        typing.type("/forget-me\r")
        await typing.sees("Nothing of it is left on my disk.")
        typing.type("/quit\r")
        await typing.ends()
    assert files_with(tmp_path / "data", ["canarybird", "anakinsky"]) == []


# Retention


@pytest.mark.parametrize("overall", [0.0, 30.0])
async def test_what_is_older_than_its_channel_lets_it_be_is_erased_everywhere(tmp_path: Path, overall: float) -> None:
    async with nest(tmp_path, 0, keep_days=overall) as home:
        await home.do("ask", ANA, "C1")
        await home.do("remember", ANA, "C1")
        await home.do("fail", ANA, "C1")
        await home.do("ask", BEN, "C2")
        await age(home.steward.store, 2 * DAY)
        old = home.words(place="C1")
        await home.do("ask", BEN, "C1")
        await Channels(home.steward.store).set(C1, "retention", "1", ANA)

        expired = await home.steward.forgetting.expire()
        await home.steward.forgetting.tidy()

        assert files_with(tmp_path, old) == []
        assert home.words() - old - await kept_words(home.steward.store) == set(), "something newer, or elsewhere"
        assert (expired.turns, expired.facts) == (3, 1)
        assert await home.steward.forgetting.expire() == Erased()


async def test_a_channel_can_be_set_to_keep_shorter_than_is_configured_and_not_longer(tmp_path: Path) -> None:
    async with nest(tmp_path, 0, keep_days=3.0) as home:
        for place in ("C1", "C2", "C3"):
            await home.do("remember", ANA, place)
        await age(home.steward.store, 2 * DAY)
        await Channels(home.steward.store).set(C1, "retention", "1", ANA)
        await Channels(home.steward.store).set(replace(C1, channel="C2"), "retention", "9", ANA)
        await home.steward.forgetting.expire()
        kept = await kept_words(home.steward.store)
        assert home.words(place="C1") & kept == set()
        assert home.words(place="C2") | home.words(place="C3") <= kept
        await age(home.steward.store, 2 * DAY)
        await home.steward.forgetting.expire()
        assert home.words(place="C2") & await kept_words(home.steward.store) == set()


async def test_what_was_said_while_memory_was_off_is_erased_within_the_hour_also_after_it_is_on(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        channels = Channels(home.steward.store)
        await home.do("ask", ANA, "C1")
        kept = home.words()
        await channels.set(C1, "memory", "off", ANA)
        await home.do("ask", ANA, "C1")
        await home.do("fail", ANA, "C1")
        await channels.set(C1, "memory", "on", ANA)
        await home.do("ask", BEN, "C1")
        off = {word for word in home.words(author=ANA) if word not in kept}

        await home.steward.forgetting.unremembered()
        assert off & await kept_words(home.steward.store), "it can neither be edited nor tried again"
        await age(home.steward.store, 3601)
        await home.steward.forgetting.unremembered()
        await home.steward.forgetting.tidy()

        assert files_with(tmp_path, off) == []
        assert home.words() - off - await kept_words(home.steward.store) == set()


async def test_many_old_turns_are_erased_in_steps(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await home.do("remember", ANA, "C1")
        await copies(home, 600)
        await age(home.steward.store, 2 * DAY)
        await Channels(home.steward.store).set(C1, "retention", "1", ANA)
        expired = await home.steward.forgetting.expire()
        assert expired.turns == 601
        assert await home.steward.store.fetch("SELECT 1 FROM turns WHERE message <> ''") == []


async def copies(home: Nest, number: int) -> None:
    """Add copies of the first turn, as they are remembered."""
    await home.steward.store.write(
        "INSERT INTO turns (key, platform, conversation, channel, audience, author, message, state, received_at,"
        " closed_at) SELECT turns.key || '/' || value, platform, conversation, channel, audience, author, message,"
        " state, received_at, closed_at FROM turns, json_each(?) WHERE turns.id = 1",
        (str([*range(number)]),),
    )
    await home.steward.store.write(
        "INSERT INTO memory SELECT turns.id, memory.conversation, memory.channel, memory.audience, items, tokens, at"
        " FROM turns, memory WHERE turns.id > 1 AND memory.turn = 1"
    )


# What is still on its way


async def test_an_answer_on_its_way_is_delivered_with_its_files_and_then_erased(tmp_path: Path) -> None:
    async with nest(tmp_path, 0, first_pause=0.5) as home:
        home.outlet.failures = [PlatformError("away")] * ATTEMPTS
        await home.do("ask", ANA, "C1")
        assert home.outlet.sent == []

        receipt = await home.steward.forgetting.person(OF_ANA)
        assert (receipt.left, receipt.erased.turns) == (1, 1)
        assert (await home.steward.forgetting.person(OF_ANA)).erased == Erased(), "it is counted twice"
        await until(lambda: len(home.outlet.sent) == 2)
        await home.steward.turns.idle()
        assert [file.filename.endswith(".png") for _, part in home.outlet.sent for file in part.attachments] == [True]

        await home.steward.forgetting.unremembered()
        await home.steward.forgetting.tidy()
        assert files_with(tmp_path, [*home.words(), ANA.id, ANA.name]) == []


async def test_what_a_turn_does_after_it_was_forgotten_is_erased_with_it(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        home.model.hold.clear()
        asking = asyncio.create_task(home.do("remember", ANA, "C1"))
        await until(lambda: home.model.busy)
        receipt = await home.steward.forgetting.place(C1)
        home.model.hold.set()
        await asking
        assert receipt.left == 1
        assert home.words() & await kept_words(home.steward.store), "it was not answered"

        await home.steward.forgetting.unremembered()
        await home.steward.forgetting.tidy()
        assert files_with(tmp_path, [*home.words()]) == []


async def test_a_turn_that_was_given_up_is_erased_at_once_and_not_taken_up_again(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        asked = await home.do("ask", ANA, "C1")
        await home.steward.store.write("UPDATE turns SET state = 'running', closed_at = NULL, parked_at = 1.0")
        receipt = await home.steward.forgetting.place(C1)
        assert receipt.left == 0
        assert files_with(tmp_path, home.words()) == []
        assert await home.steward.journal.unfinished() == []
        assert not await home.steward.turns.accept(asked), "a redelivery would be answered"


# Receipts


async def test_the_receipt_counts_what_was_erased_and_nothing_the_second_time(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        for act in ACTS:
            await home.do(act, ANA, "C1")
        await home.do("ask", BEN, "C1")
        turns = 6
        files = len(list((tmp_path / "files").iterdir())) - 2

        receipt = await home.steward.forgetting.person(OF_ANA)
        again = await home.steward.forgetting.person(OF_ANA)

        erased = receipt.erased
        assert (erased.turns, erased.files, erased.facts, erased.opinions) == (turns, files, 1, 1)
        assert erased.summaries >= 1
        assert again == Receipt(erased=Erased(), on_disk=True)


async def test_the_receipt_is_told_in_words_and_says_what_is_still_on_its_way(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        keeper, forgetting = home.steward.keeper, home.steward.forgetting
        commands = MemoryCommands(
            keeper=keeper,
            channels=home.steward.channels,
            forgetting=forgetting,
            identity=keeper.identity,
            personal=Personal(home.steward.store, home.steward.files),
        )
        used = await home.do("remember", ANA, "C1")
        home.model.hold.clear()
        asking = asyncio.create_task(home.do("ask", ANA, "C1"))
        await until(lambda: home.model.busy)
        said = (await commands.forget_me(used, "")).text
        home.model.hold.set()
        await asking
        await forgetting.unremembered()
        assert said.splitlines()[:2] == [
            "Everything I kept about you is erased: 1 turn, 1 file and 1 fact.",
            "1 answer on the way will still come; the last traces go within a day after that.",
        ]
        said = (await commands.forget_me(used, "")).text
        assert said.startswith("Everything I kept about you is erased: 0 turns and 0 files.")


async def test_a_deleted_question_is_not_counted_among_what_was_erased(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        asked = await home.do("ask", ANA, "C1")
        await home.steward.desk.deleted(asked.id)
        await home.steward.turns.idle()
        assert (await home.steward.forgetting.place(C1)).erased == Erased()


async def test_who_was_forgotten_and_asks_again_is_new(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        asked = await home.do("ask", ANA, "C1")
        await home.steward.forgetting.person(OF_ANA)
        assert not await home.steward.turns.accept(asked), "a redelivery is answered again"
        home.model.read.clear()
        before = home.words()

        await home.do("remember", ANA, "C1")

        assert before & home.model.read == set(), "the model is told what was forgotten"
        assert home.words() - before - await kept_words(home.steward.store) == set(), "it is not remembered"


# The disk


async def test_what_a_crash_left_on_the_disk_is_overwritten_after_the_next_start(tmp_path: Path) -> None:
    async with nest(tmp_path, 0, small=0) as home:
        await home.do("remember", ANA, "C1")
        gone = home.words()
        receipt = await home.steward.forgetting.place(C1)
        assert not receipt.on_disk
        assert files_with(tmp_path, gone), "there is nothing to overwrite"
    async with nest(tmp_path, 0) as home:
        await home.steward.forgetting.tidy()
        assert files_with(tmp_path, gone) == []


async def test_what_a_crash_left_in_the_tables_is_erased_by_the_next_sweep(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await home.do("remember", ANA, "C1")
        gone = home.words()
        await home.steward.store.write("UPDATE turns SET forgotten = 1")  # as the first transaction leaves it
    async with nest(tmp_path, 0) as home:
        await home.steward.forgetting.unremembered()
        await home.steward.forgetting.tidy()
        assert files_with(tmp_path, gone) == []


async def test_a_large_database_is_written_anew_a_day_later_at_the_latest(tmp_path: Path) -> None:
    async with nest(tmp_path, 0, small=0) as home:
        await home.do("ask", ANA, "C1")
        await home.steward.forgetting.place(C1)
        await home.steward.store.write("UPDATE chores SET since = ?", (time.time() - DAY - 1,))
        await home.do("ask", BEN, "C2")
        await home.steward.forgetting.place(Conversation(platform="test", workspace="W", channel="C2"))

        await home.steward.forgetting.tidy()

        assert files_with(tmp_path, home.words()) == []
        assert await home.steward.store.fetch("SELECT 1 FROM chores") == []


class Cramped(FaultyStore):
    """A store on a disk that has no space for what `scrub` writes, until it has."""

    space = False

    def size(self) -> int:
        return self.inner.size()

    async def scrub(self) -> None:
        async with contextlib.nullcontext() if self.space else no_growth(self):
            await self.inner.scrub()


async def test_a_full_disk_is_said_in_one_line_and_the_chore_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[Cramped] = []

    async def opening(path: Path) -> Store:
        opened.append(Cramped(await open_store(path)))
        return opened[0]

    async with nest(tmp_path, 0, opening=opening) as home:
        await home.do("ask", ANA, "C1")
        await home.do("ask", BEN, "C2")
        caplog.clear()
        receipt = await home.steward.forgetting.place(C1)
        assert not receipt.on_disk
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
            f"what was erased is overwritten on the disk later: The database {home.steward.store.path}: "
            "the disk reports an error; check it, and the space on it."
        ]
        assert home.words(place="C2") - await kept_words(home.steward.store) == set(), "something is lost"
        opened[0].space = True
        await home.do("ask", BEN, "C2")
        await home.steward.forgetting.tidy()
        assert files_with(tmp_path, home.words(place="C1")) == []
        assert home.words(place="C2") - await kept_words(home.steward.store) == set(), "something is lost"


async def test_a_reader_that_is_busy_holds_up_the_scrub_and_nobody_who_writes(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await home.do("ask", ANA, "C1")
        with contextlib.closing(sqlite3.connect(tmp_path / "steward.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM turns").fetchone()
            forgetting = asyncio.create_task(home.steward.forgetting.place(C1))
            await asyncio.sleep(0.3)
            async with asyncio.timeout(2):
                await home.do("ask", BEN, "C2")
            assert not forgetting.done()
            reader.execute("COMMIT")
            assert (await forgetting).on_disk
        assert files_with(tmp_path, home.words(place="C1")) == []
        assert home.words(place="C2") - await kept_words(home.steward.store) == set()


# What a turn knows of others


async def test_what_a_turn_recalled_of_others_is_gone_with_them_also_where_it_failed(tmp_path: Path) -> None:
    async with nest(tmp_path, 0) as home:
        await home.do("remember", ANA, "C1")
        gone = home.words()
    recalling = calls(("recall", '{"query": "remember"}'))
    model = ScriptedModel(recalling, ModelError("The model is away."), says("Well."))
    async with house(tmp_path, model, recall) as steward:
        asked = replace(message("what was it?"), author=BEN)
        await steward.answer(asked)
        assert any(word in asked.text for asked in model.asked for word in gone), "nothing was recalled"
        await steward.forgetting.person(OF_ANA)
        assert files_with(tmp_path, gone) == []
        await Troubles(steward.store).retry(await _latest(steward))
        await until(lambda: "Well." in steward.outlet.texts)
        assert not any(word in model.asked[-1].text for word in gone)


async def test_a_fact_that_the_model_had_forgotten_is_nowhere_afterwards(tmp_path: Path) -> None:
    keeping = calls(("remember", '{"fact": "canarywalrus is the code"}'))
    model = ScriptedModel(keeping, says("Kept."), calls(("forget_fact", '{"number": 1}')), says("Gone."), says("Hm?"))
    async with house(tmp_path, model, remember, forget_fact) as steward:
        asked = message("remember the code, please")
        await steward.answer(asked)
        await steward.answer(message("forget it"))
        await steward.desk.deleted(asked.id)
        await steward.turns.idle()
        await steward.forgetting.tidy()
        assert files_with(tmp_path, ["canarywalrus"]) == []
        await steward.answer(message("what was it?"))
        assert "canarywalrus" not in model.asked[-1].text


async def test_forgetting_a_thread_leaves_the_rest_of_its_channel(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel(says("one"), says("two"))) as steward:
        await steward.answer(message("canaryroot"))
        await steward.answer(message("canarythread", thread="T1"))
        receipt = await steward.forgetting.place(message("", thread="T1").conversation)
        assert receipt.erased.turns == 1
        assert files_with(tmp_path, ["canarythread"]) == []
        assert files_with(tmp_path, ["canaryroot"]) != []


async def test_forgetting_a_channel_leaves_what_only_others_could_see_in_its_private_threads(tmp_path: Path) -> None:
    hidden = Audience(scope="channel", id="test/T9")
    async with house(tmp_path, ScriptedModel(says("one"), says("two"))) as steward:
        await steward.answer(message("canaryroot"))
        await steward.answer(replace(message("canaryhidden", thread="T9"), audience=hidden))
        assert (await steward.forgetting.place(message("").conversation)).erased.turns == 1
        assert files_with(tmp_path, ["canaryroot"]) == []
        assert files_with(tmp_path, ["canaryhidden"]) != []


async def test_who_edited_a_fact_is_erased_with_them(tmp_path: Path) -> None:
    async with house(tmp_path, ScriptedModel()) as steward:
        admin = replace(message(""), author=Person(id="UCANARY", name="Canaryadmin"))
        readers = readers_of(admin.conversation, admin.audience)
        await steward.keeper.facts.remember("It is so.", message(""), 1)
        await steward.keeper.facts.edit(readers, 1, "It is not.", frozenset(), admin)
        assert files_with(tmp_path, ["UCANARY", "Canaryadmin"]) != []
        await steward.forgetting.person(frozenset({admin.account}))
        assert files_with(tmp_path, ["UCANARY", "Canaryadmin"]) == []
        assert [fact.text for fact in await steward.keeper.facts.list(readers, most=5)] == ["It is not."]


async def _latest(steward: House) -> int:
    return int((await steward.store.fetch("SELECT max(id) AS id FROM turns"))[0]["id"])
