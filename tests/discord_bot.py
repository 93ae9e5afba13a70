"""A client of discord.py that keeps what it gets, for tests of the simulated Discord."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import JsonValue

from bots.simulator.discord import DiscordSimulator
from core.messages import JsonObject

QUESTION: JsonObject = {"type": 3, "name": "question", "description": "What to ask", "required": True}
STEWARD: JsonObject = {
    "name": "steward",
    "description": "Talk to the assistant",
    "options": [
        {"type": 1, "name": "ask", "description": "Ask", "options": [QUESTION]},
        {"type": 1, "name": "help", "description": "Get help"},
    ],
}


class Bot(discord.Client):
    """A client that keeps what it gets."""

    def __init__(self, intents: discord.Intents, *, heartbeat_timeout: float = 60.0) -> None:
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            heartbeat_timeout=heartbeat_timeout,
            enable_debug_events=True,
        )
        self.seen: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.used: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.events: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once, where the library would wait for five seconds."""

    async def on_socket_raw_receive(self, text: str) -> None:
        frame = json.loads(text)
        if frame["t"] is not None:
            self.events.put_nowait((frame["t"], frame["d"]))

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.seen.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.used.put_nowait(interaction)

    async def next_message(self) -> discord.Message:
        return await asyncio.wait_for(self.seen.get(), 5)

    async def next_event(self, name: str) -> JsonObject:
        async with asyncio.timeout(5):
            while (event := await self.events.get())[0] != name:
                pass
        return event[1]

    async def next_interaction(self) -> discord.Interaction:
        return await asyncio.wait_for(self.used.get(), 5)


@contextlib.asynccontextmanager
async def connected(
    simulator: DiscordSimulator, *, message_content: bool = False, heartbeat_timeout: float = 60.0
) -> AsyncIterator[Bot]:
    Route.BASE = simulator.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(simulator.gateway_url)
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=message_content)
    async with Bot(intents, heartbeat_timeout=heartbeat_timeout) as bot:
        running = asyncio.create_task(bot.start(simulator.token))
        try:
            await simulator.connected()
            yield bot
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def register(bot: discord.Client, *commands: JsonObject) -> list[JsonObject]:
    route = Route("PUT", "/applications/{application_id}/commands", application_id=bot.application_id)
    found: list[JsonObject] = await bot.http.request(route, json=list(commands))
    return found


def room(bot: Bot, channel_id: str) -> discord.PartialMessageable:
    return bot.get_partial_messageable(int(channel_id))


async def request(bot: discord.Client, method: str, path: str, json: JsonValue = None) -> JsonObject:
    """Call the API as it is, with the library's token, limits and errors."""
    found: JsonObject = await bot.http.request(Route(method, path), json=json)
    return found
