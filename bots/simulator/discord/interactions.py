"""What people do with commands, buttons, menus and forms, and how the bot is told of it.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bots.simulator.discord import payloads
from bots.simulator.discord.board import Board
from bots.simulator.discord.components import BUTTON
from bots.simulator.discord.forms import Form
from bots.simulator.discord.gateway import Gateway
from bots.simulator.discord.permissions import permissions
from bots.simulator.discord.world import (
    ATTACH_FILES,
    DIRECT,
    EMBED_LINKS,
    MENTION_EVERYONE,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    USE_EXTERNAL_EMOJIS,
    VIEW_CHANNEL,
    Channel,
    Message,
    User,
    World,
)
from bots.simulator.transcript import Transcript
from core.messages import JsonObject

COMMAND, COMPONENT, SUBMISSION = 2, 3, 5
"""https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type"""

IN_SERVER, WITH_BOT, PRIVATE = 0, 1, 2
"""https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-context-types"""

TOKEN_SECONDS = 15 * 60
FAILED = "This interaction failed"
_AMONG_PEOPLE = ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One use of a command, control or form, and what came of it.

    Attributes:
        kind: the type that the bot was told.
        data: what was used and chosen.
        message: the one under which the control stands, also of a form that a control opened.
        response: the callback's type once there was one.
        original: the message that answers it, or that it changes.
        form: the form that the callback opened.
        follow_ups: how many further messages answered it.
        failed: nothing answered it in time, which Discord tells the person.
    """

    id: str
    token: str
    kind: int
    channel: Channel
    user: User
    created: float
    data: JsonObject = field(default_factory=dict)
    message: Message | None = None
    response: int | None = None
    original: Message | None = None
    form: Form | None = None
    follow_ups: int = 0
    failed: bool = False


class Interactions:
    """All interactions; `by_id` are those there were.

    Args:
        deadline: seconds in which one has to be answered or deferred.
    """

    def __init__(
        self, world: World, gateway: Gateway, board: Board, transcript: Transcript, *, deadline: float
    ) -> None:
        self.by_id: dict[str, Interaction] = {}
        self._world = world
        self._gateway = gateway
        self._board = board
        self._transcript = transcript
        self._deadline = deadline
        self._waiting: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    async def begin(
        self, kind: int, channel: Channel, user: User, data: JsonObject, message: Message | None = None
    ) -> Interaction:
        """Tell the bot that somebody used something; after the deadline the person is told that it failed."""
        interaction = Interaction(
            id=self._world.new_id(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            channel=channel,
            user=user,
            created=self._world.clock.now(),
            data=data,
            message=message,
        )
        self.by_id[interaction.id] = interaction
        expiring = asyncio.create_task(self._expire(interaction))
        self._waiting.add(expiring)
        expiring.add_done_callback(self._waiting.discard)
        await self._gateway.dispatch("INTERACTION_CREATE", self._payload(interaction))
        return interaction

    async def close(self) -> None:
        """Wait for no deadline any more."""
        for task in [*self._waiting]:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def is_late(self, interaction: Interaction) -> bool:
        """Tell whether the deadline has passed."""
        return self._world.clock.now() - interaction.created > self._deadline

    async def fail(self, interaction: Interaction) -> None:
        """Tell the person that nothing answered in time."""
        if interaction.failed or interaction.response is not None:
            return
        interaction.failed = True
        seen = self._transcript.find(interaction.message.id) if interaction.message else None
        if seen is not None:
            seen.warnings.append(FAILED)
        await self._transcript.changed()
        await self.changed()

    async def changed(self) -> None:
        """Wake whoever waits for an interaction."""
        async with self._changed:
            self._changed.notify_all()

    async def wait(self, wanted: Callable[[], object], *, timeout: float) -> None:
        """Wait until something is true of an interaction.

        Raises:
            TimeoutError: it was not in time.
        """
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(wanted)

    def owners(self, of: Interaction) -> JsonObject:
        """Name who installed the bot: the server, the person who uses it, or who used it to make the message."""
        origin = self.by_id.get((of.message and of.message.interaction) or "", of)
        owners: JsonObject = {}
        if not of.channel.foreign:
            owners["0"] = of.channel.guild_id or "0"
        if of.channel.foreign or origin.user.id in self._world.installed:
            owners["1"] = origin.user.id
        return owners

    async def _expire(self, interaction: Interaction) -> None:
        await asyncio.sleep(self._deadline)
        await self.fail(interaction)

    def _payload(self, of: Interaction) -> JsonObject:
        shown: JsonObject = {
            "id": of.id,
            "application_id": self._world.application_id,
            "type": of.kind,
            "data": of.data,
            "channel_id": of.channel.id,
            "channel": payloads.channel(of.channel, self._world),
            "token": of.token,
            "version": 1,
            "app_permissions": str(_permissions(of.channel)),
            "locale": "en-US",
            "entitlements": [],
            "context": context(of.channel),
            "authorizing_integration_owners": self.owners(of),
            "attachment_size_limit": self._board.file_limit,
        }
        if of.message is not None:
            shown["message"] = self._board.show_whole(of.message)
        guild_id = of.channel.guild_id
        if guild_id is None:
            return shown | {"user": payloads.user(of.user)}
        # who uses something in a channel can see it, also where no test has said so
        may = str(permissions(of.user, of.channel, self._world) | VIEW_CHANNEL | SEND_MESSAGES)
        member = payloads.member(of.user, guild_id, self._world)
        return shown | {
            "member": member | {"user": payloads.user(of.user), "permissions": may},
            "guild_id": guild_id,
            "guild": {"id": guild_id, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
        }


def context(channel: Channel) -> int:
    """Tell what kind of place a channel is to an interaction."""
    if channel.guild_id is not None:
        return IN_SERVER
    return PRIVATE if channel.foreign else WITH_BOT


def pressed(part: JsonObject, values: tuple[str, ...]) -> JsonObject:
    """Describe that somebody used a button or menu.

    Raises:
        ValueError: Discord's client would not have let them.
    """
    if part.get("disabled"):
        raise ValueError("the control is disabled")
    data: JsonObject = {"id": 1, "custom_id": part.get("custom_id"), "component_type": part.get("type")}
    if part.get("type") == BUTTON:
        if values or "custom_id" not in part:
            raise ValueError("a button takes no values, and one with an address tells the bot nothing")
        return data
    options = part.get("options")
    known = [each.get("value") for each in options if isinstance(each, dict)] if isinstance(options, list) else None
    if not values or (known is not None and not set(values) <= set(known)):
        raise ValueError(f"the menu has the choices {known}")
    least, most = part.get("min_values", 1), part.get("max_values", 1)
    if isinstance(least, int) and isinstance(most, int) and not least <= len(values) <= most:
        raise ValueError(f"the menu takes {least} to {most} values")
    return data | {"values": [*values]}


def _permissions(channel: Channel) -> int:
    if channel.guild_id is None:
        return _AMONG_PEOPLE | (USE_EXTERNAL_EMOJIS if channel.type == DIRECT and not channel.foreign else 0)
    if channel.foreign:
        return ATTACH_FILES | EMBED_LINKS | USE_EXTERNAL_EMOJIS
    return VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY | ATTACH_FILES | EMBED_LINKS
