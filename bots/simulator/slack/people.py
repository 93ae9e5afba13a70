"""Who is who: https://docs.slack.dev/reference/objects/user-object."""

from bots.simulator.slack.call import Call
from bots.simulator.slack.conversations import listed
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.world import User, World
from core.messages import JsonObject


async def user_info(world: World, call: Call) -> JsonObject:
    """Describe a person."""
    world.need("users:read")
    user = world.users.get(call.text("user"))
    if user is None:
        raise ApiError("user_not_found")
    return {"user": _described(world, user)}


async def user_list(world: World, call: Call) -> JsonObject:
    """List everybody in the workspace, and those of other workspaces who are in its channels.

    https://docs.slack.dev/reference/methods/users.list
    """
    world.need("users:read")
    people = [_described(world, user) for user in world.users.values()]
    return listed(world, call, "members", people, cursor="user", default=999)


def _described(world: World, user: User) -> JsonObject:
    profile: JsonObject = {"real_name": user.name, "display_name": user.name, "team": user.team}
    described: JsonObject = {
        "id": user.id,
        "team_id": user.team,
        "name": user.name.lower(),
        "real_name": user.name,
        "deleted": False,
        "is_bot": user.is_bot,
        "is_admin": user.admin,
        "is_owner": user.admin,
        "is_primary_owner": False,
        "is_restricted": user.restricted,
        "is_ultra_restricted": False,
        "profile": profile,
    }
    return described if user.team == world.team else {**described, "is_stranger": True}
