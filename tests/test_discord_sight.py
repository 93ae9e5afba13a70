"""Who sees what in Discord: the real discord.py against the simulated server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.discord import sight
from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.world import (
    ADMINISTRATOR,
    CONNECT,
    IS_GUEST,
    MANAGE_GUILD,
    READ_MESSAGE_HISTORY,
    VIEW_CHANNEL,
    Channel,
    Server,
    User,
)
from core.messages import ADMIN, Audience, Conversation, Message
from tests.discord_team import Steward, asked, listening, made
from tests.waiting import until

MEMBER = "/guilds/{guild_id}/members/{user_id}"
READ = VIEW_CHANNEL | READ_MESSAGE_HISTORY


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


def workspace(simulator: DiscordSimulator, server: Server | None = None) -> Audience:
    return Audience(scope="workspace", id=f"discord/{server.id if server else simulator.world.guild_id}")


def channel(place: Channel) -> Audience:
    return Audience(scope="channel", id=f"discord/{place.id}")


async def told(simulator: DiscordSimulator, heard: Steward, place: Channel) -> Message:
    """Return a message of somebody who can do nothing special."""
    await simulator.mention(place, simulator.person("Zoe"), "hello")
    return await heard.heard()


async def sees(simulator: DiscordSimulator, heard: Steward, person: User) -> frozenset[Audience]:
    """Return what somebody sees who writes a direct message."""
    await simulator.dm(person, "hello")
    return await heard.platform.sees(await heard.heard())


async def test_only_a_channel_that_is_closed_to_nobody_is_public(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    role, everyone = simulator.role("muted", ada), simulator.world.everyone
    names = ("open", "closed", "without a role", "without Ada", "without connecting", "for more", "silent")
    places = {name: simulator.channel(name, private=name == "closed") for name in names}
    voices = {name: simulator.channel(name, voice=True) for name in ("voice", "voice without a role")}
    await simulator.permit(places["without a role"], role, deny=VIEW_CHANNEL)
    await simulator.permit(places["without Ada"], ada, deny=VIEW_CHANNEL)
    await simulator.permit(places["without connecting"], role, deny=CONNECT)
    await simulator.permit(places["for more"], role, allow=VIEW_CHANNEL)
    await simulator.permit(places["silent"], everyone, deny=READ_MESSAGE_HISTORY)
    await simulator.permit(voices["voice without a role"], role, deny=CONNECT)
    threads = {f"thread: {name}": simulator.thread(place, name) for name, place in places.items()}
    found = set()
    async with listening(simulator) as heard:
        for name, place in (places | voices | threads).items():
            message = await told(simulator, heard, place)
            if message.audience == workspace(simulator):
                found.add(name)
            else:
                assert message.audience == channel(place if not place.is_thread else places[place.name]), name
    public = {"open", "without connecting", "for more", "silent"}
    assert found == public | {f"thread: {name}" for name in public} | {"voice"}


async def test_the_owner_and_who_manages_the_server_are_admins(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    people = {name: simulator.person(name) for name in ("manager", "administrator", "moderator", "nobody")}
    simulator.role("manager", people["manager"], permissions=MANAGE_GUILD)
    simulator.role("administrator", people["administrator"], permissions=ADMINISTRATOR)
    simulator.role("moderator", people["moderator"], permissions=1 << 13)
    async with listening(simulator) as heard:
        admins = set()
        for name, person in {**people, "owner": simulator.world.owner}.items():
            await simulator.mention(general, person, "hello")
            said = await heard.heard()
            await simulator.command(general, person, "ask", {"question": "why?"})
            used = await heard.heard()
            assert said.author.roles == used.author.roles, f"{name} is another person by a command"
            admins |= {name} if ADMIN in said.author.roles else set()
    assert admins == {"manager", "administrator", "owner"}


async def test_who_reads_in_a_server_sees_what_is_public_there(simulator: DiscordSimulator) -> None:
    general, secret = simulator.channel("general"), simulator.channel("secret", private=True)
    thread = simulator.thread(general, "more")
    simulator.channel("other", private=True)
    async with listening(simulator) as heard:
        assert await heard.platform.sees(await told(simulator, heard, general)) == {workspace(simulator)}
        assert await heard.platform.sees(await told(simulator, heard, thread)) == {workspace(simulator)}
        private = await heard.platform.sees(await told(simulator, heard, secret))
        assert private == {workspace(simulator), channel(secret)}
        assert asked(simulator, "GET", "members") == 0, "nobody need be asked"


async def test_who_is_in_a_private_thread_sees_the_channel_it_hangs_on(simulator: DiscordSimulator) -> None:
    general, secret = simulator.channel("general"), simulator.channel("secret", private=True)
    inside, outside = (
        simulator.thread(secret, "inside", private=True),
        simulator.thread(general, "outside", private=True),
    )
    async with listening(simulator) as heard:
        message = await told(simulator, heard, inside)
        assert message.audience == channel(inside)
        assert await heard.platform.sees(message) == {workspace(simulator), channel(secret)}
        assert await heard.platform.sees(await told(simulator, heard, outside)) == {workspace(simulator)}


async def test_who_reads_in_a_voice_channel_may_be_a_guest(simulator: DiscordSimulator) -> None:
    talk = simulator.channel("talk", voice=True)
    async with listening(simulator) as heard:
        assert await heard.platform.sees(await told(simulator, heard, talk)) == set()


async def test_nothing_is_known_where_the_bot_is_no_member(simulator: DiscordSimulator) -> None:
    ada, ben, cleo = simulator.person("Ada"), simulator.person("Ben"), simulator.person("Cleo")
    simulator.install(ada)
    lobby = simulator.channel("lobby", server=simulator.add_server("Elsewhere", owner=ada))
    async with listening(simulator) as heard:
        for place in (lobby, simulator.between(ada, ben), simulator.between(ada, ben, cleo)):
            await simulator.command(place, ada, "ask", {"question": "why?"})
            message = await heard.heard()
            assert message.audience == channel(place)
            assert ADMIN not in message.author.roles
            assert await heard.platform.sees(message) == set()


async def test_nothing_is_known_once_the_server_has_put_the_bot_out(simulator: DiscordSimulator) -> None:
    other, ada = simulator.add_server("Other", bot=True), simulator.person("Ada")
    simulator.join(ada, other)
    lobby = simulator.channel("lobby", server=other)
    async with listening(simulator, Steward(platform=made(simulator, sees_for=0))) as heard:
        message = await told(simulator, heard, lobby)
        assert await heard.platform.sees(message) == {workspace(simulator, other)}
        await simulator.remove_bot(other)
        assert workspace(simulator, other) not in await sees(simulator, heard, ada)
        assert await heard.platform.sees(message) == set()


async def test_in_a_direct_message_a_person_sees_its_servers_and_private_channels(simulator: DiscordSimulator) -> None:
    ada, ben, cleo = simulator.person("Ada"), simulator.person("Ben"), simulator.person("Cleo")
    other, third = simulator.add_server("Other", bot=True), simulator.add_server("Third", bot=True)
    simulator.join(ada, other)
    simulator.join(cleo, third)
    simulator.channel("general")
    staff = simulator.role("staff", ada)
    by_role, by_name = simulator.channel("by-role", private=True), simulator.channel("by-name", private=True)
    blind, elsewhere = simulator.channel("blind", private=True), simulator.channel("there", private=True, server=other)
    partly = simulator.channel("partly")
    simulator.thread(by_role, "inside", private=True)
    await simulator.permit(by_role, staff, allow=READ)
    await simulator.permit(by_name, ben, allow=READ)
    await simulator.permit(blind, ada, allow=VIEW_CHANNEL, deny=READ_MESSAGE_HISTORY)
    await simulator.permit(elsewhere, simulator.role("team", ada, server=other), allow=READ)
    await simulator.permit(partly, staff, deny=VIEW_CHANNEL)
    here = workspace(simulator)
    async with listening(simulator) as heard:
        assert await sees(simulator, heard, ada) == {
            here,
            workspace(simulator, other),
            channel(by_role),
            channel(elsewhere),
        }
        assert await sees(simulator, heard, ben) == {here, channel(by_name), channel(partly)}
        assert await sees(simulator, heard, cleo) == {here, workspace(simulator, third), channel(partly)}


async def test_who_runs_a_server_sees_all_of_it(simulator: DiscordSimulator) -> None:
    secret, owner, ada = simulator.channel("secret", private=True), simulator.world.owner, simulator.person("Ada")
    simulator.role("admin", ada, permissions=ADMINISTRATOR)
    async with listening(simulator) as heard:
        for person in (owner, ada):
            assert await sees(simulator, heard, person) == {workspace(simulator), channel(secret)}, person.name


async def test_a_guest_of_a_voice_channel_is_no_member(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    ada.flags = IS_GUEST
    async with listening(simulator) as heard:
        assert await sees(simulator, heard, ada) == set()


async def test_a_private_voice_channel_is_seen_by_who_may_connect(simulator: DiscordSimulator) -> None:
    ada, ben = simulator.person("Ada"), simulator.person("Ben")
    talk = simulator.channel("talk", voice=True, private=True)
    await simulator.permit(talk, ada, allow=VIEW_CHANNEL)
    await simulator.permit(talk, ben, allow=VIEW_CHANNEL, deny=CONNECT)
    async with listening(simulator) as heard:
        assert channel(talk) in await sees(simulator, heard, ada)
        assert channel(talk) not in await sees(simulator, heard, ben)


async def test_who_left_or_lost_a_role_sees_nothing_of_it_any_more(simulator: DiscordSimulator) -> None:
    ada, secret = simulator.person("Ada"), simulator.channel("secret", private=True)
    staff = simulator.role("staff", ada)
    await simulator.permit(secret, staff, allow=READ)
    async with listening(simulator, Steward(platform=made(simulator, sees_for=0))) as heard:
        assert await sees(simulator, heard, ada) == {workspace(simulator), channel(secret)}
        ada.roles.remove(staff.id)
        assert await sees(simulator, heard, ada) == {workspace(simulator)}
        simulator.leave(ada)
        assert await sees(simulator, heard, ada) == set()


async def test_a_person_is_asked_about_once_in_a_while(simulator: DiscordSimulator) -> None:
    ada, ben = simulator.person("Ada"), simulator.person("Ben")
    held = simulator.faults.hold("GET", MEMBER)
    async with listening(simulator) as heard:
        await simulator.dm(ada, "hello")
        message = await heard.heard()
        together = [asyncio.create_task(heard.platform.sees(message)) for _ in range(3)]
        held.set()
        for seen in await asyncio.gather(*together):
            assert seen == {workspace(simulator)}
        assert await heard.platform.sees(message) == {workspace(simulator)}
        assert asked(simulator, "GET", f"/members/{ada.id}") == 1
        await sees(simulator, heard, ben)
        assert asked(simulator, "GET", f"/members/{ben.id}") == 1, "what one person sees was taken for another's"


async def test_a_server_that_does_not_answer_is_left_out(
    simulator: DiscordSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "_ASK_SECONDS", 0.2)
    ada = simulator.person("Ada")
    held = simulator.faults.hold("GET", MEMBER)
    async with listening(simulator) as heard:
        assert await sees(simulator, heard, ada) == set()
        held.set()


@pytest.mark.parametrize(
    "fault", [Fault(status=403, code=50001, message="Missing Access"), Fault(status=401), Fault(status=200)]
)
async def test_a_server_that_refuses_or_answers_nonsense_is_left_out_for_now(
    simulator: DiscordSimulator, fault: Fault
) -> None:
    ada = simulator.person("Ada")
    simulator.faults.add("GET", MEMBER, fault)
    async with listening(simulator, Steward(platform=made(simulator, sees_for=0))) as heard:
        assert await sees(simulator, heard, ada) == set()
        assert await sees(simulator, heard, ada) == {workspace(simulator)}


async def test_only_so_many_servers_are_asked(simulator: DiscordSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "MOST_SERVERS", 1)
    ada, other = simulator.person("Ada"), simulator.add_server("Other", bot=True)
    simulator.join(ada, other)
    async with listening(simulator) as heard:
        assert await sees(simulator, heard, ada) == {workspace(simulator)}


async def test_nothing_is_known_without_a_connection(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as heard:
        message = await told(simulator, heard, general)
    assert await heard.platform.sees(message) == set()


def closed(steward: Steward, place: Channel) -> bool:
    """Tell whether a channel is handed over as its members' own."""
    conversation = Conversation(platform="discord", workspace=str(place.guild_id), channel=place.id)
    return (conversation, channel(place)) in steward.closings


async def test_a_channel_that_is_made_private_is_its_members_own(simulator: DiscordSimulator) -> None:
    general, other = simulator.channel("general"), simulator.channel("other")
    async with listening(simulator) as steward:
        await simulator.permit(general, simulator.world.everyone, deny=VIEW_CHANNEL)
        await until(lambda: closed(steward, general))
        assert not closed(steward, other)


async def test_channels_that_only_some_roles_see_are_their_members_own(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with listening(simulator) as steward:
        await simulator.allow(simulator.world.everyone, 0)
        await until(lambda: closed(steward, general))


async def test_a_channel_that_was_made_private_while_offline_is_its_members_own(simulator: DiscordSimulator) -> None:
    general, other = simulator.channel("general", private=True), simulator.channel("other")
    async with listening(simulator) as steward:
        await until(lambda: closed(steward, general))
        assert not closed(steward, other)
