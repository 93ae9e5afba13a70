"""A local Slack that speaks the real protocol; see `bots.simulator.slack.simulator`."""

from bots.simulator.slack.faults import Fault
from bots.simulator.slack.server import EVENTS, SCOPES
from bots.simulator.slack.simulator import SlackSimulator
from bots.simulator.slack.views import View

__all__ = ["EVENTS", "SCOPES", "Fault", "SlackSimulator", "View"]
