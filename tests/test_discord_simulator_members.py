"""Servers, members, roles and overwrites of the simulated Discord, as discord.py understands them."""

from collections.abc import AsyncIterator

import discord
import pytest

from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.world import (
    ADMINISTRATOR,
    IS_GUEST,
    MANAGE_GUILD,
    READ_MESSAGE_HISTORY,
    VIEW_CHANNEL,
    Channel,
)
from core.messages import JsonObject
from tests.discord_bot import Bot, connected, register, request
from tests.waiting import until


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


async def server(bot: Bot, guild_id: str) -> discord.Guild:
    """Return a server once it was described."""
    await until(lambda: (known := bot.get_guild(int(guild_id))) and not known.unavailable)
    found = bot.get_guild(int(guild_id))
    assert found is not None
    return found


def as_seen(bot: Bot, channel: Channel) -> discord.TextChannel:
    found = bot.get_channel(int(channel.id))
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_member_has_the_roles_of_the_server_that_is_asked(simulator: DiscordSimulator) -> None:
    ada, other = simulator.person("Ada"), simulator.add_server("Other", bot=True)
    here, there = simulator.role("here", ada), simulator.role("there", ada, server=other)
    simulator.join(ada, other)
    async with connected(simulator) as bot:
        member, elsewhere = [
            await (await server(bot, guild_id)).fetch_member(int(ada.id))
            for guild_id in (simulator.world.guild_id, other.id)
        ]
    assert [str(role.id) for role in member.roles] == [simulator.world.guild_id, here.id]
    assert [str(role.id) for role in elsewhere.roles] == [other.id, there.id]


async def test_a_guest_of_a_voice_channel_is_marked(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    ada.flags = IS_GUEST
    async with connected(simulator) as bot:
        member = await (await server(bot, simulator.world.guild_id)).fetch_member(int(ada.id))
    assert member.flags.guest


@pytest.mark.parametrize(
    ("place", "status", "code"), [("left", 404, 10007), ("unknown", 404, 10004), ("without the bot", 403, 50001)]
)
async def test_who_is_no_member_or_where_the_bot_is_none_is_refused(
    simulator: DiscordSimulator, place: str, status: int, code: int
) -> None:
    ada, other = simulator.person("Ada"), simulator.add_server("Other")
    simulator.leave(ada)
    guild_id = {"left": simulator.world.guild_id, "unknown": "1", "without the bot": other.id}[place]
    async with connected(simulator) as bot:
        with pytest.raises(discord.HTTPException) as caught:
            await request(bot, "GET", f"/guilds/{guild_id}/members/{ada.id}")
    assert (caught.value.status, caught.value.code) == (status, code)


async def test_overwrites_are_told_as_they_change(simulator: DiscordSimulator) -> None:
    ada, ben = simulator.person("Ada"), simulator.person("Ben")
    staff, closed = simulator.role("staff", ada), simulator.channel("closed", private=True)
    await simulator.permit(closed, staff, allow=VIEW_CHANNEL)
    async with connected(simulator) as bot:
        await server(bot, simulator.world.guild_id)
        place, people = as_seen(bot, closed), {}
        for person in (ada, ben):
            people[person.id] = await place.guild.fetch_member(int(person.id))
        assert [place.permissions_for(each).view_channel for each in people.values()] == [True, False]
        await simulator.permit(closed, ben, allow=VIEW_CHANNEL)
        await until(lambda: all(place.permissions_for(each).view_channel for each in people.values()))


async def test_a_voice_channel_is_one(simulator: DiscordSimulator) -> None:
    talk = simulator.channel("talk", voice=True)
    async with connected(simulator) as bot:
        await server(bot, simulator.world.guild_id)
        assert isinstance(bot.get_channel(int(talk.id)), discord.VoiceChannel)


async def test_a_server_that_puts_the_bot_out_is_gone(simulator: DiscordSimulator) -> None:
    other = simulator.add_server("Other", bot=True)
    inside = simulator.channel("inside", server=other)
    async with connected(simulator) as bot:
        await server(bot, other.id)
        await simulator.remove_bot(other)
        assert await bot.next_event("GUILD_DELETE") == {"id": other.id}
        with pytest.raises(discord.Forbidden):
            await request(bot, "GET", f"/channels/{inside.id}")


async def permissions_of(bot: Bot, simulator: DiscordSimulator, place: Channel, name: str) -> int:
    """Let one of the people use a command, and return what the bot is told of them."""
    person = next(user for user in simulator.world.users.values() if user.name == name)
    await simulator.command(place, person, "help")
    member = (await bot.next_event("INTERACTION_CREATE"))["member"]
    assert isinstance(member, dict)
    return int(str(member["permissions"]))


HELP: JsonObject = {
    "name": "steward",
    "description": "Talk to the assistant",
    "options": [{"type": 1, "name": "help", "description": "Get help"}],
}


async def test_an_interaction_tells_what_its_user_may_do(simulator: DiscordSimulator) -> None:
    ada, ben = simulator.person("Ada"), simulator.person("Ben")
    simulator.person("Cleo")
    simulator.role("managers", ada, permissions=MANAGE_GUILD)
    simulator.role("admins", ben, permissions=ADMINISTRATOR)
    general = simulator.channel("general")
    await simulator.permit(general, simulator.world.everyone, deny=READ_MESSAGE_HISTORY)
    async with connected(simulator) as bot:
        await register(bot, HELP)
        told = {name: await permissions_of(bot, simulator, general, name) for name in ("owner", "Ada", "Ben", "Cleo")}
    runs = {name: bool(may & ADMINISTRATOR) + 2 * bool(may & MANAGE_GUILD) for name, may in told.items()}
    assert runs == {"owner": 3, "Ada": 2, "Ben": 3, "Cleo": 0}
    assert {name: bool(may & READ_MESSAGE_HISTORY) for name, may in told.items()} == {
        "owner": True,
        "Ada": False,
        "Ben": True,
        "Cleo": False,
    }


async def test_files_for_one_person_are_kept_for_a_while_only(simulator: DiscordSimulator) -> None:
    ada, general = simulator.person("Ada"), simulator.channel("general")
    async with connected(simulator) as bot:
        await register(bot, HELP)
        used = await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        await interaction.response.defer(ephemeral=True)
        shown = await interaction.edit_original_response(content="Here.", attachments=[discord.File(__file__)])
    assert [file.ephemeral for file in shown.attachments] == [True]
    assert used.original is not None
    assert used.original.to == ada.id
    [seen] = simulator.transcript.messages
    assert (seen.to, [file.name for file in seen.files]) == (ada.id, ["test_discord_simulator_members.py"])
