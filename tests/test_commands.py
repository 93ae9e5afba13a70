"""The sub-commands of `/steward`: how they are read, and what those say that need no model."""

import pytest

from bots.commands import Commands, Typed, parse, subcommands
from core.errors import UserError
from core.messages import Conversation, DirectCall, Person
from core.model import Tool

HERE = Conversation(platform="slack", workspace="T1", channel="C1")
ADA = Person(id="U1", name="Ada")
ROLL = Tool(
    name="roll",
    description="Roll one die.\n\nIt is fair.",
    parameters={
        "type": "object",
        "properties": {"sides": {"type": "integer", "minimum": 2}, "label": {"type": "string", "default": ""}},
        "required": ["sides"],
    },
    examples=("roll a die", "throw it"),
)


class Followed:
    """Keeps what the commands asked for."""

    def __init__(self, stopped: int = 0) -> None:
        self.follows: list[tuple[Conversation, bool]] = []
        self.stopped: list[tuple[Conversation, Person]] = []
        self._answers = stopped

    async def forget(self, conversation: Conversation) -> tuple[int, int]:
        return 2, 1

    async def stop(self, conversation: Conversation, person: Person) -> int:
        self.stopped.append((conversation, person))
        return self._answers

    async def follow(self, conversation: Conversation, on: bool) -> None:
        self.follows.append((conversation, on))


def commands(followed: Followed | None = None) -> Commands:
    kept = followed or Followed()
    return Commands(name="Steward", tools=(ROLL,), forget=kept.forget, stop=kept.stop, follow=kept.follow)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", ("help", "")),
        ("  ", ("help", "")),
        ("SKILLS", ("skills", "")),
        ("call roll sides=6", ("call", "roll sides=6")),
        ("follow  on ", ("follow", "on")),
        ("what time is it?", ("ask", "what time is it?")),
        ("ask help", ("ask", "help")),
    ],
)
def test_text_is_a_sub_command_or_a_question(text: str, command: tuple[str, str]) -> None:
    assert parse(text) == command


def test_follow_is_a_command_of_slack_alone() -> None:
    assert "follow" in {command.name for command in subcommands("slack")}
    assert "follow" not in {command.name for command in subcommands("discord")}


def test_a_call_is_read_with_what_is_missing() -> None:
    assert commands().typed('roll sides=6 label="for luck"') == Typed(
        call=DirectCall(skill="roll", arguments={"sides": 6, "label": "for luck"})
    )
    typed = commands().typed("roll label=x")
    assert [option.name for option in typed.missing] == ["sides"]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("", "Say which skill first, then its options: NAME key=value."),
        ("rol sides=6", "There is no skill 'rol'; `skills` lists them."),
        ("roll faces=6", "There is no option 'faces'; the options are sides, label."),
        ("roll sides=1", "sides has to be at least 2."),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(rest: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        commands().typed(rest)
    assert str(caught.value) == said


async def test_help_names_the_commands_of_the_platform() -> None:
    slack = (await commands().run("help", HERE, ADA)).text
    assert "`/steward call SKILL key=value …`" in slack
    assert "`/steward follow on|off`" in slack
    assert "1 skill and" in slack
    assert "follow" not in commands().help("discord").text


async def test_skills_are_listed_with_their_first_line_and_an_example() -> None:
    text = (await commands().run("skills", HERE, ADA)).text
    assert text.splitlines()[1:] == ["- `roll` – Roll one die.", "  e.g. “roll a die”"]


async def test_forgetting_says_what_is_gone() -> None:
    text = (await commands().run("forget", HERE, ADA)).text
    assert text == "Forgotten in this channel: 2 turns and 1 file."


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "I am not working for you here."), (1, "Stopped: 1 answer."), (2, "Stopped: 2 answers.")],
)
async def test_stopping_says_how_much_was_stopped(number: int, said: str) -> None:
    followed = Followed(stopped=number)
    assert (await commands(followed).run("stop", HERE, ADA)).text == said
    assert followed.stopped == [(HERE, ADA)]


@pytest.mark.parametrize(("rest", "on"), [("on", True), ("OFF", False)])
async def test_threads_are_followed_or_not(rest: str, on: bool) -> None:
    followed = Followed()
    await commands(followed).run("follow", HERE, ADA, rest)
    assert followed.follows == [(HERE, on)]


async def test_following_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(UserError, match="Say `follow on` or `follow off`"):
        await commands().run("follow", HERE, ADA, "maybe")
