"""A local Discord that speaks the real protocol; see `DiscordSimulator`."""

from bots.simulator.discord.faults import Fault
from bots.simulator.discord.interactions import Interaction
from bots.simulator.discord.simulator import DiscordSimulator
from bots.simulator.discord.world import Channel, Message, User

__all__ = ["Channel", "DiscordSimulator", "Fault", "Interaction", "Message", "User"]
