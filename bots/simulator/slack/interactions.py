"""What people do with controls, shortcuts and modals, and what they see where the app does not answer.

https://docs.slack.dev/interactivity/handling-user-interaction: an app has three seconds, and nothing is sent twice.
"""

from collections.abc import Mapping

from bots.simulator.slack.answers import Answers
from bots.simulator.slack.blocks import interactive
from bots.simulator.slack.delivery import Courier, Delivery
from bots.simulator.slack.errors import ApiError
from bots.simulator.slack.filled import Filled, initial, option, problems, state
from bots.simulator.slack.interaction_payloads import block_actions, message_action, used, view_event
from bots.simulator.slack.json_parts import object_of, text_of
from bots.simulator.slack.view_methods import push
from bots.simulator.slack.views import View, shape
from bots.simulator.slack.world import Post, World
from core.messages import JsonObject

NO_ANSWER = "This app did not respond."
TROUBLE = "We had some trouble connecting. Try again?"


class Interactions:
    """Delivers interactions and shows what comes of them."""

    def __init__(self, world: World, courier: Courier, answers: Answers) -> None:
        self._world = world
        self._courier = courier
        self._answers = answers

    async def press(self, where: Post | View, key: str, user: str, choice: str, base_url: str) -> Delivery:
        """Use the button or menu with this key: an action_id, or the value of a button.

        `choice` is the entry of a menu, by value or label, or one of two buttons that share a key.
        """
        block, element = _element(where, key)
        action = {**used(block, element), **_chosen(element, choice or key)}
        address = "" if isinstance(where, View) else self._answers.address(base_url, where.channel, user, post=where)
        payload = block_actions(
            self._world,
            action,
            user=user,
            where=where,
            base_url=base_url,
            response_url=address,
            values=_touched(where, action),
        )
        delivery = await self._courier.deliver("interactive", payload)
        if not delivery.acknowledged:
            await self._warn(where, NO_ANSWER)
        return delivery

    async def shortcut(self, post: Post, user: str, callback_id: str, base_url: str) -> Delivery:
        """Use a shortcut on a message."""
        address = self._answers.address(base_url, post.channel, user, post=post)
        payload = message_action(
            self._world, post, user=user, callback_id=callback_id, base_url=base_url, response_url=address
        )
        delivery = await self._courier.deliver("interactive", payload)
        if not delivery.acknowledged:
            await self._warn(post, NO_ANSWER)
        return delivery

    async def submit(self, view: View, filled: Mapping[str, Filled]) -> Delivery | None:
        """Send a modal off; None where Slack itself finds something wrong."""
        values = state(view, filled)
        view.errors, view.warnings = problems(view, values), []
        if view.errors:
            return None
        delivery = await self._courier.deliver("interactive", view_event(self._world, view, "view_submission", values))
        if not delivery.acknowledged:
            await self._warn(view, TROUBLE)
            return delivery
        try:
            self._follow(view, delivery.response)
        except ApiError as error:
            delivery.failures.append(error.code)
            await self._warn(view, TROUBLE)
        await self._world.transcript.changed()
        return delivery

    async def close(self, view: View, filled: Mapping[str, Filled]) -> Delivery | None:
        """Close a modal; None where the app did not want to know."""
        view.closed = True
        if not view.shape["notify_on_close"]:
            return None
        payload = view_event(self._world, view, "view_closed", state(view, filled))
        return await self._courier.deliver("interactive", payload)

    def _follow(self, view: View, answer: JsonObject) -> None:
        """Do what the app answered a modal with: https://docs.slack.dev/surfaces/modals#updating_response."""
        action = text_of(answer, "response_action")
        if action == "errors":
            errors = object_of(answer, "errors")
            if not errors or any(name not in view.fields or not text_of(errors, name) for name in errors):
                raise ApiError("invalid_errors")
            view.errors = {name: text_of(errors, name) for name in errors}
        elif action == "update":
            view.replace(shape(answer.get("view"), "modal"))
        elif action == "push":
            push(self._world, view.user, shape(answer.get("view"), "modal"))
        elif action == "clear" or not answer:
            self._close(view, everything=action == "clear")
        else:
            raise ApiError("invalid_response_action")

    def _close(self, view: View, *, everything: bool) -> None:
        for each in self._world.views:
            each.closed = each.closed or each is view or (everything and each.user == view.user)

    async def _warn(self, where: Post | View, warning: str) -> None:
        if isinstance(where, View):
            where.warnings.append(warning)
        elif (shown := self._world.transcript.find(where.ts)) is not None:
            shown.warnings.append(warning)
        await self._world.transcript.changed()


def _element(where: Post | View, key: str) -> tuple[JsonObject, JsonObject]:
    for block, element in interactive(where.blocks):
        names = (element, object_of(element, "positive_button"), object_of(element, "negative_button"))
        if element["action_id"] == key or key in [text_of(each, "value") for each in names if text_of(each, "value")]:
            return block, element
    raise AssertionError(f"there is no control {key!r} in {where.blocks}")


def _chosen(element: JsonObject, choice: str) -> JsonObject:
    """Return what an action says of the choice that was made."""
    kind = text_of(element, "type")
    if kind == "feedback_buttons":
        buttons = [object_of(element, name) for name in ("positive_button", "negative_button")]
        found = [
            each for each in buttons if choice in (text_of(each, "value"), text_of(object_of(each, "text"), "text"))
        ]
        assert found, f"there is no button {choice!r} in {element}"
        return {"value": found[0]["value"], "text": found[0]["text"]}
    if kind in ("button", "icon_button"):
        return {name: element[name] for name in ("value", "text", "url") if name in element}
    if kind in ("checkboxes", "multi_static_select"):
        return {"selected_options": [option(element, choice)]}
    return {"selected_option": option(element, choice)}


def _touched(where: Post | View, action: JsonObject) -> JsonObject:
    """Return the values of all menus and fields beside what was just used."""
    values: JsonObject = {}
    for block, element in interactive(where.blocks):
        if element["type"] not in ("button", "icon_button", "feedback_buttons", "overflow"):
            now = action if element["action_id"] == action["action_id"] else initial(element)
            said = {name: each for name, each in now.items() if name.startswith(("selected", "value", "files"))}
            place = str(block["block_id"])
            values[place] = {**object_of(values, place), str(element["action_id"]): {"type": element["type"], **said}}
    return values
