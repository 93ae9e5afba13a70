"""Skills: functions marked with `@skill`, how they are offered to a model, and how they are called."""

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final, ParamSpec, TypeVar, cast, overload

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_json

from core import docstring, signature
from core.context import Context
from core.errors import SkillDefinitionError, SkillError
from core.items import Call
from core.messages import Attachment, Reply
from core.model import Tool
from core.signature import FileId, Signature

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("steward.skill")

LONGEST_ARGUMENTS: Final = 200_000
"""Characters of arguments that are read; more is a model gone astray."""

_MARK: Final = "__steward_skill__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `@skill` says of a function; `timeout` in seconds."""

    timeout: float = 60.0


@overload
def skill(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def skill(*, timeout: float = 60.0) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def skill(
    function: Callable[P, R] | None = None, /, *, timeout: float = 60.0
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as a skill; the function stays what it is.

    Args:
        function: with type hints and a Google-style docstring.
        timeout: seconds after which the model is told that the skill took too long.
    """
    options = Options(timeout=timeout)

    def mark(marked: Callable[P, R]) -> Callable[P, R]:
        setattr(marked, _MARK, options)
        return marked

    return mark if function is None else mark(function)


def options_of(candidate: object) -> Options | None:
    """Return what `@skill` said of an object, None where it is not a skill."""
    return cast("Options | None", getattr(candidate, _MARK, None)) if inspect.isfunction(candidate) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill ready to be called.

    Attributes:
        topic: the module it is in; names its part of the configuration, `skills.<topic>`.
        place: "file:line" of the function.
    """

    tool: Tool
    function: Callable[..., object]
    signature: Signature
    options: Options
    topic: str
    place: str

    @classmethod
    def of(cls, function: Callable[..., object], *, topic: str) -> "Skill":
        """Read a marked function.

        Raises:
            SkillDefinitionError: a hint or the docstring is missing.
        """
        place = signature.place(function)
        options = options_of(function)
        assert options is not None, f"{place}: not marked with @skill"
        if not (function.__doc__ or "").strip():
            raise SkillDefinitionError(f"{place}: skill {function.__name__} needs a docstring that says what it does")
        parsed = docstring.parse(function.__doc__ or "")
        read = signature.read(function, parsed)
        tool = Tool(
            name=function.__name__,
            description=parsed.description,
            parameters=read.parameters,
            examples=parsed.examples,
        )
        return cls(tool=tool, function=function, signature=read, options=options, topic=topic, place=place)

    async def call(self, arguments: dict[str, JsonValue], context: Context) -> Reply:
        """Check the arguments, run the function and make a `Reply` of what it returns.

        Raises:
            SkillError: the arguments are not valid, it took too long, or the function said so.
            Exception: whatever else the function raised.
        """
        values = self.signature.validate(arguments)
        values = {name: await _with_files(value, context) for name, value in values.items()}
        if self.signature.context:
            values[self.signature.context] = context
        try:
            async with asyncio.timeout(self.options.timeout):
                return as_reply(await self._run(values))
        except TimeoutError as error:
            raise SkillError(
                f"{self.tool.name} took longer than {self.options.timeout:g} s and was given up."
            ) from error

    async def _run(self, values: dict[str, object]) -> object:
        if inspect.iscoroutinefunction(self.function):
            return await cast("Awaitable[object]", self.function(**values))
        return await asyncio.to_thread(self.function, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a call: `reply.text` is for the model, and an error it can act on unless `ok`."""

    reply: Reply
    ok: bool = True


class Skillset:
    """All skills, by name.

    Args:
        skills: of different names.
        settings: the configuration's `skills`, by topic.

    Raises:
        SkillDefinitionError: two skills have one name.
    """

    def __init__(
        self, skills: tuple[Skill, ...], settings: Mapping[str, Mapping[str, JsonValue]] | None = None
    ) -> None:
        self._skills: dict[str, Skill] = {}
        self._settings = settings or {}
        for added in skills:
            other = self._skills.setdefault(added.tool.name, added)
            if other is not added:
                raise SkillDefinitionError(
                    f"{added.place}: there is a skill {added.tool.name} already, at {other.place}"
                )
        self.tools: tuple[Tool, ...] = tuple(self._skills[name].tool for name in sorted(self._skills))

    async def call(self, call: Call, context: Context) -> Outcome:
        """Carry out a model's call; whatever goes wrong is an outcome for the model, and in the log in full."""
        try:
            wanted = self._find(call.name)
            arguments = _arguments(call)
            settings = self._settings.get(wanted.topic, {})
            return Outcome(reply=await wanted.call(arguments, replace(context, settings=settings)))
        except SkillError as error:
            log.info("%s (call %s) was refused: %s", call.name, call.id, error)
            return Outcome(reply=Reply(text=f"Error: {error}"), ok=False)
        except Exception as error:
            log.exception("%s (call %s) failed", call.name, call.id)
            return Outcome(reply=Reply(text=f"Error: {call.name} failed: {type(error).__name__}: {error}"), ok=False)

    def _find(self, name: str) -> Skill:
        found = self._skills.get(name)
        if found is None:
            close = get_close_matches(name, self._skills, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise SkillError(f"There is no skill {name[:80]!r}.{hint} There are: {', '.join(sorted(self._skills))}.")
        return found


def _arguments(call: Call) -> dict[str, JsonValue]:
    if len(call.arguments) > LONGEST_ARGUMENTS:
        raise SkillError(f"The arguments have {len(call.arguments)} characters; at most {LONGEST_ARGUMENTS} are read.")
    try:
        arguments: JsonValue = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise SkillError(f"The arguments are not valid JSON ({error}): {call.arguments[:80]!r}") from error
    if not isinstance(arguments, dict):
        raise SkillError(f"The arguments have to be a JSON object, got: {call.arguments[:80]!r}")
    return arguments


async def _with_files(value: object, context: Context) -> object:
    """Exchange file ids for the files."""
    if isinstance(value, list):
        return [await _with_files(element, context) for element in value]
    if not isinstance(value, FileId):
        return value
    attachment = await context.files.get(value)
    if attachment is None:
        raise SkillError(f"There is no file {str(value)[:80]!r} in this conversation.")
    return attachment


def as_reply(value: object) -> Reply:
    """Make a `Reply` of what a skill returned: text, anything JSON, an `Attachment`, a list with some, or a `Reply`.

    Raises:
        SkillError: it is none of these.
    """
    match value:
        case Reply():
            return value
        case Attachment():
            return Reply(attachments=(value,))
        case str():
            return Reply(text=value)
        case None:
            return Reply(text="Done.")
        case list() | tuple() if any(isinstance(element, Attachment) for element in value):
            replies = [as_reply(element) for element in value]
            text = "\n".join(reply.text for reply in replies if reply.text)
            return Reply(text=text, attachments=tuple(file for reply in replies for file in reply.attachments))
    try:
        return Reply(text=to_json(value, inf_nan_mode="strings").decode())
    except (PydanticSerializationError, UnicodeDecodeError) as error:
        raise SkillError(
            f"The skill returned a {type(value).__name__}, which is neither text, JSON nor a file."
        ) from error
