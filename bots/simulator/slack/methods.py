"""The table of the Web API's methods, functions of the world; a new method is one line here.

Errors and fields: the pages of https://docs.slack.dev/reference/methods.
"""

from bots.simulator.slack import streams
from bots.simulator.slack.call import Call, Handler
from bots.simulator.slack.conversations import (
    conversation_history,
    conversation_info,
    conversation_replies,
    user_conversations,
    user_info,
)
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.messages import delete, post_ephemeral, post_message, update
from bots.simulator.slack.reactions import add_reaction, remove_reaction
from bots.simulator.slack.uploads import complete_upload, delete_file, file_info, upload_url
from bots.simulator.slack.world import World
from core.messages import JsonObject


async def auth_test(world: World, call: Call) -> JsonObject:
    """Say whose token it is."""
    return {
        "url": "https://simulated.slack.com/",
        "team": "Simulated",
        "user": world.users[world.bot].name.lower(),
        "team_id": world.team,
        "user_id": world.bot,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


async def set_status(world: World, call: Call) -> JsonObject:
    """Show a status line in a thread, "" takes it away."""
    world.need("chat:write", "assistant:write")
    channel = world.joined_channel(call.text("channel_id"))
    thread = call.needed("thread_ts")
    if channel.find(thread) is None:
        raise ApiError("invalid_thread_ts")
    status = call.text("status")
    world.statuses[channel.id, thread] = status
    world.status_history.append(status)
    return {}


METHODS: dict[str, Handler] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.startStream": streams.start,
    "chat.appendStream": streams.append,
    "chat.stopStream": streams.stop,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
    "conversations.info": conversation_info,
    "conversations.replies": conversation_replies,
    "conversations.history": conversation_history,
    "users.conversations": user_conversations,
    "users.info": user_info,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
    "files.delete": delete_file,
    "assistant.threads.setStatus": set_status,
}
