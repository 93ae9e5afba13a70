"""Commands, controls and forms of the simulated Discord, and where the bot is not a member."""

from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest
from discord.http import Route
from pydantic import JsonValue

from bots.simulator.discord import DiscordSimulator, Fault
from bots.simulator.discord.components import check_components
from bots.simulator.discord.definitions import check_commands
from bots.simulator.discord.errors import ApiError
from bots.simulator.discord.forms import read_form
from bots.simulator.discord.usage import OptionValue
from bots.simulator.transcript import ShownChoice, ShownControl
from core.messages import JsonObject
from tests.discord_bot import STEWARD, connected, register, request, room

CALLBACK = "/interactions/{interaction_id}/{token}/callback"
EVERYWHERE: JsonObject = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
DRAW: JsonObject = {
    "name": "draw",
    "description": "Draw a chart",
    "options": [
        {"type": 3, "name": "title", "description": "Above it", "required": True, "max_length": 10},
        {"type": 3, "name": "kind", "description": "Which", "choices": [{"name": "Bars", "value": "bar"}]},
        {"type": 4, "name": "width", "description": "In pixels", "min_value": 1},
        {"type": 10, "name": "scale", "description": "Larger", "max_value": 2.5},
        {"type": 5, "name": "legend", "description": "With it"},
        {"type": 11, "name": "data", "description": "A table"},
    ],
}


def button(key: str = "stop", **more: JsonValue) -> JsonObject:
    return {"type": 2, "style": 2, "label": "Stop", "custom_id": key, **more}


def menu(key: str = "kind", *values: str, **more: JsonValue) -> JsonObject:
    options: list[JsonValue] = [{"label": value.upper(), "value": value} for value in values or ("bar", "line")]
    return {"type": 3, "custom_id": key, "placeholder": "Other types", "options": options, **more}


def row(*parts: JsonObject) -> JsonObject:
    return {"type": 1, "components": [*parts]}


def text_input(key: str = "question", **more: JsonValue) -> JsonObject:
    return {"type": 4, "custom_id": key, "style": 2, **more}


def labelled(component: JsonObject, label: str = "Question") -> JsonObject:
    return {"type": 18, "label": label, "component": component}


def form(*components: JsonObject) -> JsonObject:
    return {"type": 9, "data": {"custom_id": "ask", "title": "Ask", "components": [*components]}}


async def respond(interaction: discord.Interaction, body: JsonObject) -> None:
    route = Route(
        "POST",
        "/interactions/{webhook_id}/{webhook_token}/callback",
        webhook_id=interaction.id,
        webhook_token=interaction.token,
    )
    await interaction.client.http.request(route, json=body)


async def follow(interaction: discord.Interaction, text: str, flags: int = 0) -> JsonObject:
    path = f"/webhooks/{interaction.application_id}/{interaction.token}"
    return await request(interaction.client, "POST", path, {"content": text, "flags": flags})


@pytest.fixture
async def simulator() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as opened:
        yield opened


async def with_controls(bot: discord.Client, channel_id: str, *rows: JsonObject) -> str:
    body: JsonObject = {"content": "an answer", "components": [*rows]}
    return str((await request(bot, "POST", f"/channels/{channel_id}/messages", body))["id"])


async def test_controls_are_shown_until_an_edit_takes_them_away(simulator: DiscordSimulator) -> None:
    general = simulator.channel("general")
    async with connected(simulator) as bot:
        emoji: JsonValue = {"name": "👍"}
        sent = await with_controls(bot, general.id, row(menu()), row(button(emoji=emoji, disabled=True)))
        [shown] = simulator.transcript.messages
        choices = (ShownChoice(label="BAR", value="bar"), ShownChoice(label="LINE", value="line"))
        assert shown.controls == [
            ShownControl(kind="menu", key="kind", label="Other types", choices=choices),
            ShownControl(kind="button", key="stop", label="👍 Stop", enabled=False),
        ]
        path = f"/channels/{general.id}/messages/{sent}"
        await request(bot, "PATCH", path, {"content": "changed"})
        assert len(shown.controls) == 2
        await request(bot, "PATCH", path, {"components": []})
        assert shown.controls == []


@pytest.mark.parametrize(
    "rows",
    [
        [row(button())] * 6,
        [row(*(button(f"{number}") for number in range(6)))],
        [row()],
        [row(menu(), button())],
        [row(menu("a"), menu("b"))],
        [row(button("same"), button("same"))],
        [row(button("x" * 101))],
        [row(button(""))],
        [row(button(label="x" * 81))],
        [row(button(label=""))],
        [row(button(style=9))],
        [row(button(style=5))],
        [row(button(url="https://a.example"))],
        [row(menu("k", *(f"{number}" for number in range(26))))],
        [row(menu("k", "x" * 101))],
        [row(menu("k", "a", "a"))],
        [row(menu(options=[]))],
        [row(menu(placeholder="x" * 151))],
        [button()],
        [{"type": 10, "content": "text"}],
        [row(text_input())],
    ],
)
def test_components_over_a_limit_are_refused(rows: list[JsonObject]) -> None:
    with pytest.raises(ApiError) as caught:
        check_components(rows)
    assert caught.value.body["code"] == 50035


def test_five_rows_of_five_buttons_and_menus_of_25_choices_fit() -> None:
    check_components([row(*(button(f"{line}.{number}") for number in range(5))) for line in range(5)])
    check_components([row(menu(f"{line}", *(f"{number}" for number in range(25)))) for line in range(5)])
    check_components([row({"type": 2, "style": 5, "label": "Open", "url": "https://a.example"})])


async def test_a_press_tells_the_message_the_key_and_the_person(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        sent = await with_controls(bot, general.id, row(button()))
        await simulator.press(simulator.world.messages[sent], "stop", ada)
        interaction = await bot.next_interaction()
        assert interaction.type is discord.InteractionType.component
        assert interaction.data is not None
        assert (interaction.data.get("custom_id"), interaction.data.get("component_type")) == ("stop", 2)
        assert interaction.message is not None
        assert (str(interaction.message.id), interaction.message.content) == (sent, "an answer")
        assert str(interaction.user.id) == ada.id


async def test_a_choice_from_a_menu_is_told(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await with_controls(bot, general.id, row(menu()))
        await simulator.press(simulator.transcript.messages[0], "kind", ada, values=["line"])
        interaction = await bot.next_interaction()
        assert interaction.data is not None
        assert interaction.data.get("values") == ["line"]


@pytest.mark.parametrize(
    ("part", "key", "values"),
    [
        (button(), "other", ()),
        (button(disabled=True), "stop", ()),
        (button(), "stop", ("a",)),
        (menu(), "kind", ("pie",)),
        (menu(), "kind", ()),
        (menu(), "kind", ("bar", "line")),
    ],
)
async def test_what_a_person_cannot_press_is_refused(
    simulator: DiscordSimulator, part: JsonObject, key: str, values: tuple[str, ...]
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await with_controls(bot, general.id, row(part))
        with pytest.raises(ValueError, match=r"control|button|menu"):
            await simulator.press(simulator.transcript.messages[0], key, ada, values=values)


async def test_a_press_is_answered_to_one_person_with_a_reference_to_the_message(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        sent = await with_controls(bot, general.id, row(button()))
        pressed = await simulator.press(simulator.transcript.messages[0], "stop", ada)
        await (await bot.next_interaction()).response.send_message("because", ephemeral=True)
        assert await simulator.answered(pressed) == 4
        history = [message.content async for message in room(bot, general.id).history()]
        assert history == ["an answer"]
    shown = simulator.transcript.messages[1]
    assert (shown.text, shown.to, simulator.world.messages[shown.id].reply_to) == ("because", ada.id, sent)


async def test_a_press_can_change_its_message_at_once_or_later(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await with_controls(bot, general.id, row(button()))
        [shown] = simulator.transcript.messages
        await simulator.press(shown, "stop", ada)
        await respond(await bot.next_interaction(), {"type": 7, "data": {"content": "at once"}})
        assert (shown.text, len(shown.controls)) == ("at once", 1)
        await simulator.press(shown, "stop", ada)
        interaction = await bot.next_interaction()
        await interaction.response.defer()
        assert shown.text == "at once"
        await interaction.edit_original_response(content="later", view=None)
        assert (shown.text, shown.controls) == ("later", [])
    assert simulator.transcript.messages == [shown]


async def test_a_press_that_nobody_answers_is_shown_as_failed() -> None:
    async with DiscordSimulator(deadline=0.05) as simulator:
        general, ada = simulator.channel("general"), simulator.person("Ada")
        async with connected(simulator) as bot:
            await with_controls(bot, general.id, row(button()))
            pressed = await simulator.press(simulator.transcript.messages[0], "stop", ada)
            interaction = await bot.next_interaction()
            shown = await simulator.transcript.wait(lambda shown: shown.warnings)
            assert (shown.warnings, pressed.failed) == (["This interaction failed"], True)
            with pytest.raises(discord.NotFound) as caught:
                await interaction.response.defer()
            assert caught.value.code == 10062


async def test_a_press_that_is_answered_in_time_does_not_fail(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await with_controls(bot, general.id, row(button()))
        pressed = await simulator.press(simulator.transcript.messages[0], "stop", ada)
        interaction = await bot.next_interaction()
        await respond(interaction, {"type": 6})
        with pytest.raises(discord.HTTPException) as caught:
            await respond(interaction, {"type": 6})
        assert caught.value.code == 40060
    assert not pressed.failed
    assert simulator.transcript.messages[0].warnings == []


async def test_a_control_from_before_a_restart_works(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as before:
        await with_controls(before, general.id, row(button()))
    async with connected(simulator) as after:
        await simulator.press(simulator.transcript.messages[0], "stop", ada)
        assert (await after.next_interaction()).message is not None


async def test_a_callback_that_is_limited_is_tried_again(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        simulator.faults.add("POST", CALLBACK, Fault(status=429, retry_after=0.01))
        used = await simulator.command(general, ada, "help")
        await respond(await bot.next_interaction(), {"type": 4, "data": {"content": "help"}})
        assert used.response == 4


async def test_a_callback_whose_answer_was_lost_is_known_when_it_is_repeated(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        simulator.faults.lose_answer("POST", CALLBACK)
        await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await respond(interaction, {"type": 4, "data": {"content": "help"}})
        with pytest.raises(discord.HTTPException) as caught:
            await respond(interaction, {"type": 4, "data": {"content": "help"}})
        assert caught.value.code == 40060
    assert [shown.text for shown in simulator.transcript.messages] == ["help"]


async def test_the_place_of_a_mistake_in_a_callback_begins_with_data(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        used = await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        data: JsonObject = {"content": "help", "components": [row(button(label="x" * 81))]}
        with pytest.raises(discord.HTTPException, match=r"data\.components\.0\.components\.0\.label"):
            await respond(interaction, {"type": 4, "data": data})
        assert used.response is None


@pytest.mark.parametrize("kind", [6, 7, 8, 12])
async def test_a_command_has_no_message_to_change(simulator: DiscordSimulator, kind: int) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        with pytest.raises(discord.HTTPException) as caught:
            await respond(interaction, {"type": kind, "data": {"content": "x"}})
        assert caught.value.code == 50035


async def test_a_form_is_shown_filled_in_and_sent(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        used = await simulator.command(general, ada, "ask", {"question": "?"})
        upload: JsonObject = {"type": 19, "custom_id": "files", "required": False, "max_values": 2}
        parts = (
            row(text_input(label="Question", max_length=20)),
            labelled(text_input("why", required=False), "Why?"),
            labelled(menu(), "Type"),
            labelled(upload, "Files"),
        )
        await respond(await bot.next_interaction(), form(*parts))
        shown = await simulator.form(used)
        assert [(field.key, field.label, field.required) for field in shown.fields] == [
            ("question", "Question", True),
            ("why", "Why?", False),
            ("kind", "Type", True),
            ("files", "Files", False),
        ]
        answers = {"question": "how?", "kind": ["bar"]}
        await simulator.submit(used, answers, files={"files": [("a.txt", b"text")]})
        sent = await bot.next_interaction()
        assert sent.type is discord.InteractionType.modal_submit
        data = (await bot.next_event("INTERACTION_CREATE"), await bot.next_event("INTERACTION_CREATE"))[1]["data"]
        assert isinstance(data, dict)
        assert data["custom_id"] == "ask"
        assert isinstance(data["resolved"], dict)
        assert isinstance(data["resolved"]["attachments"], dict)
        [(file_id, file)] = data["resolved"]["attachments"].items()
        assert isinstance(file, dict)
        assert (file["filename"], file["size"]) == ("a.txt", 4)
        assert data["components"] == [
            {"type": 1, "id": 1, "components": [{"type": 4, "id": 6, "custom_id": "question", "value": "how?"}]},
            {"type": 18, "id": 2, "component": {"type": 4, "id": 7, "custom_id": "why", "value": ""}},
            {"type": 18, "id": 3, "component": {"type": 3, "id": 8, "custom_id": "kind", "values": ["bar"]}},
            {"type": 18, "id": 4, "component": {"type": 19, "id": 9, "custom_id": "files", "values": [file_id]}},
        ]
        await sent.response.send_message("so")
    assert simulator.transcript.messages[0].text == "so"


@pytest.mark.parametrize(
    ("values", "said"),
    [({}, "required"), ({"question": "x" * 21}, "takes"), ({"question": "x", "other": "y"}, "no field")],
)
async def test_a_form_that_is_not_filled_in_well_is_not_sent(
    simulator: DiscordSimulator, values: dict[str, str], said: str
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        used = await simulator.command(general, ada, "help")
        await respond(await bot.next_interaction(), form(row(text_input(label="Question", max_length=20))))
        with pytest.raises(ValueError, match=said):
            await simulator.submit(used, values)


async def test_a_form_opened_by_a_control_knows_its_message_and_opens_no_other(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await with_controls(bot, general.id, row(button()))
        [shown] = simulator.transcript.messages
        pressed = await simulator.press(shown, "stop", ada)
        await respond(await bot.next_interaction(), form(labelled(text_input())))
        await simulator.submit(pressed, {"question": "why?"})
        sent = await bot.next_interaction()
        assert sent.message is not None
        with pytest.raises(discord.HTTPException) as caught:
            await respond(sent, form(labelled(text_input())))
        assert caught.value.code == 50035
        await respond(sent, {"type": 7, "data": {"content": "changed"}})
        assert shown.text == "changed"


@pytest.mark.parametrize(
    "components",
    [
        [],
        [labelled(text_input(f"{number}")) for number in range(6)],
        [labelled(text_input(), "x" * 46)],
        [labelled(text_input("x" * 101))],
        [labelled(text_input(style=3))],
        [labelled(text_input(label="Twice"))],
        [labelled(text_input("same")), labelled(text_input("same"))],
        [labelled(button())],
        [row(text_input())],
        [row(button())],
        [text_input()],
    ],
)
def test_a_form_over_a_limit_is_refused(components: list[JsonObject]) -> None:
    with pytest.raises(ApiError) as caught:
        read_form({"custom_id": "a", "title": "A", "components": [*components]})
    assert caught.value.body["code"] == 50035


@pytest.mark.parametrize("head", [{"title": "x" * 46, "custom_id": "a"}, {"title": "A"}, {"custom_id": "a"}])
def test_a_form_needs_a_title_and_a_key(head: JsonObject) -> None:
    with pytest.raises(ApiError):
        read_form({**head, "components": [labelled(text_input())]})


async def test_a_command_is_told_with_its_typed_options_and_files(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, DRAW)
        options: dict[str, OptionValue] = {
            "title": "Sales",
            "kind": "bar",
            "width": 3,
            "scale": 1.5,
            "legend": True,
            "data": ("a.csv", b"1"),
        }
        await simulator.command(general, ada, name="draw", options=options)
        interaction = await bot.next_interaction()
        assert interaction.data is not None
        given = interaction.data.get("options")
        assert isinstance(given, list)
        values = {option["name"]: option.get("value") for option in given}
        file_id = values.pop("data")
        assert values == {"title": "Sales", "kind": "bar", "width": 3, "scale": 1.5, "legend": True}
        resolved = interaction.data.get("resolved")
        assert isinstance(resolved, dict)
        assert resolved["attachments"][file_id]["filename"] == "a.csv"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs"),
        ({"title": "x" * 11}, "out of range"),
        ({"title": 5}, "no value"),
        ({"title": "x", "kind": "pie"}, "choices"),
        ({"title": "x", "width": 0}, "out of range"),
        ({"title": "x", "width": 1.5}, "no value"),
        ({"title": "x", "scale": 3}, "out of range"),
        ({"title": "x", "legend": 1}, "no value"),
        ({"title": "x", "data": "a.csv"}, "no value"),
        ({"title": ("a.csv", b"1")}, "takes no file"),
        ({"title": "x", "other": "y"}, "no option"),
    ],
)
async def test_what_the_client_does_not_send_is_refused(
    simulator: DiscordSimulator, options: dict[str, OptionValue], said: str
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, DRAW)
        with pytest.raises(ValueError, match=said):
            await simulator.command(general, ada, name="draw", options=options)


def option(name: str = "o", **more: JsonValue) -> JsonObject:
    return {"type": 3, "name": name, "description": "One", **more}


def command(*options: JsonObject, **more: JsonValue) -> JsonObject:
    return {"name": "draw", "description": "Draw", "options": [*options], **more}


@pytest.mark.parametrize(
    "definition",
    [
        command(name="Draw"),
        command(name="draw chart"),
        command(name="x" * 33),
        command(name=""),
        command(description=""),
        command(description="x" * 101),
        command(type=9),
        command(type=3),
        command(contexts=[3]),
        command(integration_types=[2]),
        command(*(option(f"o{number}") for number in range(26))),
        command(option("a"), option("b", required=True)),
        command(option("a"), option("a")),
        command(option("A")),
        command(option(type=12)),
        command(option(description="")),
        command(option(max_length=6001)),
        command(option(min_value=1)),
        command(option(type=4, min_value=1.5)),
        command(option(choices=[{"name": f"{number}", "value": f"{number}"} for number in range(26)])),
        command(option(choices=[{"name": "a", "value": 1}])),
        command(option(choices=[{"name": "x" * 101, "value": "a"}])),
        command(option(choices=[{"name": "a", "value": "a"}, {"name": "a", "value": "b"}])),
        command(option("sub", type=1), option("b")),
        command(option("sub", type=1, options=[option("key=value")])),
        command(*(option(f"o{number}", choices=[{"name": "n" * 100, "value": "v" * 100}] * 2) for number in range(25))),
    ],
)
def test_a_command_over_a_limit_is_refused(definition: JsonObject) -> None:
    with pytest.raises(ApiError) as caught:
        check_commands([definition])
    assert caught.value.body["code"] == 50035


@pytest.mark.parametrize(
    "definition",
    [
        DRAW,
        STEWARD,
        command(name="größe"),
        {"type": 3, "name": "Ask Steward"},
        {"type": 2, "name": "Greet", "description": ""},
        command(*(option(f"o{number}", description="x" * 100) for number in range(25))),
    ],
)
def test_a_command_within_its_limits_is_taken(definition: JsonObject) -> None:
    assert check_commands([definition]) == [definition]


@pytest.mark.parametrize(("kind", "most"), [(1, 100), (2, 15), (3, 15)])
def test_there_are_only_so_many_commands(kind: int, most: int) -> None:
    description: JsonObject = {"description": "One"} if kind == 1 else {}
    listed: list[JsonValue] = [{"type": kind, "name": f"c{number}", **description} for number in range(most + 1)]
    assert len(check_commands(listed[:most])) == most
    with pytest.raises(ApiError) as caught:
        check_commands(listed)
    assert caught.value.body["code"] == 30032


async def test_commands_are_replaced_and_one_that_stays_the_same_keeps_its_id_and_version(
    simulator: DiscordSimulator,
) -> None:
    async with connected(simulator) as bot:
        draw, steward = await register(bot, DRAW, STEWARD)
        assert await register(bot, DRAW, {"type": 3, "name": "draw"}) != [draw, steward]
        again, changed = await register(bot, DRAW, {**STEWARD, "description": "Other"})
    assert again == draw
    assert (changed["id"], changed["version"]) != (steward["id"], steward["version"])
    assert sorted(simulator.commands) == ["draw", "steward"]
    assert simulator.registrations == 3


async def test_a_mistake_in_one_command_leaves_all_as_they_were(simulator: DiscordSimulator) -> None:
    async with connected(simulator) as bot:
        await register(bot, DRAW)
        with pytest.raises(discord.HTTPException):
            await register(bot, STEWARD, command(name="Draw"))
    assert list(simulator.commands) == ["draw"]


async def test_only_200_commands_are_created_in_a_day(simulator: DiscordSimulator) -> None:
    async with connected(simulator) as bot:
        for hundred in "ab":
            await register(bot, *(command(name=f"{hundred}{number}") for number in range(100)))
        await register(bot, *(command(name=f"b{number}", description="Changed") for number in range(100)))
        with pytest.raises(discord.HTTPException) as caught:
            await register(bot, DRAW)
        assert caught.value.code == 30034
        simulator.clock.advance(24 * 3600)
        await register(bot, DRAW)


async def test_a_command_of_a_messages_menu_tells_all_the_message_says(simulator: DiscordSimulator) -> None:
    general, ada, grace = simulator.channel("general"), simulator.person("Ada"), simulator.person("Grace")
    chatter = await simulator.say(general, grace, "chatter", files=[("a.txt", b"text")])
    async with connected(simulator) as bot:
        await register(bot, {"type": 3, "name": "Ask Steward"})
        await simulator.context_command(chatter, ada, "Ask Steward")
        interaction = await bot.next_interaction()
        assert interaction.data is not None
        assert (interaction.data.get("type"), interaction.data.get("target_id")) == (3, chatter.id)
        resolved = interaction.data.get("resolved")
        assert isinstance(resolved, dict)
        target = resolved["messages"][chatter.id]
        assert (target["content"], target["author"]["username"]) == ("chatter", "grace")
        assert target["attachments"][0]["filename"] == "a.txt"
        await interaction.response.send_message("an answer")
    [answer] = [message for message in simulator.world.messages.values() if message.content == "an answer"]
    assert answer.reply_to == chatter.id


async def test_an_answer_says_which_interaction_it_answers(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        used = await simulator.command(general, ada, "help")
        await (await bot.next_interaction()).response.send_message("help")
        [answer] = [message async for message in room(bot, general.id).history()]
        assert answer.interaction_metadata is not None
        assert (str(answer.interaction_metadata.id), str(answer.interaction_metadata.user.id)) == (used.id, ada.id)


async def test_a_command_of_a_persons_menu_tells_the_person(simulator: DiscordSimulator) -> None:
    general, ada, grace = simulator.channel("general"), simulator.person("Ada"), simulator.person("Grace")
    async with connected(simulator) as bot:
        await register(bot, {"type": 2, "name": "Greet"})
        await simulator.user_command(general, grace, ada, "Greet")
        interaction = await bot.next_interaction()
        assert interaction.data is not None
        assert interaction.data.get("target_id") == grace.id
        resolved = interaction.data.get("resolved")
        assert isinstance(resolved, dict)
        assert (list(resolved["users"]), list(resolved["members"])) == ([grace.id], [grace.id])


async def test_where_only_a_person_installed_the_bot_it_is_told_so_and_may_do_nothing_else(
    simulator: DiscordSimulator,
) -> None:
    ada = simulator.person("Ada")
    elsewhere = simulator.channel("lobby", server=simulator.add_server("Elsewhere"))
    async with connected(simulator) as bot:
        await register(bot, STEWARD | EVERYWHERE)
        assert [guild.name for guild in bot.guilds] == ["Simulated server"]
        await simulator.mention(elsewhere, ada, "unheard")
        await simulator.command(elsewhere, ada, "ask", {"question": "why?"})
        event = await bot.next_event("INTERACTION_CREATE")
        assert (event["context"], event["authorizing_integration_owners"]) == (0, {"1": ada.id})
        assert (event["guild_id"], event["channel_id"]) == (elsewhere.guild_id, elsewhere.id)
        for method, path in [("POST", "messages"), ("GET", "messages"), ("POST", "typing")]:
            with pytest.raises(discord.Forbidden) as caught:
                await request(bot, method, f"/channels/{elsewhere.id}/{path}", {"content": "hello"})
            assert caught.value.code == 50001
        await (await bot.next_interaction()).response.send_message("because")
        assert bot.seen.empty()
    shown = simulator.transcript.messages[-1]
    assert (shown.text, shown.channel) == ("because", elsewhere.id)


async def test_five_follow_ups_are_allowed_where_the_bot_is_not(simulator: DiscordSimulator) -> None:
    ada = simulator.person("Ada")
    places = [simulator.channel("lobby", server=simulator.add_server("Elsewhere")), simulator.channel("general")]
    async with connected(simulator) as bot:
        await register(bot, STEWARD | EVERYWHERE)
        for place in places:
            await simulator.command(place, ada, "help")
            interaction = await bot.next_interaction()
            await interaction.response.send_message("0")
            for number in range(1, 6):
                await follow(interaction, f"{number}")
            if place is places[1]:
                await follow(interaction, "6")
            else:
                with pytest.raises(discord.HTTPException) as caught:
                    await follow(interaction, "6")
                assert caught.value.code == 40094


async def test_between_people_a_command_is_told_with_the_person_alone(simulator: DiscordSimulator) -> None:
    ada, grace = simulator.person("Ada"), simulator.person("Grace")
    private = simulator.between(ada, grace)
    async with connected(simulator) as bot:
        await register(bot, STEWARD | EVERYWHERE)
        await simulator.command(private, ada, "help")
        event = await bot.next_event("INTERACTION_CREATE")
        assert (event["context"], event["authorizing_integration_owners"]) == (2, {"1": ada.id})
        assert isinstance(event["user"], dict)
        assert (event["user"]["id"], "guild_id" in event) == (ada.id, False)
        with pytest.raises(discord.Forbidden) as caught:
            await request(bot, "POST", f"/channels/{private.id}/messages", {"content": "hello"})
        assert caught.value.code == 50001


async def test_a_press_by_another_names_who_installed_the_bot(simulator: DiscordSimulator) -> None:
    ada, grace = simulator.person("Ada"), simulator.person("Grace")
    elsewhere = simulator.channel("lobby", server=simulator.add_server("Elsewhere"))
    async with connected(simulator) as bot:
        await register(bot, STEWARD | EVERYWHERE)
        await simulator.command(elsewhere, ada, "help")
        data: JsonObject = {"content": "help", "components": [row(button())]}
        await respond(await bot.next_interaction(), {"type": 4, "data": data})
        await bot.next_event("INTERACTION_CREATE")
        await simulator.press(simulator.transcript.messages[-1], "stop", grace)
        event = await bot.next_event("INTERACTION_CREATE")
        assert event["authorizing_integration_owners"] == {"1": ada.id}


async def test_where_both_installed_the_bot_both_are_named(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    simulator.install(ada)
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "help")
        event = await bot.next_event("INTERACTION_CREATE")
        assert event["authorizing_integration_owners"] == {"0": simulator.world.guild_id, "1": ada.id}


@pytest.mark.parametrize(
    ("offer", "place"), [({"integration_types": [0]}, "server"), ({"contexts": [0, 1]}, "private")]
)
async def test_a_command_is_not_offered_where_it_is_not_for(
    simulator: DiscordSimulator, offer: JsonObject, place: str
) -> None:
    ada, grace = simulator.person("Ada"), simulator.person("Grace")
    server = simulator.channel("lobby", server=simulator.add_server("Elsewhere"))
    channel = server if place == "server" else simulator.between(ada, grace)
    async with connected(simulator) as bot:
        await register(bot, STEWARD | EVERYWHERE | offer)
        with pytest.raises(ValueError, match="not offered"):
            await simulator.command(channel, ada, "help")


async def test_an_ephemeral_follow_up_is_changed_and_deleted_through_its_token_only(
    simulator: DiscordSimulator,
) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        await interaction.response.send_message("first")
        message_id = (await follow(interaction, "second", flags=1 << 6))["id"]
        with pytest.raises(discord.NotFound) as caught:
            await request(bot, "PATCH", f"/channels/{general.id}/messages/{message_id}", {"content": "x"})
        assert caught.value.code == 10008
        path = f"/webhooks/{interaction.application_id}/{interaction.token}/messages/{message_id}"
        await request(bot, "PATCH", path, {"content": "changed"})
        shown = simulator.transcript.messages[-1]
        assert (shown.text, shown.to) == ("changed", ada.id)
        await request(bot, "DELETE", path)
        assert shown.deleted
        with pytest.raises(discord.NotFound) as gone:
            await request(bot, "PATCH", path, {"content": "x"})
        assert gone.value.code == 10008


async def test_an_expired_token_is_refused(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        await interaction.response.send_message("first")
        simulator.clock.advance(15 * 60)
        with pytest.raises(discord.HTTPException) as caught:
            await follow(interaction, "late")
        assert (caught.value.status, caught.value.code) == (401, 50027)


async def test_a_token_is_of_no_use_before_it_was_answered(simulator: DiscordSimulator) -> None:
    general, ada = simulator.channel("general"), simulator.person("Ada")
    async with connected(simulator) as bot:
        await register(bot, STEWARD)
        await simulator.command(general, ada, "help")
        interaction = await bot.next_interaction()
        with pytest.raises(discord.NotFound) as caught:
            await follow(interaction, "early")
        assert caught.value.code == 10015
