"""Linked accounts: by a code that is good once, for some minutes, and not for the account that asked for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.identity import TRIES, Identity
from core.messages import Audience, Conversation, Message, Person
from core.store import Store, open_store

SLACK = Conversation(platform="slack", workspace="T1", channel="D1")


def used_by(account: str) -> Message:
    """A command that somebody used."""
    platform, _, person = account.partition("/")
    return Message(
        id=f"{account}/1",
        conversation=replace(SLACK, platform=platform),
        audience=Audience(scope="person", id=account),
        author=Person(id=person, name=f"Ada on {platform}"),
        text="link",
    )


ADA, ADA_TOO, ADA_THREE = "slack/U1", "discord/1", "terminal/ada"
EVE = "discord/666"


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Identity, Store]]:
    store = await open_store(folder / "steward.db")
    try:
        yield Identity(store), store
    finally:
        await store.close()


async def link(identity: Identity, first: str, second: str) -> None:
    assert await identity.link(used_by(second), await identity.code(used_by(first))) == first


async def persons(identity: Identity, *accounts: str) -> list[set[str]]:
    """The accounts of each account's person."""
    return [set(await identity.accounts(account)) for account in accounts]


async def test_an_account_alone_is_a_person(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        assert await persons(identity, ADA) == [{ADA}]


async def test_a_code_links_the_account_that_says_it_with_the_one_that_was_given_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        await link(identity, ADA, ADA_TOO)
        assert await persons(identity, ADA, ADA_TOO, EVE) == [{ADA, ADA_TOO}, {ADA, ADA_TOO}, {EVE}]


async def test_a_code_may_be_said_in_small_letters_and_without_the_dash(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        code = await identity.code(used_by(ADA))
        assert await identity.link(used_by(ADA_TOO), f" {code.lower().replace('-', ' ')} ") == ADA


async def test_a_code_is_good_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        code = await identity.code(used_by(ADA))
        await identity.link(used_by(ADA_TOO), code)
        with pytest.raises(UserError, match="it is used or too old"):
            await identity.link(used_by(EVE), code)
        assert await persons(identity, EVE) == [{EVE}]


async def test_of_two_that_say_a_code_at_the_same_time_one_is_taken(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        code = await identity.code(used_by(ADA))
        both = (identity.link(used_by(account), code) for account in (ADA_TOO, EVE))
        results = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(isinstance(result, UserError) for result in results) == [False, True]


async def test_a_newer_code_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        first, second = await identity.code(used_by(ADA)), await identity.code(used_by(ADA))
        with pytest.raises(UserError):
            await identity.link(used_by(ADA_TOO), first)
        assert await identity.link(used_by(ADA_TOO), second) == ADA


async def test_a_code_is_too_old_after_its_lifetime(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, store):
        code = await identity.code(used_by(ADA))
        await store.write("UPDATE codes SET expires_at = expires_at - 601")
        with pytest.raises(UserError, match="too old"):
            await identity.link(used_by(ADA_TOO), code)
        await identity.code(used_by(EVE))
        assert len(await store.fetch("SELECT * FROM codes")) == 1, "and goes with the next"


async def test_the_account_that_was_given_a_code_cannot_say_it_and_it_stays_good(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        code = await identity.code(used_by(ADA))
        with pytest.raises(UserError, match="not one that I gave to your other account"):
            await identity.link(used_by(ADA), code)
        assert await identity.link(used_by(ADA_TOO), code) == ADA


async def test_no_code_is_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, store):
        code = await identity.code(used_by(ADA))
        [row] = await store.fetch("SELECT * FROM codes")
        assert code.replace("-", "") not in str(list(row))


async def test_who_says_too_many_wrong_codes_has_to_wait_also_with_a_right_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        code = await identity.code(used_by(ADA))
        wrong = [identity.link(used_by(EVE), f"WRONG{number}") for number in range(TRIES + 3)]
        said = [str(error) for error in await asyncio.gather(*wrong, return_exceptions=True)]
        assert sum("too many wrong codes" in each for each in said) == 3, "also where they are said at the same time"
        with pytest.raises(UserError, match="too many wrong codes"):
            await identity.link(used_by(EVE), code)
        assert await identity.link(used_by(ADA_TOO), code) == ADA, "others need not wait"


async def test_right_codes_are_no_wrong_tries(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        for number in range(TRIES + 2):
            await link(identity, f"slack/U{number}", ADA_TOO)
        assert len(await identity.accounts(ADA_TOO)) == TRIES + 3


async def test_three_accounts_are_one_person_in_whatever_order_they_are_linked(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        await link(identity, ADA, ADA_TOO)
        await link(identity, ADA_THREE, ADA_TOO)
        assert await persons(identity, ADA, ADA_TOO, ADA_THREE) == [{ADA, ADA_TOO, ADA_THREE}] * 3


async def test_two_persons_who_both_have_links_become_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        await link(identity, ADA, ADA_TOO)
        await link(identity, ADA_THREE, EVE)
        await link(identity, ADA_TOO, EVE)
        assert await persons(identity, ADA, ADA_THREE) == [{ADA, ADA_TOO, ADA_THREE, EVE}] * 2


async def test_unlinking_leaves_the_others_linked(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, store):
        await link(identity, ADA, ADA_TOO)
        await link(identity, ADA, ADA_THREE)
        assert await identity.unlink(ADA) == {ADA_TOO, ADA_THREE}
        assert await persons(identity, ADA, ADA_TOO) == [{ADA}, {ADA_TOO, ADA_THREE}]
        assert await identity.unlink(ADA_TOO) == {ADA_THREE}
        assert await store.fetch("SELECT * FROM accounts") == [], "nothing is kept of a person with one account"
        assert await identity.unlink(ADA_TOO) == frozenset()


async def test_who_was_unlinked_does_not_bring_the_old_ones_along_into_a_new_link(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        await link(identity, ADA, ADA_TOO)
        await link(identity, ADA, ADA_THREE)
        await identity.unlink(ADA)
        await link(identity, ADA, EVE)
        assert await persons(identity, ADA, ADA_TOO) == [{ADA, EVE}, {ADA_TOO, ADA_THREE}]


async def test_links_outlast_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as (identity, _):
        await link(identity, ADA, ADA_TOO)
    async with opened(tmp_path) as (identity, _):
        assert await persons(identity, ADA) == [{ADA, ADA_TOO}]
