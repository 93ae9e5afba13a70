"""Steward in Discord; inside this package `import discord` still means the library."""

from bots.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform"]
