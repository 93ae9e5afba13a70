"""Steward in Slack."""

from bots.slack.listen import SlackPlatform

__all__ = ["SlackPlatform"]
