"""Buttons, shortcuts, modals and the home tab of the simulated Slack, through slack-sdk itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.simulator.slack import SlackSimulator, View
from bots.simulator.transcript import ShownChoice, ShownControl, ShownFile
from core.messages import JsonObject
from tests.slack_client import App, client, refused, shown


def words(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}


def choices(*labels: str) -> list[JsonObject]:
    return [{"text": words(label), "value": label.lower()} for label in labels]


STOP: JsonObject = {"type": "button", "action_id": "stop", "value": "7", "text": words("Stop")}
SIZES: JsonObject = {
    "type": "static_select",
    "action_id": "size",
    "placeholder": words("Size"),
    "options": [*choices("Small", "Large")],
}
FEEDBACK: JsonObject = {
    "type": "feedback_buttons",
    "action_id": "feedback",
    "positive_button": {"text": words("Good"), "value": "good"},
    "negative_button": {"text": words("Bad"), "value": "bad"},
}
CONTROLS: list[JsonObject] = [
    {"type": "markdown", "text": "Pick."},
    {"type": "actions", "block_id": "row", "elements": [STOP, SIZES]},
    {"type": "context_actions", "elements": [FEEDBACK]},
]


def field(name: str, element: JsonObject, *, optional: bool = False) -> JsonObject:
    return {
        "type": "input",
        "block_id": name,
        "label": words(name),
        "optional": optional,
        "element": {"action_id": "value", **element},
    }


MODAL: JsonObject = {
    "type": "modal",
    "callback_id": "form",
    "title": words("Roll"),
    "submit": words("Go"),
    "notify_on_close": True,
    "private_metadata": "m",
    "blocks": [
        field("name", {"type": "plain_text_input", "max_length": 5}),
        field("count", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "6"}),
        field("size", {"type": "static_select", "options": [*choices("Small", "Large")]}),
        field("extras", {"type": "checkboxes", "options": [*choices("Hat", "Coat")]}, optional=True),
        field("file", {"type": "file_input"}, optional=True),
    ],
}
FILLED = {"name": "Ada", "count": "3", "size": "Large"}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(retry_scale=0.001, deadline=0.5) as simulator:
        yield simulator


async def posted(slack: SlackSimulator, channel: str = "C1") -> str:
    answer = await client(slack).chat_postMessage(channel=channel, text="Pick.", blocks=CONTROLS)
    return str(answer["ts"])


async def opened(slack: SlackSimulator, modal: JsonObject = MODAL) -> View:
    """Open a modal from a button that was pressed."""
    delivery = await slack.press(await posted(slack), "stop", "U1")
    await client(slack).views_open(trigger_id=str(delivery.payload["trigger_id"]), view=modal)
    return await slack.modal("U1")


async def test_controls_are_seen(slack: SlackSimulator) -> None:
    message = shown(slack, await posted(slack))
    assert message.text == "Pick."
    assert message.controls == [
        ShownControl(kind="button", key="stop", label="Stop", value="7"),
        ShownControl(
            kind="menu",
            key="size",
            label="Size",
            choices=(ShownChoice(label="Small", value="small"), ShownChoice(label="Large", value="large")),
        ),
        ShownControl(kind="button", key="feedback", label="Good", value="good"),
        ShownControl(kind="button", key="feedback", label="Bad", value="bad"),
    ]


async def test_a_button_arrives_with_its_message_and_its_place(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        ts = await posted(slack)
        delivery = await slack.press(ts, "stop", "U1")
    request = app.requests[0]
    assert (request.type, request.accepts_response_payload, delivery.acknowledged) == ("interactive", True, True)
    payload = request.payload
    assert (payload["type"], payload["user"]["id"], payload["team"]["id"]) == ("block_actions", "U1", "T1")
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C1",
        "is_ephemeral": False,
    }
    assert (payload["message"]["ts"], payload["channel"]["id"]) == (ts, "C1")
    action = payload["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"], action["type"]) == ("stop", "row", "7", "button")
    assert payload["state"]["values"]["row"]["size"] == {"type": "static_select", "selected_option": None}


@pytest.mark.parametrize(
    ("key", "choice", "field_name", "value"),
    [("size", "Large", "selected_option", "large"), ("feedback", "bad", "value", "bad"), ("good", "", "value", "good")],
)
async def test_a_choice_arrives(slack: SlackSimulator, key: str, choice: str, field_name: str, value: str) -> None:
    delivery = await slack.press(await posted(slack), key, "U1", choice=choice)
    actions = delivery.payload["actions"]
    assert isinstance(actions, list)
    assert isinstance(actions[0], dict)
    said = actions[0][field_name]
    assert (said["value"] if isinstance(said, dict) else said) == value


async def test_a_control_that_is_not_there_cannot_be_used(slack: SlackSimulator) -> None:
    with pytest.raises(AssertionError, match="no control"):
        await slack.press(await posted(slack), "invented", "U1")


async def test_an_interaction_that_is_not_acknowledged_is_not_repeated_and_people_see_it() -> None:
    async with SlackSimulator(retry_scale=0.001, deadline=0.05) as slack, App(slack) as app:
        await slack.connected()
        app.silent = 9
        ts = await posted(slack)
        delivery = await slack.press(ts, "stop", "U1")
        assert (len(app.requests), delivery.failures) == (1, ["timeout"])
        assert shown(slack, ts).warnings == ["This app did not respond."]


async def test_an_answer_replaces_or_deletes_the_message_whose_control_was_used(slack: SlackSimulator) -> None:
    ts = await posted(slack)
    delivery = await slack.press(ts, "stop", "U1")
    answer = AsyncWebhookClient(str(delivery.payload["response_url"]))
    await answer.send(text="only you")
    assert (slack.transcript.messages[-1].text, slack.transcript.messages[-1].to) == ("only you", "U1")
    await answer.send_dict({"replace_original": True, "text": "stopped"})
    assert (shown(slack, ts).text, shown(slack, ts).controls) == ("stopped", [])
    await answer.send_dict({"delete_original": True})
    assert shown(slack, ts).deleted


async def test_controls_of_an_ephemeral_message_are_used_by_its_reader(slack: SlackSimulator) -> None:
    answer = await client(slack).chat_postEphemeral(channel="C1", user="U2", text="Pick.", blocks=CONTROLS)
    delivery = await slack.press(str(answer["message_ts"]), "stop", "U2")
    container = delivery.payload["container"]
    assert isinstance(container, dict)
    assert (container["is_ephemeral"], "message" in delivery.payload) == (True, False)
    await AsyncWebhookClient(str(delivery.payload["response_url"])).send_dict({"delete_original": True})
    assert shown(slack, answer["message_ts"]).deleted


async def test_a_shortcut_arrives_with_the_message(slack: SlackSimulator) -> None:
    asked = await slack.say("U2", "what is this?", channel="C1")
    delivery = await slack.shortcut(asked, "U1", "ask_about")
    payload = delivery.payload
    assert (payload["type"], payload["callback_id"], payload["message_ts"]) == ("message_action", "ask_about", asked)
    message = payload["message"]
    assert isinstance(message, dict)
    assert (message["text"], message["user"]) == ("what is this?", "U2")


async def test_interactions_are_posted_as_forms_to_a_request_url(slack: SlackSimulator) -> None:
    taken: list[JsonObject] = []

    async def interactions(request: web.Request) -> web.Response:
        text = await request.text()
        if request.content_type == "application/json":
            return web.json_response({"challenge": json.loads(text)["challenge"]})
        taken.append(json.loads(parse_qs(text)["payload"][0]))
        return web.Response(status=200)

    app = web.Application()
    app.router.add_post("/slack/events", interactions)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        assert await slack.webhook.verify(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
        delivery = await slack.press(await posted(slack), "stop", "U1")
    finally:
        await runner.cleanup()
    assert delivery.acknowledged
    assert taken[-1]["type"] == "block_actions"


async def test_a_trigger_opens_one_modal_within_three_seconds(slack: SlackSimulator) -> None:
    view = await opened(slack)
    assert (view.title, list(view.fields)) == ("Roll", ["name", "count", "size", "extras", "file"])
    delivery = await slack.press(await posted(slack), "stop", "U1")
    trigger = str(delivery.payload["trigger_id"])
    await client(slack).views_open(trigger_id=trigger, view=MODAL)
    assert await refused(client(slack).views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    assert await refused(client(slack).views_open(trigger_id="1.2.3", view=MODAL)) == "invalid_trigger_id"
    late = await slack.press(await posted(slack), "stop", "U1")
    slack.expire_triggers()
    trigger = str(late.payload["trigger_id"])
    assert await refused(client(slack).views_open(trigger_id=trigger, view=MODAL)) == "expired_trigger_id"


async def test_a_command_brings_a_trigger(slack: SlackSimulator) -> None:
    delivery = await slack.command("C1", "U1", "call roll")
    await client(slack).views_open(trigger_id=str(delivery.payload["trigger_id"]), view=MODAL)
    assert (await slack.modal("U1", title="Roll")).user == "U1"


@pytest.mark.parametrize(
    "change",
    [
        {"title": words("t" * 25)},
        {"title": None},
        {"submit": words("s" * 25)},
        {"callback_id": "c" * 256},
        {"private_metadata": "p" * 3001},
        {"blocks": []},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": [{"type": "markdown", "text": "x"}]},
        {"blocks": [field("a", {"type": "number_input"})]},
        {"blocks": [field("a", {"type": "plain_text_input", "max_length": 3001})]},
        {"blocks": [field("a", {"type": "plain_text_input"}), field("a", {"type": "file_input"})]},
        {"type": "home"},
    ],
)
async def test_a_bad_modal_is_refused(slack: SlackSimulator, change: JsonObject) -> None:
    delivery = await slack.press(await posted(slack), "stop", "U1")
    body = {"trigger_id": delivery.payload["trigger_id"], "view": {**MODAL, **change}}
    assert await refused(client(slack).api_call("views.open", json=body)) == "invalid_arguments"


async def test_a_submission_carries_what_was_filled_in(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        view = await opened(slack)
        file = ShownFile(name="a.csv", media_type="text/csv", content=b"1")
        await slack.submit(view, {**FILLED, "extras": ["Hat"]}, files=[file])
    payload = app.requests[-1].payload
    assert (payload["type"], payload["user"]["id"], payload["view"]["id"]) == ("view_submission", "U1", view.id)
    assert (payload["view"]["callback_id"], payload["view"]["private_metadata"]) == ("form", "m")
    values = {name: each["value"] for name, each in payload["view"]["state"]["values"].items()}
    assert (values["name"]["value"], values["count"]["value"]) == ("Ada", "3")
    assert values["size"]["selected_option"]["value"] == "large"
    assert [option["value"] for option in values["extras"]["selected_options"]] == ["hat"]
    assert [each["name"] for each in values["file"]["files"]] == ["a.csv"]
    assert view.closed


@pytest.mark.parametrize(
    ("change", "wrong"),
    [({"name": ""}, "name"), ({"name": "too long"}, "name"), ({"count": "7"}, "count"), ({"count": "1.5"}, "count")],
)
async def test_slack_itself_finds_what_does_not_fit(slack: SlackSimulator, change: dict[str, str], wrong: str) -> None:
    async with App(slack) as app:
        await slack.connected()
        view = await opened(slack)
        assert await slack.submit(view, {**FILLED, **change}) is None
    assert ([*view.errors], view.closed, len(app.requests)) == ([wrong], False, 1)


async def test_an_app_answers_a_submission_with_errors_or_another_modal(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        view = await opened(slack)
        app.answer = {"response_action": "errors", "errors": {"name": "Taken."}}
        await slack.submit(view, FILLED)
        assert (view.errors, view.closed) == ({"name": "Taken."}, False)
        app.answer = {"response_action": "errors", "errors": {"invented": "?"}}
        await slack.submit(view, FILLED)
        assert (view.errors, view.warnings) == ({}, ["We had some trouble connecting. Try again?"])
        app.answer = {"response_action": "update", "view": {**MODAL, "title": words("Next")}}
        await slack.submit(view, FILLED)
        assert (view.title, view.closed) == ("Next", False)
        app.answer = {"response_action": "push", "view": {**MODAL, "title": words("Above")}}
        await slack.submit(view, FILLED)
        above = await slack.modal("U1", title="Above")
        assert above.previous is view
        app.answer = {"response_action": "clear"}
        await slack.submit(above, FILLED)
    assert slack.world.modal("U1") is None


async def test_a_submission_that_is_not_acknowledged_leaves_the_modal_open() -> None:
    async with SlackSimulator(deadline=0.05) as slack, App(slack) as app:
        await slack.connected()
        view = await opened(slack)
        app.silent = 9
        await slack.submit(view, FILLED)
        assert (view.closed, view.warnings) == (False, ["We had some trouble connecting. Try again?"])
        assert len(app.requests) == 2


async def test_a_modal_that_is_open_is_updated_and_closed(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        view = await opened(slack)
        update = client(slack).views_update
        assert await refused(update(view_id=view.id, hash="old", view=MODAL)) == "hash_conflict"
        await update(view_id=view.id, hash=view.hash, view={**MODAL, "title": words("Later")})
        assert view.title == "Later"
        await slack.close(view)
        assert await refused(update(view_id=view.id, view=MODAL)) == "not_found"
    assert app.requests[-1].payload["type"] == "view_closed"


async def test_the_home_tab_is_published_and_its_buttons_work(slack: SlackSimulator) -> None:
    async with App(slack) as app:
        await slack.connected()
        slack.open_home("U1")
        await slack.settled()
        event = app.requests[0].payload["event"]
        assert (event["type"], event["user"], event["tab"], "view" in event) == ("app_home_opened", "U1", "home", False)
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}
        home = {"type": "home", "blocks": [section, {"type": "actions", "elements": [STOP]}]}
        await client(slack).views_publish(user_id="U1", view=home)
        assert slack.world.homes["U1"].text == "*Hello*"
        await slack.press(slack.world.homes["U1"], "stop", "U1")
        slack.open_home("U1")
        await slack.settled()
    assert app.requests[1].payload["container"] == {"type": "view", "view_id": slack.world.homes["U1"].id}
    assert app.requests[2].payload["event"]["view"]["type"] == "home"


async def test_a_response_url_of_an_interaction_is_a_web_address(slack: SlackSimulator) -> None:
    delivery = await slack.press(await posted(slack), "stop", "U1")
    async with (
        aiohttp.ClientSession() as session,
        session.post(str(delivery.payload["response_url"]), json={"text": "", "replace_original": True}) as response,
    ):
        assert (response.status, (await response.json())["error"]) == (400, "no_text")


async def test_a_modal_is_waited_for(slack: SlackSimulator) -> None:
    waiting = asyncio.create_task(slack.modal("U1"))
    view = await opened(slack)
    assert await waiting is view
