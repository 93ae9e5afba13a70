"""The table of the Web API's methods, functions of the world; a new method is one line here.

Errors and fields: the pages of https://docs.slack.dev/reference/methods.
"""

from bots.simulator.slack import streams
from bots.simulator.slack.assistant import (
    set_session_status,
    set_status,
    set_suggested_prompts,
    set_title,
)
from bots.simulator.slack.call import Call, Handler
from bots.simulator.slack.conversations import (
    conversation_history,
    conversation_info,
    conversation_members,
    conversation_replies,
    open_conversation,
    permalink,
    user_conversations,
)
from bots.simulator.slack.messages import delete, post_ephemeral, post_message, update
from bots.simulator.slack.people import user_info, user_list
from bots.simulator.slack.reactions import add_reaction, remove_reaction
from bots.simulator.slack.uploads import complete_upload, delete_file, file_info, upload_url
from bots.simulator.slack.view_methods import open_view, publish_view, push_view, update_view
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
    "chat.getPermalink": permalink,
    "conversations.info": conversation_info,
    "conversations.members": conversation_members,
    "conversations.replies": conversation_replies,
    "conversations.history": conversation_history,
    "conversations.open": open_conversation,
    "users.conversations": user_conversations,
    "users.info": user_info,
    "users.list": user_list,
    "files.getUploadURLExternal": upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
    "files.delete": delete_file,
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setSuggestedPrompts": set_suggested_prompts,
    "assistant.threads.setTitle": set_title,
    "agents.sessions.setStatus": set_session_status,
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "views.publish": publish_view,
}
