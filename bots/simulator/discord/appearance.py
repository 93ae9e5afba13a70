"""What people see of a message."""

from bots.simulator.discord.components import controls
from bots.simulator.discord.links import links, previews
from bots.simulator.discord.world import SUPPRESS_EMBEDS, Message
from bots.simulator.transcript import Shown, ShownFile


def shown(message: Message) -> Shown:
    """Show a new message; one in a thread belongs to the channel that the thread hangs on."""
    place = message.channel
    fresh = Shown(
        id=message.id,
        channel=place.parent_id if place.is_thread and place.parent_id else place.id,
        thread=place.id if place.is_thread else None,
        author=message.author.id,
        text=message.content,
        to=message.to,
    )
    refresh(fresh, message)
    return fresh


def refresh(seen: Shown, message: Message) -> None:
    """Let people see a message as it is now."""
    seen.text = message.content
    seen.files = [
        ShownFile(name=file.name, media_type=file.media_type, content=file.content, alt=file.description or "")
        for file in message.files
    ]
    seen.controls = controls(message.components)
    seen.links = _both(seen.links, links(message.content))
    seen.previews = _both(seen.previews, [] if message.flags & SUPPRESS_EMBEDS else previews(message.content))
    seen.pings = _both(seen.pings, message.pings)


def _both(before: list[str], now: list[str]) -> list[str]:
    return list(dict.fromkeys([*before, *now]))
