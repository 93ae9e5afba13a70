"""Places in a simulated Slack and a simulated Discord at once, of each of which it is known who can see it.

Who may read what is worked out here from the people alone, and by nothing of Steward's.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from bots.simulator.discord import DiscordSimulator
from bots.simulator.discord.world import Channel as DiscordChannel
from bots.simulator.discord.world import User as DiscordUser
from bots.simulator.slack import SlackSimulator
from bots.simulator.transcript import ShownFile

Kind: TypeAlias = Literal["public", "private", "direct"]

MEMBERS: Final = ("U1", "U2", "U3")
GUEST: Final = "U4"
STRANGER: Final = "U5"
"""People in Slack: full members, a guest, and somebody of another workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where people write.

    Attributes:
        name: letters alone; it is part of the words that are planted here.
        seers: everybody who can see what is written here, now and by looking back.
        say: writes something to Steward here, with a file where it is given a content.
    """

    name: str
    platform: str
    kind: Kind
    seers: frozenset[str]
    say: Callable[[str, bytes], Awaitable[object]] = field(repr=False)


def may_reach(source: Place, asked_in: Place) -> bool:
    """Tell whether what was written in one place may be used for an answer in another."""
    if source.name == asked_in.name:
        return True
    if source.platform != asked_in.platform or source.kind == "direct" or not source.seers >= asked_in.seers:
        return False
    return source.kind == "public" or asked_in.kind == "direct"


def in_slack(slack: SlackSimulator, seed: int) -> list[Place]:
    """Make channels with different people in them, and the direct messages of some."""
    chance = random.Random(seed)
    slack.add_user("U3", "Hedy")
    slack.add_user(GUEST, "Gil", restricted=True)
    slack.add_user(STRANGER, "Sue", team="T9")
    places = [_slack_channel(slack, "C1", "slackgeneral", frozenset(MEMBERS))]
    for number, outsiders in enumerate(((), (), (GUEST,), (STRANGER,))):
        private = number == 1 or chance.random() < 0.4
        inside = {"U1", *(person for person in MEMBERS if chance.random() < 0.5), *outsiders}
        channel = slack.add_channel(
            f"C8{number}", f"c{number}", kind="group" if private else "channel", members={*inside, "UBOT"}
        )
        channel.shared = STRANGER in inside
        seers = frozenset(inside) if private else frozenset(MEMBERS) | inside
        places.append(_slack_channel(slack, channel.id, f"slack{'abcd'[number]}", seers, private=private))
    return [*places, *(_slack_direct(slack, person) for person in ("U1", "U2", GUEST))]


def public_in_slack(slack: SlackSimulator) -> tuple[Place, Place]:
    """Make two public channels in which everybody is."""
    everybody = frozenset({"U1", "U2"})
    slack.add_channel("C9", "other", members={*everybody, "UBOT"})
    return _slack_channel(slack, "C1", "slackgeneral", everybody), _slack_channel(slack, "C9", "slackother", everybody)


def in_discord(discord: DiscordSimulator) -> list[Place]:
    """Make a public and a private channel, and the direct messages of two people."""
    ada, bob = discord.person("Ada"), discord.person("Bob")
    everybody = frozenset({ada.id, bob.id})
    return [
        _discord_channel(discord, discord.channel("general"), "discordgeneral", "public", everybody, ada),
        _discord_channel(discord, discord.channel("random"), "discordrandom", "public", everybody, bob),
        _discord_channel(
            discord, discord.channel("staff", private=True), "discordstaff", "private", frozenset({ada.id}), ada
        ),
        _discord_direct(discord, ada),
        _discord_direct(discord, bob),
    ]


def _slack_channel(
    slack: SlackSimulator, channel: str, name: str, seers: frozenset[str], *, private: bool = False
) -> Place:
    async def say(text: str, content: bytes) -> None:
        await slack.mention(channel, "U1", text, files=_files(content))
        await slack.settled()

    kind: Kind = "private" if private else "public"
    return Place(name=name, platform="slack", kind=kind, seers=seers, say=say)


def _slack_direct(slack: SlackSimulator, person: str) -> Place:
    async def say(text: str, content: bytes) -> None:
        await slack.say(person, text, files=_files(content))
        await slack.settled()

    name = f"slackdm{'abcdef'[int(person[1:])]}"
    return Place(name=name, platform="slack", kind="direct", seers=frozenset({person}), say=say)


def _discord_channel(
    discord: DiscordSimulator,
    channel: DiscordChannel,
    name: str,
    kind: Kind,
    seers: frozenset[str],
    speaker: DiscordUser,
) -> Place:
    async def say(text: str, content: bytes) -> None:
        await discord.mention(channel, speaker, text, files=[("notes.txt", content)] if content else [])

    return Place(name=name, platform="discord", kind=kind, seers=seers, say=say)


def _discord_direct(discord: DiscordSimulator, person: DiscordUser) -> Place:
    async def say(text: str, content: bytes) -> None:
        await discord.dm(person, text, files=[("notes.txt", content)] if content else [])

    name = f"discorddm{person.name.lower()}"
    return Place(name=name, platform="discord", kind="direct", seers=frozenset({person.id}), say=say)


def _files(content: bytes) -> Sequence[ShownFile]:
    return [ShownFile(name="notes.txt", media_type="text/plain", content=content, alt="")] if content else []
