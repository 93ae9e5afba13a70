"""Skills: marked, offered, called; what goes wrong is a result that the model can act on, and in the log in full."""

import asyncio
import dataclasses
import enum
import functools
import inspect
import json
import logging
import sys
import threading
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from core import Attachment, Context, Reply, SkillError, skill
from core.errors import OperatorError, SkillAbortedError, SkillDefinitionError
from core.items import Call
from core.messages import JsonObject
from core.returned import as_reply
from core.skill import Outcome, Skill, Skillset, options_of
from core.unicode import well_formed
from tests.house import Threads
from tests.shelf import CONTEXT, PICTURE, TEXT


def skillset(*functions: Callable[..., object], settings: dict[str, dict[str, JsonValue]] | None = None) -> Skillset:
    return Skillset(tuple(Skill.of(function, topic="test") for function in functions), settings, Threads())


async def call(function: Callable[..., object], arguments: str = "{}") -> Outcome:
    """Call a function as a model does."""
    return await skillset(function).call(Call(id="c1", name=function.__name__, arguments=arguments), CONTEXT)


async def returned(value: object) -> Outcome:
    """Call a skill that returns this value."""

    @skill
    async def give() -> object:
        """Give."""
        return value

    return await call(give)


@skill
def roll(sides: int = 6) -> int:
    """Roll one die.

    Args:
        sides: how many it has.

    Examples:
        roll a die
    """
    return sides


@skill(timeout=5)
async def greet(name: str, context: Context) -> str:
    """Greet somebody."""
    return f"{name}, {context.person.name} says hello"


# Marking


def test_a_marked_function_stays_what_it_was() -> None:
    def plain(sides: int = 6) -> int:
        """Roll."""
        return sides

    marked = skill(plain)

    assert marked is plain
    assert marked(8) == 8
    assert str(inspect.signature(marked)) == "(sides: int = 6) -> int"


def test_options_are_given_in_parentheses_or_by_default() -> None:
    options, by_default = options_of(greet), options_of(roll)

    assert options is not None
    assert by_default is not None
    assert (options.timeout, by_default.timeout) == (5, 60)


def test_what_was_not_marked_is_no_skill() -> None:
    assert options_of(print) is None
    assert options_of(test_what_was_not_marked_is_no_skill) is None


def test_a_class_cannot_be_marked() -> None:
    with pytest.raises(SkillDefinitionError, match=r"tests\.test_skill: @skill marks functions, and .*Die.* is none"):

        @skill
        class Die:
            """Not a function."""


def test_a_plain_function_cannot_be_said_not_to_block() -> None:
    def work() -> str:
        """Work."""
        return "done"

    with pytest.raises(SkillDefinitionError, match=r"test_skill\.py:\d+: skill work is not async"):
        skill(blocking=False)(work)


def test_a_cached_function_cannot_be_marked_without_notice() -> None:
    with pytest.raises(SkillDefinitionError, match="@skill marks functions"):

        @skill
        @functools.cache
        def cached() -> int:
            """Count."""
            return 1


# Offering


def test_a_skill_is_offered_by_name_description_schema_and_examples() -> None:
    tool = Skill.of(roll, topic="test").tool

    assert tool.name == "roll"
    assert tool.description == "Roll one die."
    assert tool.parameters["properties"] == {
        "sides": {"type": "integer", "default": 6, "description": "how many it has."}
    }
    assert tool.examples == ("roll a die",)


def test_skills_are_offered_sorted_by_name() -> None:
    assert [tool.name for tool in skillset(roll, greet).tools] == ["greet", "roll"]


def undocumented() -> None:
    pass


def only_sections() -> None:
    """
    Returns:
        Nothing.
    """


def größe() -> None:
    """Measure."""


def unhinted(value) -> None:  # type: ignore[no-untyped-def]  # that is the point
    """Take anything."""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (undocumented, "skill undocumented needs a docstring that says what it does"),
        (only_sections, "skill only_sections needs a docstring that says what it does"),
        (größe, "skill größe needs a name of at most 64 ASCII letters and digits"),
        (unhinted, "skill unhinted needs a type hint for its parameter value"),
    ],
)
def test_a_skill_that_cannot_be_offered_is_named_with_file_and_line(function: types.FunctionType, reason: str) -> None:
    with pytest.raises(SkillDefinitionError) as error:
        Skill.of(skill(function), topic="test")

    assert str(error.value) == f"{__file__}:{function.__code__.co_firstlineno}: {reason}"


def test_two_skills_of_one_name_are_named_with_both_places() -> None:
    first = Skill.of(roll, topic="test")
    second = dataclasses.replace(first, place="other.py:3")

    with pytest.raises(SkillDefinitionError) as error:
        Skillset((first, second))

    assert str(error.value) == f"other.py:3: there is a skill roll already, at {first.place}"


# Calling


async def test_an_async_skill_is_called_with_its_arguments_and_the_context() -> None:
    assert await call(greet, '{"name": "Ben"}') == Outcome(reply=Reply(text="Ben, Ana says hello"))


@skill
def where() -> str:
    """Say where it runs."""
    return threading.current_thread().name


@skill(blocking=True)
async def where_async() -> str:
    """Say where it runs, which is where the blocking ones do."""
    return threading.current_thread().name


class Telling:
    """Says what it was given instead of running it."""

    async def run(self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context) -> Reply:
        return Reply(text=f"{skill.tool.name} {given} {list(files)} {context.person.name}")


@skill
def size_of(file: Attachment, title: str = "") -> int:
    """Measure."""
    return len(file.content or b"")


@pytest.mark.parametrize(
    ("function", "arguments", "told"),
    [
        (where, "", "where {} [] Ana"),
        (where_async, "", "where_async {} [] Ana"),
        (size_of, '{"file": "f1", "title": "a"}', "size_of {'file': 'f1', 'title': 'a'} ['f1'] Ana"),
        (greet, '{"name": "Ben"}', "Ben, Ana says hello"),
    ],
)
async def test_a_blocking_skill_and_no_other_is_given_to_the_runner(
    function: Callable[..., object], arguments: str, told: str
) -> None:
    skills = skillset(function).with_runner(Telling())

    outcome = await skills.call(Call(id="c1", name=function.__name__, arguments=arguments), CONTEXT)
    assert outcome == Outcome(reply=Reply(text=told))


async def test_without_a_runner_a_blocking_skill_is_not_run() -> None:
    skills = Skillset((Skill.of(where, topic="test"),))

    assert await skills.call(Call(id="c1", name="where", arguments=""), CONTEXT) == Outcome(
        reply=Reply(text="Error: where needs a process to run in, and there are none here."), ok=False
    )


async def test_skills_are_given_a_runner_later() -> None:
    skills = Skillset((Skill.of(where, topic="test"),)).with_runner(Threads())

    assert (await skills.call(Call(id="c1", name="where", arguments=""), CONTEXT)).reply.text == "skill where"


def test_what_is_preloaded_is_what_blocking_skills_are_and_name() -> None:
    @skill(preload=("json", "csv"))
    def first() -> None:
        """Do."""

    @skill(blocking=True, preload=("csv", "wave"))
    async def second() -> None:
        """Do."""

    @skill(preload=("zlib",))
    async def third() -> None:
        """Do."""

    assert skillset(first, second, third).preload == (__name__, "json", "csv", "wave")
    assert skillset(third).preload == ()


async def test_defaults_are_filled_in() -> None:
    assert await call(roll) == Outcome(reply=Reply(text="6"))


@pytest.mark.parametrize("nothing", ["", " ", "{}"])
async def test_no_arguments_may_be_written_as_nothing(nothing: str) -> None:
    assert await call(roll, nothing) == Outcome(reply=Reply(text="6"))


async def test_an_optional_context_is_filled_in() -> None:
    @skill
    def who(context: Context | None = None) -> str:
        """Say who asks."""
        return context.person.name if context else "nobody"

    assert await call(who) == Outcome(reply=Reply(text="Ana"))


async def test_a_skill_has_the_settings_of_its_topic_only() -> None:
    @skill
    def show(context: Context) -> JsonValue:
        """Show the settings."""
        return dict(context.settings)

    skills = skillset(show, settings={"test": {"key": "k1"}, "other": {"key": "k2"}})

    assert (await skills.call(Call(id="c1", name="show", arguments="{}"), CONTEXT)).reply.text == '{"key":"k1"}'


class Parcel(TypedDict):
    files: list[Attachment]


async def test_file_ids_become_files_at_any_depth() -> None:
    @skill
    def name_all(
        one: Attachment, many: list[Attachment], named: dict[str, Attachment], parcel: Parcel, none: Attachment | None
    ) -> str:
        """Name files."""
        assert none is None
        return " ".join(file.filename for file in (one, *many, *named.values(), *parcel["files"]))

    outcome = await call(
        name_all,
        '{"one": "f1", "many": ["f2", "f1"], "named": {"a": "f2"}, "parcel": {"files": ["f2"]}, "none": null}',
    )

    assert outcome == Outcome(reply=Reply(text="a.png a.txt a.png a.txt a.txt"))


async def test_a_file_that_is_not_there_is_an_error_for_the_model() -> None:
    @skill
    def size(file: Attachment) -> int:
        """Measure."""
        raise AssertionError("must not run")

    outcome = await call(size, '{"file": "../etc/passwd"}')

    assert outcome == Outcome(
        reply=Reply(text="Error: There is no file '../etc/passwd' in this conversation."), ok=False
    )


async def test_sync_skills_that_hang_do_not_keep_others_waiting() -> None:
    release = threading.Event()

    @skill
    def hang() -> None:
        """Hang."""
        release.wait(5)

    hanging = [asyncio.create_task(call(hang)) for _ in range(40)]
    try:
        async with asyncio.timeout(2):
            assert await call(roll) == Outcome(reply=Reply(text="6"))
            await asyncio.to_thread(int)
    finally:
        release.set()
        await asyncio.gather(*hanging)


# What goes wrong


MUST_NOT_RUN = "the skill ran"


@skill
def touchy(value: int = 0) -> None:
    """Fail when it is run."""
    raise AssertionError(MUST_NOT_RUN)


@pytest.mark.parametrize(
    "arguments",
    ['{"value": 1', "value=1", '{"value": NaN}', "{'value': 1}", '{"value": "\\ud800"}', "[" * 100_000, "\ud800"],
    ids=range(7),
)
async def test_f27_malformed_arguments_are_an_error_and_the_skill_does_not_run(arguments: str) -> None:
    outcome = await call(touchy, arguments)

    assert not outcome.ok
    assert outcome.reply.text.startswith("Error: The arguments are not valid JSON (")
    assert len(outcome.reply.text) < 300, "the echo is not short"


@pytest.mark.parametrize("arguments", ["[]", "null", "1", '"value"', "[" + "1," * 50_000 + "1]"], ids=range(5))
async def test_f28_arguments_that_are_no_object_are_an_error_with_a_short_echo(arguments: str) -> None:
    outcome = await call(touchy, arguments)

    assert outcome.reply.text == f"Error: The arguments have to be a JSON object, got: {arguments[:80]!r}"
    assert not outcome.ok


async def test_f28_huge_arguments_are_an_error_with_a_short_echo() -> None:
    outcome = await call(touchy, json.dumps({"value": "x" * 200_000}))

    assert outcome.reply.text.startswith("Error: The arguments have 200013 characters; at most 200000 are read: ")
    assert len(outcome.reply.text) < 300, "the echo is not short"
    assert not outcome.ok


async def test_f29_an_unknown_skill_is_an_error_that_lists_the_skills() -> None:
    outcome = await skillset(roll, greet).call(Call(id="c1", name="rol", arguments="{}"), CONTEXT)

    assert outcome == Outcome(
        reply=Reply(text="Error: There is no skill 'rol'. Did you mean roll? There are: greet, roll."), ok=False
    )


async def test_an_unknown_name_is_echoed_shortly() -> None:
    outcome = await skillset(roll).call(Call(id="c1", name="x" * 10_000, arguments="{}"), CONTEXT)

    assert len(outcome.reply.text) < 200


async def test_invalid_arguments_are_an_error_and_the_skill_does_not_run() -> None:
    outcome = await call(touchy, '{"value": "many", "colour": 1}')

    assert not outcome.ok
    assert outcome.reply.text == (
        "Error: The arguments are not valid. value: Input should be a valid integer, unable to parse string as an "
        "integer, got 'many'; colour: there is no such argument"
    )


async def test_a_skill_error_is_its_sentence() -> None:
    @skill
    def refuse() -> None:
        """Refuse."""
        raise SkillError("The moon is not visible.")

    assert await call(refuse) == Outcome(reply=Reply(text="Error: The moon is not visible."), ok=False)


@skill
def fail() -> None:
    """Fail."""
    raise ValueError("the flux is low")


@skill
async def fail_later() -> None:
    """Fail in a coroutine."""
    raise ValueError("the flux is low")


@pytest.mark.parametrize("function", [fail, fail_later])
async def test_what_a_skill_raises_is_told_to_the_model(function: Callable[..., object]) -> None:
    outcome = await call(function)

    assert outcome == Outcome(
        reply=Reply(text=f"Error: {function.__name__} failed: ValueError: the flux is low"), ok=False
    )


@pytest.mark.parametrize("function", [fail, fail_later])
async def test_what_a_skill_raises_is_logged_in_full(
    function: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    await call(function)

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().endswith(f"] {function.__name__} (call c1) failed")
    assert record.exc_info is not None
    assert "the flux is low" in caplog.text
    assert f"in {function.__name__}" in caplog.text, "the traceback does not reach the skill's own line"


@pytest.mark.parametrize("arguments", ['{"value": "many"}', "{", '{"value": 1, "x": 2}'])
async def test_refused_arguments_are_logged_by_their_size(arguments: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="steward.skill"):
        await call(touchy, arguments)

    assert [record.getMessage() for record in caplog.records] == [
        f"touchy (call c1) is called with {len(arguments)} characters",
        "touchy (call c1) was refused",
    ]


async def test_an_unknown_skill_is_logged_without_the_name_that_the_model_made_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await skillset(roll).call(Call(id="c1", name="rol", arguments="{}"), CONTEXT)

    assert [record.getMessage() for record in caplog.records] == ["no skill (call c1) was refused"]


@skill
def leave() -> None:
    """Leave the program."""
    sys.exit(3)


@skill
async def leave_later() -> None:
    """Leave the program from a coroutine."""
    sys.exit(3)


@skill
def run_out() -> None:
    """Ask an empty iterator."""
    next(iter(()))


@skill
async def cancel_itself() -> None:
    """Wait for something that was cancelled."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


@pytest.mark.parametrize("function", [leave, leave_later, run_out, cancel_itself])
async def test_not_even_an_exception_with_a_meaning_of_its_own_gets_out(function: Callable[..., object]) -> None:
    async with asyncio.timeout(2):
        outcome = await call(function)

    assert not outcome.ok
    assert outcome.reply.text.startswith(f"Error: {function.__name__} failed: ")


async def test_a_cancelled_call_is_cancelled() -> None:
    started = asyncio.Event()

    @skill
    async def wait() -> None:
        """Wait."""
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(call(wait))
    await started.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


@skill(timeout=0.02)
async def linger() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def test_a_skill_that_takes_too_long_is_stopped() -> None:
    assert await call(linger) == Outcome(
        reply=Reply(text="Error: linger took longer than 0.02 s and was stopped."), ok=False
    )


async def test_a_time_out_of_the_skill_itself_is_not_taken_for_ours() -> None:
    @skill
    async def connect() -> None:
        """Connect."""
        raise TimeoutError("no answer from the printer")

    outcome = await call(connect)

    assert outcome.reply.text == "Error: connect failed: TimeoutError: no answer from the printer"


UNKNOWN = "whether it did what it was asked is unknown. Do not call it again: tell the person."


@skill(effects="outside", timeout=0.02)
async def post_slowly() -> None:
    """Post for ever."""
    await asyncio.Event().wait()


@skill(effects="posts")
async def post_and_fail() -> None:
    """Post and fail."""
    raise ValueError("the flux is low")


@skill(effects="posts")
async def post_and_cancel() -> None:
    """Post and wait for something that was cancelled."""
    await cancel_itself()


@skill(effects="outside")
def post_and_abort() -> None:
    """Post and be cut off."""
    raise SkillAbortedError("The line is dead.")


@skill(effects="outside")
async def post_and_leave() -> None:
    """Post and leave the program."""
    sys.exit(3)


@skill(effects="outside")
async def post_and_return_nonsense() -> object:
    """Post and return what cannot be written."""
    return object()


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (post_slowly, "post_slowly took longer than 0.02 s and was stopped"),
        (post_and_fail, "post_and_fail failed: ValueError: the flux is low"),
        (post_and_cancel, "post_and_cancel failed: CancelledError: "),
        (post_and_abort, "The line is dead"),
        (post_and_leave, "post_and_leave failed: SystemExit: 3"),
        (
            post_and_return_nonsense,
            "The skill returned a object, which is neither text, JSON nor a file",
        ),
    ],
)
async def test_f50_of_a_skill_with_effects_that_was_cut_off_the_outcome_is_unknown(
    function: Callable[..., object], reason: str
) -> None:
    assert await call(function) == Outcome(reply=Reply(text=f"Error: {reason}; {UNKNOWN}"), ok=False, unknown=True)


@skill(effects="posts")
async def post_nothing(text: str = "") -> None:
    """Refuse to post."""
    raise SkillError("There is nothing to post.")


@pytest.mark.parametrize("arguments", ["{}", '{"text": 3}', "{", '{"to": "all"}'])
async def test_f50_of_a_skill_with_effects_that_refused_the_outcome_is_known(arguments: str) -> None:
    outcome = await call(post_nothing, arguments)

    assert not outcome.ok
    assert not outcome.unknown
    assert UNKNOWN not in outcome.reply.text


@skill(effects="posts")
async def post_file(file: Attachment) -> None:
    """Post a file."""


class BrokenShelf:
    """A shelf that falls down."""

    async def get(self, file_id: str) -> Attachment | None:
        raise OperatorError("The folder cannot be read.")

    async def latest(self, kind: str) -> Attachment | None:
        raise AssertionError


async def test_f50_a_skill_with_effects_whose_file_could_not_be_read_is_known_not_to_have_run() -> None:
    context = dataclasses.replace(CONTEXT, files=BrokenShelf())

    assert await skillset(post_file).call(
        Call(id="c1", name="post_file", arguments='{"file": "f1"}'), context
    ) == Outcome(reply=Reply(text="Error: post_file was not run: The folder cannot be read."), ok=False)


@skill(effects="local", timeout=0.02)
async def note_slowly() -> None:
    """Note something down for ever."""
    await asyncio.Event().wait()


async def test_a_skill_that_may_be_run_again_has_no_unknown_outcome() -> None:
    assert not (await call(note_slowly)).unknown


# What it returns


class Colour(enum.Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Point:
    x: int


class Model(BaseModel):
    y: int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        (None, "Done."),
        (3, "3"),
        (True, "true"),
        ([1, "a", None], '[1,"a",null]'),
        ({"a": {"b": 1.5}}, '{"a":{"b":1.5}}'),
        ((1, 2), "[1,2]"),
        (Point(1), '{"x":1}'),
        ([Point(1)], '[{"x":1}]'),
        (Model(y=2), '{"y":2}'),
        (Colour.RED, '"red"'),
        (date(2026, 2, 3), '"2026-02-03"'),
        (Decimal("1.20"), '"1.20"'),
        (float("nan"), '"NaN"'),
        ({"a": float("inf")}, '{"a":"Infinity"}'),
        ({1: "a"}, '{"1":"a"}'),
        ("größer 字", "größer 字"),
        ({"a": "größer"}, '{"a":"größer"}'),
    ],
)
async def test_text_is_given_as_it_is_and_everything_else_as_json(value: object, text: str) -> None:
    assert await returned(value) == Outcome(reply=Reply(text=text))


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        (PICTURE, Reply(attachments=(PICTURE,))),
        ([PICTURE, TEXT], Reply(attachments=(PICTURE, TEXT))),
        (("Here.", PICTURE, {"n": 1}), Reply(text='Here.\n{"n":1}', attachments=(PICTURE,))),
        (Reply(text="Here.", attachments=(TEXT,)), Reply(text="Here.", attachments=(TEXT,))),
        (["a", Reply(text="b", attachments=(TEXT,))], Reply(text="a\nb", attachments=(TEXT,))),
    ],
)
async def test_files_travel_beside_the_text(value: object, reply: Reply) -> None:
    assert await returned(value) == Outcome(reply=reply)


def endless() -> list[object]:
    inside: list[object] = []
    inside.append(inside)
    return inside


def breaking() -> Iterator[int]:
    yield 1
    raise RuntimeError("broken")


async def async_numbers() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "a object, which is neither text, JSON nor a file"),
        (async_numbers(), "a async_generator, which is neither text, JSON nor a file"),
        ({"a": object()}, "a dict, which is neither text, JSON nor a file"),
        (endless(), "a list, which is neither text, JSON nor a file"),
        (breaking(), "a generator, which is neither text, JSON nor a file"),
        (b"abc", "bytes; only an Attachment says what kind of file they are"),
        (b"\xff", "bytes; only an Attachment says what kind of file they are"),
    ],
)
async def test_what_cannot_be_written_is_an_error_for_the_model(value: object, reason: str) -> None:
    assert await returned(value) == Outcome(reply=Reply(text=f"Error: The skill returned {reason}."), ok=False)


async def test_a_coroutine_from_a_sync_wrapper_is_awaited() -> None:
    async def inner() -> str:
        return "inside"

    @skill
    def outer() -> object:
        """Wrap."""
        return inner()

    assert await call(outer) == Outcome(reply=Reply(text="inside"))


@given(st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)))
def test_whatever_is_json_comes_through_unharmed(value: JsonValue) -> None:
    assert json.loads(as_reply(value).text) == value


async def test_half_a_character_is_replaced_because_nothing_could_store_it() -> None:
    assert (await returned("a\ud83d")).reply.text == "a\ufffd"


@given(st.text())
def test_well_formed_text_is_not_changed(text: str) -> None:
    assert well_formed(text) == text


@given(st.text(st.characters(categories=["Cs", "L"])))
def test_any_text_becomes_well_formed(text: str) -> None:
    formed = well_formed(text)

    assert formed.encode().decode() == formed, "it cannot be written as UTF-8"


def test_a_character_in_two_halves_is_joined() -> None:
    assert well_formed("\ud83d" + "\ude00") == "😀"
