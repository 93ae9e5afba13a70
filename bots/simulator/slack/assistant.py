"""What an app shows in a thread beside its messages: a status line, suggestions, a title, the state of its work.

https://docs.slack.dev/reference/methods/assistant.threads.setStatus, setSuggestedPrompts and setTitle, and
https://docs.slack.dev/reference/methods/agents.sessions.setStatus.
"""

from typing import Final

from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError, explained
from bots.simulator.slack.json_parts import objects, text_of
from bots.simulator.slack.world import World
from core.messages import JsonObject

MAX_LOADING_MESSAGES: Final = 10
MAX_PROMPTS: Final = 4
SESSION_STATUSES: Final = ("active", "processing", "suspended", "closed")


async def set_status(world: World, call: Call) -> JsonObject:
    """Show a status line in a thread, "" takes it away."""
    world.need("chat:write", "assistant:write")
    place, status = _place(world, call), call.text("status")
    loading = call.structure("loading_messages")
    if isinstance(loading, list) and len(loading) > MAX_LOADING_MESSAGES:
        raise explained("invalid_arguments", "no more than 10 items allowed [json-pointer:/loading_messages]")
    world.statuses[place] = status
    world.status_history.append(status)
    await world.transcript.changed()
    return {}


async def set_suggested_prompts(world: World, call: Call) -> JsonObject:
    """Offer messages to begin with: in a thread, or of an app with the agent view in the whole direct message."""
    world.need("assistant:write")
    place = _place(world, call) if call.text("thread_ts") else (world.joined_channel(call.text("channel_id")).id, "")
    prompts = objects(call.structure("prompts"))
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise explained("invalid_arguments", f"must be 1 to {MAX_PROMPTS} items [json-pointer:/prompts]")
    if not all(text_of(prompt, "title") and text_of(prompt, "message") for prompt in prompts):
        raise explained("invalid_arguments", "needs a title and a message [json-pointer:/prompts]")
    world.prompts[place] = [(text_of(prompt, "title"), text_of(prompt, "message")) for prompt in prompts]
    await world.transcript.changed()
    return {}


async def set_title(world: World, call: Call) -> JsonObject:
    """Name a thread."""
    world.need("assistant:write")
    world.titles[_place(world, call)] = call.needed("title")
    await world.transcript.changed()
    return {}


async def set_session_status(world: World, call: Call) -> JsonObject:
    """Say whether the bot is at work in a thread."""
    world.need("chat:write")
    place, status = _place(world, call), call.needed("status")
    if status not in SESSION_STATUSES:
        raise explained("invalid_arguments", "unknown status [json-pointer:/status]")
    if len(call.text("title")) > 200:
        raise explained("invalid_arguments", "must be at most 200 characters [json-pointer:/title]")
    world.sessions[place] = status
    await world.transcript.changed()
    return {"status": status}


def _place(world: World, call: Call) -> tuple[str, str]:
    channel, thread = world.joined_channel(call.text("channel_id")), call.needed("thread_ts")
    if channel.find(thread) is None:
        raise ApiError("invalid_thread_ts")
    return channel.id, thread
