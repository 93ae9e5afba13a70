"""The sub-commands of `/steward`: how they are read, and what those say that need no model."""

from dataclasses import replace

import pytest

from bots.commands import Commands, Typed, parse, typed_as
from core.errors import UserError
from core.messages import Audience, Conversation, DirectCall, Message, Person, Reply
from core.model import Tool

HERE = Conversation(platform="slack", workspace="T1", channel="C1")
ADA = Person(id="U1", name="Ada")
USED = Message(
    id="slack/T1/C1/1.1",
    conversation=HERE,
    audience=Audience(scope="workspace", id="slack/T1"),
    author=ADA,
    text="",
)
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
        self.stopped: list[tuple[Conversation, Person]] = []
        self._answers = stopped

    async def forget(self, used: Message, rest: str) -> Reply:
        return Reply(text=f"forgotten in {used.conversation.channel} as {used.author.name} said {rest}")

    async def stop(self, conversation: Conversation, person: Person) -> int:
        self.stopped.append((conversation, person))
        return self._answers


def commands(followed: Followed | None = None) -> Commands:
    kept = followed or Followed()
    return Commands(
        name="Steward", tools=(ROLL,), stop=kept.stop, handlers={"memory": kept.forget, "forget": kept.forget}
    )


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


async def test_help_names_the_commands() -> None:
    text = (await commands().run("help", USED)).text
    assert "`/steward call SKILL key=value …`" in text
    assert "`/steward follow on|off`" in text
    assert "1 skill and" in text


async def test_skills_are_listed_with_their_first_line_and_an_example() -> None:
    text = (await commands().run("skills", USED)).text
    assert text.splitlines()[1:] == ["- `roll` – Roll one die.", "  e.g. “roll a die”"]


async def test_other_commands_are_handed_where_and_by_whom_they_are_used_and_what_follows() -> None:
    assert (await commands().run("memory", USED, "please")).text == "forgotten in C1 as Ada said please"


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "I am not working for you here."), (1, "Stopped: 1 answer."), (2, "Stopped: 2 answers.")],
)
async def test_stopping_says_how_much_was_stopped(number: int, said: str) -> None:
    followed = Followed(stopped=number)
    assert (await commands(followed).run("stop", USED)).text == said
    assert followed.stopped == [(HERE, ADA)]


@pytest.mark.parametrize("command", ["forget", "forget-me", "my-data", "unlink"])
async def test_what_cannot_be_undone_takes_nothing_after_it(command: str) -> None:
    handlers = {command: Followed().forget}
    answering = Commands(name="Steward", tools=(), stop=Followed().stop, handlers=handlers)
    with pytest.raises(UserError, match=f"`/steward {command}` takes nothing after it"):
        await answering.run(command, USED, "me")
    assert (await answering.run(command, USED, " ")).text


def test_a_command_is_typed_as_its_platform_has_it() -> None:
    typing = replace(USED, conversation=replace(HERE, platform="terminal"))
    assert (typed_as(USED, "memory"), typed_as(typing, "memory")) == ("`/steward memory`", "`/memory`")
