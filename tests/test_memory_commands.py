"""The sub-commands about what is remembered: what they answer, and to whom."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bots.identity_commands import IdentityCommands
from bots.memory_commands import MemoryCommands
from core.errors import UserError
from core.items import Answer, Usage
from core.messages import ADMIN, Audience, Conversation, Message, Person
from core.personal import Personal
from core.usage import Usages
from tests.house import House, house
from tests.scripted import ScriptedModel, Step, message, says

SLACK = "slack/U1"


@contextlib.asynccontextmanager
async def commanding(folder: Path, *steps: Step) -> AsyncIterator[tuple[MemoryCommands, House]]:
    async with house(folder, ScriptedModel(*steps)) as opened:
        commands = MemoryCommands(
            keeper=opened.keeper,
            channels=opened.channels,
            forgetting=opened.forgetting,
            identity=opened.keeper.identity,
            personal=Personal(opened.store, opened.files),
        )
        yield commands, opened


async def remembered(opened: House, text: str, said: Message | None = None) -> int:
    fact = await opened.keeper.facts.remember(text, said or message("?"), 99)
    assert fact is not None
    return fact.id


async def test_memory_shows_each_fact_with_its_author_date_and_source(tmp_path: Path) -> None:
    async with commanding(tmp_path) as (commands, opened):
        await remembered(opened, "The standup is at 9:30.", replace(message("?"), link="https://chat.test/1"))
        await remembered(opened, "We ship on Fridays.", message("?", author="U2"))
        await remembered(opened, "Elsewhere it is different.", message("?", channel="C2"))
        first, one, two, _, last = (await commands.memory(message("?"), "")).text.splitlines()
    assert first == "**What I remember in this channel**"
    assert one.startswith("- 1: The standup is at 9:30. (Ana, 20")
    assert one.endswith(", for everybody, [source](https://chat.test/1))")
    assert two.startswith("- 2: We ship on Fridays. (Ben, 20")
    assert last.endswith("`/steward memory edit NUMBER TEXT`, `/steward memory delete NUMBER`.")


async def test_memory_says_that_there_is_nothing_and_that_it_is_off(tmp_path: Path) -> None:
    async with commanding(tmp_path) as (commands, opened):
        assert (await commands.memory(message("?"), "")).text.startswith("I remember no facts in this channel.")
        await opened.channels.set(message("?").conversation, "memory", "off", message("?").author)
        assert (await commands.memory(message("?"), "")).text.startswith("Memory is switched off in this channel")


async def test_its_author_edits_and_deletes_a_fact(tmp_path: Path) -> None:
    async with commanding(tmp_path) as (commands, opened):
        number = await remembered(opened, "The standup is at nine.")
        edited = await commands.memory(message("?"), f" EDIT {number}  The standup is at ten. ")
        assert edited.text == f"Fact {number} now says: The standup is at ten."
        deleted = await commands.memory(message("?"), f"delete {number}")
        assert deleted.text == f"Forgotten: fact {number}, The standup is at ten."
        assert "no facts" in (await commands.memory(message("?"), "")).text


async def test_somebody_else_changes_nothing_and_an_admin_does(tmp_path: Path) -> None:
    ben = message("?", author="U2")
    async with commanding(tmp_path) as (commands, opened):
        number = await remembered(opened, "It is so.")
        with pytest.raises(UserError, match="Only Ana, who said it, or an admin"):
            await commands.memory(ben, f"delete {number}")
        boss = replace(ben, author=replace(ben.author, roles=frozenset({ADMIN})))
        assert "Forgotten" in (await commands.memory(boss, f"delete {number}")).text


async def test_a_fact_of_another_audience_cannot_be_reached_by_its_number(tmp_path: Path) -> None:
    private = replace(message("?"), audience=Audience(scope="channel", id="test/W/C1"))
    async with commanding(tmp_path) as (commands, opened):
        number = await remembered(opened, "It is a secret.", private)
        assert "secret" not in (await commands.memory(message("?"), "")).text
        for rest in (f"edit {number} no", f"delete {number}"):
            with pytest.raises(UserError, match=f"There is no fact {number} here"):
                await commands.memory(message("?"), rest)


@pytest.mark.parametrize("rest", ["edit", "edit 1", "edit one two", "delete", "delete 1 2", "delete all", "nonsense"])
async def test_what_makes_no_sense_is_answered_with_what_can_be_said(tmp_path: Path, rest: str) -> None:
    async with commanding(tmp_path) as (commands, _):
        with pytest.raises(
            UserError,
            match="Say `/steward memory` or `/steward memory edit NUMBER TEXT` or `/steward memory delete NUMBER`",
        ):
            await commands.memory(message("?"), rest)


def at(account: str, text: str = "?") -> Message:
    """Something said directly with an account."""
    platform, _, person = account.partition("/")
    return replace(
        message(text),
        conversation=Conversation(platform=platform, workspace="W", channel=f"D{person}"),
        audience=Audience(scope="person", id=account),
        author=Person(id=person, name="Ada"),
    )


async def test_a_link_makes_data_and_usage_of_two_accounts_one(tmp_path: Path) -> None:
    answers = [Answer(text="Fine.", usage=Usage(input=number, output=1)) for number in (30, 40)]
    async with commanding(tmp_path, *answers) as (commands, opened):
        here, there = message("a question", author="U1"), at("test/7")
        await opened.answer(here, message("another", author="U2"))
        told = (await IdentityCommands(opened.keeper.identity).link(here, "")).text
        code = told.partition("/steward link ")[2].partition("`")[0]
        assert "to nobody" in told
        assert (await IdentityCommands(opened.keeper.identity).link(there, code)).text.startswith(
            "You are the same person as `test/U1` to me from now on."
        )
        both = await opened.keeper.identity.accounts(there.account)
        assert (await Usages(opened.store).this_month(both)).usage.input == 30
        number = await remembered(opened, "It is so.", here)
        in_channel = replace(there, conversation=here.conversation, audience=here.audience)
        assert "Forgotten" in (await commands.memory(in_channel, f"delete {number}")).text, "it is that person's too"
        assert (
            await IdentityCommands(opened.keeper.identity).unlink(here, "")
        ).text == "No longer linked with `test/7`."
        assert (
            await IdentityCommands(opened.keeper.identity).unlink(here, "")
        ).text == "This account is not linked with another one."
        assert await opened.keeper.identity.accounts(there.account) == {there.account}


async def test_a_wrong_code_is_refused(tmp_path: Path) -> None:
    async with commanding(tmp_path) as (_, opened):
        with pytest.raises(UserError, match="ask for a new one there with `link`"):
            await IdentityCommands(opened.keeper.identity).link(at(SLACK), "ABCD-EFGH")


async def test_forget_me_erases_what_all_accounts_of_a_person_said(tmp_path: Path) -> None:
    async with commanding(tmp_path, says("Fine."), says("Fine."), says("Well?")) as (commands, opened):
        identity = opened.keeper.identity
        here = message("my code name is Walrus")
        await opened.answer(here, message("mine is Otter", author="U2"))
        await identity.link(here, await identity.code(at("discord/1")))
        await remembered(opened, "Ada likes tea.", at("discord/1"))
        answer = (await commands.forget_me(at("discord/1"), "")).text
        assert answer.startswith(
            "Everything I kept about you is erased: 1 turn, 0 files, 1 fact and 2 linked accounts."
        )
        await opened.answer(message("what are our code names?", author="U2"))
        assert "Walrus" not in opened.model.asked[-1].text
        assert "Otter" in opened.model.asked[-1].text


async def test_forget_erases_the_channel_for_everybody(tmp_path: Path) -> None:
    async with commanding(tmp_path, says("Fine."), says("Well?")) as (commands, opened):
        await opened.answer(message("my code name is Walrus"))
        await remembered(opened, "We ship on Fridays.")
        told = (await commands.forget(message("?", author="U2"), "")).text
        assert told.startswith("Forgotten in this channel: 1 turn, 0 files and 1 fact.")
        await opened.answer(message("what is my code name?"))
        assert len(opened.model.asked[-1].items) == 1
