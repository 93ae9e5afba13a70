"""The bot's own reactions: https://docs.slack.dev/reference/methods/reactions.add and reactions.remove."""

from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.world import Post, World
from core.messages import JsonObject


async def add_reaction(world: World, call: Call) -> JsonObject:
    """React to a message."""
    post, name = _wanted(world, call)
    if world.bot in post.reactions.get(name, []):
        raise ApiError("already_reacted")
    await world.react(post, world.bot, name)
    return {}


async def remove_reaction(world: World, call: Call) -> JsonObject:
    """Take a reaction back."""
    post, name = _wanted(world, call)
    if world.bot not in post.reactions.get(name, []):
        raise ApiError("no_reaction")
    await world.react(post, world.bot, name, take_back=True)
    return {}


def _wanted(world: World, call: Call) -> tuple[Post, str]:
    world.need("reactions:write")
    channel, name = world.joined_channel(call.needed("channel")), call.needed("name")
    post = channel.find(call.needed("timestamp"))
    if post is None:
        raise ApiError("message_not_found")
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise ApiError("invalid_name")
    return post, name
