"""A page on which a person uses a simulated platform with a browser."""

from bots.simulator.page.discord_stage import DiscordStage
from bots.simulator.page.server import PageServer
from bots.simulator.page.slack_stage import SlackStage
from bots.simulator.page.stage import Stage

__all__ = ["DiscordStage", "PageServer", "SlackStage", "Stage"]
