"""The methods that show views: https://docs.slack.dev/reference/methods/views.open and its like."""

from bots.simulator.slack.call import Call
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.views import MAX_STACK, View, shape
from bots.simulator.slack.world import World
from core.messages import JsonObject


async def open_view(world: World, call: Call) -> JsonObject:
    """Open a modal for whoever just did something."""
    fields = shape(call.structure("view"), "modal")
    _check_external(world, fields)
    user = world.triggers.use(call.needed("trigger_id"))
    view = View(id=f"V{world.number()}", user=user, shape=fields)
    world.views.append(view)
    await world.transcript.changed()
    return {"view": world.described(view)}


async def push_view(world: World, call: Call) -> JsonObject:
    """Lay a modal on the one that is open."""
    fields = shape(call.structure("view"), "modal")
    _check_external(world, fields)
    user = world.triggers.use(call.needed("trigger_id"))
    view = push(world, user, fields)
    await world.transcript.changed()
    return {"view": world.described(view)}


async def update_view(world: World, call: Call) -> JsonObject:
    """Show something else in a modal that is open."""
    fields = shape(call.structure("view"), "modal")
    wanted, external = call.text("view_id"), call.text("external_id")
    found = [view for view in world.views if not view.closed and wanted in (view.id, "")]
    found = [view for view in found if not external or view.shape["external_id"] == external]
    if not (wanted or external) or not found:
        raise ApiError("not_found")
    if call.text("hash") and call.text("hash") != found[0].hash:
        raise ApiError("hash_conflict")
    found[0].replace(fields)
    await world.transcript.changed()
    return {"view": world.described(found[0])}


async def publish_view(world: World, call: Call) -> JsonObject:
    """Show a person the tab of the app's home."""
    user = call.needed("user_id")
    if user not in world.users:
        raise ApiError("user_not_found")
    fields = shape(call.structure("view"), "home")
    home = world.homes.get(user)
    if home is not None and call.text("hash") and call.text("hash") != home.hash:
        raise ApiError("hash_conflict")
    if home is None:
        home = world.homes[user] = View(id=f"V{world.number()}", user=user, shape=fields)
    else:
        home.replace(fields)
    await world.transcript.changed()
    return {"view": world.described(home)}


def push(world: World, user: str, fields: JsonObject) -> View:
    """Lay a modal on the one that a person has open, of three at most."""
    below = world.modal(user)
    if below is None:
        raise ApiError("not_found")
    depth, lower = 1, below
    while lower.previous is not None:
        depth, lower = depth + 1, lower.previous
    if depth >= MAX_STACK:
        raise ApiError("push_limit_reached")
    view = View(id=f"V{world.number()}", user=user, shape=fields, previous=below, root=lower.id)
    world.views.append(view)
    return view


def _check_external(world: World, fields: JsonObject) -> None:
    external = fields["external_id"]
    if external and any(view.shape["external_id"] == external for view in world.views if not view.closed):
        raise ApiError("duplicate_external_id")
