"""The events beside messages: that people look at the app, begin a thread with it, or stop it."""

from bots.simulator.slack.world import World
from core.messages import JsonObject


def app_home_opened(world: World, user: str, tab: str) -> JsonObject:
    """Build the event for a person who looks at the app: https://docs.slack.dev/reference/events/app_home_opened."""
    event: JsonObject = {
        "type": "app_home_opened",
        "user": user,
        "channel": world.direct(user).id,
        "tab": tab,
        "event_ts": world.timestamp(),
    }
    home = world.homes.get(user) if tab == "home" else None
    return {**event, "view": world.described(home)} if home else event


def assistant_thread(world: World, kind: str, user: str, thread: str, channel: str | None) -> JsonObject:
    """Build the event for a thread that a person began with the bot, or looks at beside another channel.

    https://docs.slack.dev/reference/events/assistant_thread_started and assistant_thread_context_changed
    """
    context: JsonObject = {"channel_id": channel, "team_id": world.team, "enterprise_id": None} if channel else {}
    return {
        "type": kind,
        "assistant_thread": {
            "user_id": user,
            "context": context,
            "channel_id": world.direct(user).id,
            "thread_ts": thread,
        },
        "event_ts": world.timestamp(),
    }


def agent_session_stopped(world: World, channel: str, thread: str, user: str, streams: list[str]) -> JsonObject:
    """Build the event for the stop button: https://docs.slack.dev/reference/events/agent_session_stopped."""
    return {
        "type": "agent_session_stopped",
        "channel": channel,
        "thread_ts": thread,
        "user": user,
        "streaming_message_ts": [*streams],
        "event_ts": world.timestamp(),
    }
