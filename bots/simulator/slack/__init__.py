"""A local Slack that speaks the real protocol; see `bots.simulator.slack.simulator`."""

from bots.simulator.slack.faults import Fault
from bots.simulator.slack.simulator import SCOPES, SlackSimulator

__all__ = ["SCOPES", "Fault", "SlackSimulator"]
