"""The tree of application commands, held against Discord's limits."""

import importlib
import re
from typing import Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bots.discord.commands import is_registered
from bots.discord.tree import MOST_CHARACTERS, MOST_COMMANDS, characters, hint, short, skill_commands, tree, valid_name
from core import skill
from core.config import Config
from core.discovery import discover
from core.messages import Attachment, JsonObject
from core.model import Tool
from core.options import Option
from core.skill import Skill
from tests.inbox import commands

NAME: Final = re.compile(r"[-_'\w]{1,32}")


@skill
def roll(
    sides: int,
    shape: Literal["cube", "ball"] = "cube",
    weight: float = 1.0,
    loaded: bool = False,
    picture: Attachment | None = None,
    labels: list[str] | None = None,
) -> str:
    """Roll one die.

    Args:
        sides: How many there are.
        labels: What is on them.
    """
    return f"{sides} {shape} {weight} {loaded} {picture} {labels}"


def described(*tools: Tool, for_people: bool = True) -> dict[str, JsonObject]:
    return {str(each["name"]): each for each in tree(commands(tools=tools), for_people=for_people)}


def options_of(command: JsonObject) -> list[JsonObject]:
    listed = command.get("options", [])
    assert isinstance(listed, list)
    return [each for each in listed if isinstance(each, dict)]


def with_options(properties: JsonObject, *, name: str = "pick", required: tuple[str, ...] = ()) -> Tool:
    parameters: JsonObject = {"type": "object", "properties": properties, "required": [*required]}
    return Tool(name=name, description="Pick.", parameters=parameters)


def check(command: JsonObject) -> None:
    """Hold a command against the limits of its documentation."""
    assert characters(command) <= MOST_CHARACTERS
    pending = [command] if command.get("type") == 1 else []
    while pending:
        each = pending.pop()
        name, description = each["name"], each["description"]
        assert isinstance(name, str)
        assert isinstance(description, str)
        assert NAME.fullmatch(name), f"not a name: {name!r}"
        assert name == name.lower(), f"not lower case: {name!r}"
        assert 1 <= len(description) <= 100, f"{name}: {description!r}"
        options = options_of(each)
        assert len(options) <= 25
        assert len({str(option["name"]) for option in options}) == len(options)
        needed = [bool(option.get("required")) for option in options]
        assert needed == sorted(needed, reverse=True), "required options come first"
        choices = each.get("choices", [])
        assert isinstance(choices, list)
        assert len(choices) <= 25
        pending += options


def test_a_skill_becomes_a_command_with_typed_options() -> None:
    command = described(Skill.of(roll, topic="test").tool)["roll"]
    assert command == {
        "type": 1,
        "name": "roll",
        "description": "Roll one die.",
        "integration_types": [0, 1],
        "contexts": [0, 1, 2],
        "options": [
            {"type": 4, "name": "sides", "description": "How many there are.", "required": True},
            {
                "type": 3,
                "name": "shape",
                "description": "shape",
                "choices": [{"name": "cube", "value": "cube"}, {"name": "ball", "value": "ball"}],
            },
            {"type": 10, "name": "weight", "description": "weight"},
            {"type": 5, "name": "loaded", "description": "loaded"},
            {"type": 11, "name": "picture", "description": "picture"},
            {"type": 3, "name": "labels", "description": "What is on them (separated by commas)"},
        ],
    }


def test_every_skill_there_is_has_a_command_within_the_limits() -> None:
    tools = discover(importlib.import_module("skills"), Config().skills).tools
    found = tree(commands(tools=tools))
    assert {tool.name for tool in tools} <= {str(each["name"]) for each in found}
    for command in found:
        check(command)


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        ("Roll.\nMore than that.", "Roll."),
        ("Roll one die. " + "Then another. " * 8, "Roll one die. " + "Then another. " * 5 + "Then another."),
        ("x" * 120, "x" * 99 + "…"),
        ("", "pick"),
    ],
)
def test_a_long_description_is_cut_after_a_sentence(description: str, shown: str) -> None:
    tool = Tool(name="pick", description=description, parameters={})
    assert described(tool)["pick"]["description"] == shown


def test_messages_have_the_assistant_in_their_menu() -> None:
    assert described()["Ask Steward"] == {
        "type": 3,
        "name": "Ask Steward",
        "integration_types": [0, 1],
        "contexts": [0, 1, 2],
    }


def test_without_installation_by_people_commands_stay_in_servers_and_with_the_bot() -> None:
    for command in described(for_people=False).values():
        assert (command["integration_types"], command["contexts"]) == ([0], [0, 1])


def test_call_offers_the_skills_as_choices_where_there_are_few() -> None:
    for count, offered in ((25, 25), (26, 0)):
        tools = [Tool(name=f"skill_{number}", description="Do.", parameters={}) for number in range(count)]
        [call] = [each for each in options_of(described(*tools)["steward"]) if each["name"] == "call"]
        skill, arguments, file = options_of(call)
        listed = skill.get("choices", [])
        assert isinstance(listed, list)
        assert len(listed) == offered
        assert (skill["required"], arguments["type"], file["type"]) == (True, 3, 11)


def test_bounds_are_given_as_discord_takes_them() -> None:
    properties: JsonObject = {
        "count": {"type": "integer", "minimum": 0, "maximum": 10**20},
        "share": {"type": "number", "minimum": 0.5},
        "word": {"type": "string", "minLength": 1, "maxLength": 9000},
    }
    count, share, word = options_of(described(with_options(properties))["pick"])
    assert (count["min_value"], count["max_value"]) == (0, 2**53 - 1)
    assert share["min_value"] == 0.5
    assert (word["min_length"], word["max_length"]) == (1, 6000)


def test_too_many_choices_are_left_to_be_typed_and_named_in_the_hint() -> None:
    many: JsonObject = {"type": "string", "enum": [f"c{number}" for number in range(26)], "description": "Which one."}
    [option] = options_of(described(with_options({"which": many}))["pick"])
    assert "choices" not in option
    assert str(option["description"]).startswith("Which one: c0, c1, c2")


def test_a_command_that_says_too_much_loses_its_longest_choices_first() -> None:
    long: JsonValue = [f"{number:02} {'x' * 90}" for number in range(25)]
    properties: JsonObject = {f"option_{number}": {"type": "string", "enum": long} for number in range(3)}
    properties["short"] = {"type": "string", "enum": ["a", "b"]}
    command = described(with_options(properties))["pick"]
    check(command)
    assert ["choices" in option for option in options_of(command)].count(True) == 2, "one of three, and the short one"


def test_at_most_25_options_and_100_commands(caplog: pytest.LogCaptureFixture) -> None:
    many: JsonObject = {f"p{number}": {"type": "string"} for number in range(30)}
    tools = [with_options(many, name=f"skill_{number}", required=("p29",)) for number in range(120)]
    found = tree(commands(tools=tools))
    typed = [each for each in found if each["type"] == 1]
    assert len(typed) == MOST_COMMANDS
    for command in typed:
        check(command)
    assert options_of(typed[1])[0]["name"] == "p29", "the required one is among them"


def test_a_name_that_has_to_be_changed_stays_apart_from_others() -> None:
    for name in ("Roll", "steward", "a" * 33, "a" * 34, "naïve_Été"):
        changed = valid_name(name)
        assert NAME.fullmatch(changed), f"not a name: {changed!r}"
        assert changed != name
        assert changed == changed.lower()
    assert valid_name("a" * 33) != valid_name("a" * 34)
    assert valid_name("draw_chart") == "draw_chart"


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=20))
def test_names_are_valid_and_unique(names: list[str]) -> None:
    changed = [valid_name(name) for name in names]
    assert len(set(changed)) == len(names)
    for name in changed:
        assert NAME.fullmatch(name), f"not a name: {name!r}"


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=40))
def test_hints_fit(help: str, choices: list[str]) -> None:
    said = hint(Option(name="option", kind="text", required=False, help=help, choices=tuple(choices)))
    assert 1 <= len(said) <= 100
    assert short(said) == said


def test_commands_are_found_by_their_names() -> None:
    tool = with_options({"Camel": {"type": "string"}}, name="Shout")
    [command] = skill_commands(commands(tools=[tool])).values()
    assert (command.name, command.tool.name) == (valid_name("Shout"), "Shout")
    assert {name: option.name for name, option in command.options.items()} == {valid_name("Camel"): "Camel"}


WANTED: Final[JsonObject] = {
    "type": 1,
    "name": "roll",
    "description": "Roll.",
    "contexts": [0, 1, 2],
    "options": [
        {"type": 4, "name": "sides", "description": "How many.", "min_value": 0, "required": True},
        {"type": 3, "name": "shape", "description": "Which.", "choices": [{"name": "cube", "value": "cube"}]},
    ],
}
KNOWN: Final[JsonObject] = WANTED | {
    "id": "1",
    "application_id": "2",
    "version": "3",
    "contexts": [2, 0, 1],
    "nsfw": False,
    "default_member_permissions": None,
    "name_localizations": None,
}


def test_what_the_server_adds_is_no_change() -> None:
    assert is_registered([KNOWN], [WANTED])


def test_the_order_of_commands_is_no_change_that_of_options_is() -> None:
    other: JsonObject = {"type": 3, "name": "Ask", "contexts": [0]}
    assert is_registered([other | {"description": ""}, KNOWN], [WANTED, other])
    listed = KNOWN["options"]
    assert isinstance(listed, list)
    assert not is_registered([KNOWN | {"options": listed[::-1]}], [WANTED])


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Other."},
        {"options": []},
        {"contexts": [0, 1]},
        {"type": 3},
        {"name": "other"},
        {"options": [{"type": 4, "name": "sides", "description": "How many.", "required": True}]},
    ],
)
def test_a_difference_either_way_is_a_change(changes: JsonObject) -> None:
    assert not is_registered([KNOWN | changes], [WANTED])
    assert not is_registered([KNOWN], [WANTED | changes])


def test_a_command_too_many_or_too_few_is_a_change() -> None:
    assert not is_registered([], [WANTED])
    assert not is_registered([KNOWN, KNOWN | {"name": "old"}], [WANTED])


def test_a_bound_of_zero_is_not_taken_for_none() -> None:
    bare: JsonObject = {"type": 4, "name": "sides", "description": "How many."}
    bounded: JsonObject = bare | {"min_value": 0}
    assert not is_registered([KNOWN | {"options": [bare]}], [WANTED | {"options": [bounded]}])
