"""Skills: functions marked with `@skill`, how they are offered to a model, and how they are called."""

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from pydantic import JsonValue

from core import arguments, docstring, signature
from core.context import Context
from core.doubts import ADVICE
from core.errors import OperatorError, SkillAbortedError, SkillDefinitionError, SkillError
from core.incident import incident, sentence
from core.items import Call
from core.messages import Attachment, JsonObject, Reply
from core.model import Tool
from core.returned import as_reply
from core.signature import Signature
from core.unicode import well_formed

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("steward.skill")

Effects: TypeAlias = Literal["none", "local", "posts", "outside"]
"""What a skill changes: nothing; what Steward keeps itself; what people see in a chat; something anywhere else.

The first two may be run again after a crash. The others are not: whether one that was under way was done is unknown.
"""

_MARK: Final = "__steward_skill__"
_DURATION: Final = re.compile(r"[1-9][0-9]{0,5}[smhd]")
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `@skill` says of a function.

    Attributes:
        timeout: in seconds.
        effects: what it changes.
        blocking: it runs in a worker process; every function that is not `async` does.
        preload: modules that worker processes import before it is called.
        cache: seconds for which a result may be used again; 0 for none.
        shadowed: "file:line" of an earlier skill of the same name in the same module, which this one hides.
    """

    timeout: float = 60.0
    effects: Effects = "none"
    blocking: bool = True
    preload: tuple[str, ...] = ()
    cache: float = 0.0
    shadowed: str | None = None


@overload
def skill(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def skill(
    *,
    timeout: float = 60.0,
    effects: Effects = "none",
    blocking: bool | None = None,
    preload: Sequence[str] = (),
    cache: str = "",
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def skill(
    function: Callable[P, R] | None = None,
    /,
    *,
    timeout: float = 60.0,
    effects: Effects = "none",
    blocking: bool | None = None,
    preload: Sequence[str] = (),
    cache: str = "",
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as a skill; the function stays what it is.

    Args:
        function: with type hints and a Google-style docstring.
        timeout: seconds after which the model is told that the skill took too long.
        effects: what the skill changes; one with effects in a chat or outside is never run twice for one call.
        blocking: run it in a worker process; by default that is done with every function that is not `async`.
        preload: names of modules that take long to import, which worker processes import at the start.
        cache: how long a result may be used again for the same person, arguments and place: "30m", "1h", "7d".

    Raises:
        SkillDefinitionError: it is a class or another object that is no function, would block the event loop, or is to
            be cached for no time that can be read or although it changes something.
    """

    def mark(marked: Callable[P, R]) -> Callable[P, R]:
        if not inspect.isfunction(marked):
            raise SkillDefinitionError(f"{marked.__module__}: @skill marks functions, and {marked!r} is none")
        if blocking is False and not inspect.iscoroutinefunction(marked):
            raise SkillDefinitionError(
                f"{signature.place(marked)}: skill {marked.__name__} is not async, so it cannot be blocking=False"
            )
        earlier: object = marked.__globals__.get(marked.__qualname__)
        shadowed = signature.place(earlier) if inspect.isfunction(earlier) and options_of(earlier) else None
        options = Options(
            timeout=timeout,
            effects=effects,
            blocking=not inspect.iscoroutinefunction(marked) if blocking is None else blocking,
            preload=tuple(preload),
            cache=_seconds(marked, cache, effects),
            shadowed=shadowed,
        )
        setattr(marked, _MARK, options)
        return marked

    return mark if function is None else mark(function)


def _seconds(marked: Callable[..., object], text: str, effects: Effects) -> float:
    """Read how long results are cached."""
    if not text:
        return 0.0
    if effects != "none":
        raise SkillDefinitionError(
            f"{signature.place(marked)}: skill {marked.__name__} changes something, so its results cannot be cached"
        )
    if not _DURATION.fullmatch(text):
        raise SkillDefinitionError(
            f"{signature.place(marked)}: skill {marked.__name__} says cache={text!r}; write such as '30m', '1h' or '7d'"
        )
    return float(text[:-1]) * _UNITS[text[-1]]


def options_of(candidate: object) -> Options | None:
    """Return what `@skill` said of an object, None where it is not a skill."""
    return cast("Options | None", getattr(candidate, _MARK, None)) if inspect.isfunction(candidate) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill ready to be called.

    Attributes:
        topic: the module it is in; names its part of the configuration, `skills.<topic>`.
        attribute: under which its module has the function; not the function's own name where something wrapped it.
        place: "file:line" of the function.
    """

    tool: Tool
    function: Callable[..., object]
    signature: Signature
    options: Options
    topic: str
    attribute: str
    place: str

    @classmethod
    def of(cls, function: Callable[..., object], *, topic: str, attribute: str = "") -> "Skill":
        """Read a marked function.

        Args:
            function: marked with `@skill`.
            topic: the module it is in.
            attribute: under which its module has it; by default its name.

        Raises:
            SkillDefinitionError: a hint or the docstring is missing, or the name is taken or not one for a model.
        """
        place, name = signature.place(function), function.__name__
        options = options_of(function)
        assert options is not None, f"{place}: not marked with @skill"
        if options.shadowed and options.shadowed != place:
            raise SkillDefinitionError(f"{place}: there is a skill {name} already, at {options.shadowed}")
        if not _NAME.fullmatch(name):
            raise SkillDefinitionError(f"{place}: skill {name} needs a name of at most 64 ASCII letters and digits")
        parsed = docstring.parse(function.__doc__ or "")
        if not parsed.description:
            raise SkillDefinitionError(f"{place}: skill {name} needs a docstring that says what it does")
        read = signature.read(function, parsed)
        tool = Tool(name=name, description=parsed.description, parameters=read.parameters, examples=parsed.examples)
        return cls(
            tool=tool,
            function=function,
            signature=read,
            options=options,
            topic=topic,
            attribute=attribute or name,
            place=place,
        )

    def bind(self, given: JsonObject, files: Mapping[str, Attachment], context: Context | None) -> dict[str, object]:
        """Make a model's arguments into the function's.

        Args:
            given: as the model wrote them.
            files: at least those whose ids are among the arguments, by id.
            context: where the function takes it.

        Raises:
            SkillError: the arguments are not valid.
        """
        values = {name: arguments.with_files(value, files) for name, value in self.signature.validate(given).items()}
        if self.signature.context:
            values[self.signature.context] = context
        return values

    async def call(self, given: JsonObject, context: Context, runner: "Runner | None") -> Reply:
        """Check the arguments, run the function and make a `Reply` of what it returns.

        Args:
            given: as the model wrote them.
            context: the turn.
            runner: runs the function where it is a blocking one.

        Raises:
            SkillAbortedError: it took too long, or was stopped for another reason.
            SkillError: the arguments are not valid, a file among them could not be read, or the function said so.
            Exception: whatever else the function raised.
        """
        values = list(self.signature.validate(given).values())
        try:
            files = await arguments.fetch(values, context.files)
        except OperatorError as error:
            raise SkillError(f"{self.tool.name} was not run: {error}") from error
        if not self.options.blocking:
            return await self._await(self.bind(given, files, context))
        if runner is None:
            raise SkillError(f"{self.tool.name} needs a process to run in, and there are none here.")
        return await runner.run(self, given, files, context)

    async def _await(self, values: dict[str, object]) -> Reply:
        limit = asyncio.timeout(self.options.timeout)
        try:
            async with limit:
                return as_reply(await cast("Awaitable[object]", self.function(**values)))
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self.too_long() from error

    def too_long(self) -> SkillAbortedError:
        """Say that the time limit was reached."""
        return SkillAbortedError(f"{self.tool.name} took longer than {self.options.timeout:g} s and was stopped.")


class Runner(Protocol):
    """How blocking skills are run, beside the event loop."""

    async def run(self, skill: Skill, given: JsonObject, files: Mapping[str, Attachment], context: Context) -> Reply:
        """Run a skill within its time limit.

        Args:
            skill: a blocking one.
            given: the model's arguments, which are valid.
            files: those whose ids are among the arguments, by id.
            context: the turn.

        Raises:
            SkillAbortedError: it was stopped.
            SkillError: the function said so, or it could not be run.
            RaisedError: the function raised something else.
        """
        ...


class RaisedError(Exception):
    """What a skill raised in another process; its traceback there is a note.

    Args:
        kind: name of the exception's type.
        text: the exception as text.
        traceback: lines for the log.
    """

    def __init__(self, kind: str, text: str, traceback: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.add_note(traceback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a call: `reply.text` is for the model, and an error it can act on unless `ok`.

    Attributes:
        unknown: the skill has effects in a chat or outside, and nobody knows whether they happened.
        excuse: what people read of a skill that did not come to its end, with the id of the log: another one each time.
        cached_at: when it was had, where it is an earlier result; in seconds since 1970, else 0.
    """

    reply: Reply
    ok: bool = True
    unknown: bool = False
    excuse: str = field(default="", compare=False)
    cached_at: float = 0.0


class Skillset:
    """All skills, by name.

    Args:
        skills: of different names.
        settings: the configuration's `skills`, by topic.
        runner: runs blocking skills; without one they tell the model that they cannot run.

    Raises:
        SkillDefinitionError: two skills have one name.
    """

    def __init__(
        self,
        skills: tuple[Skill, ...],
        settings: Mapping[str, Mapping[str, JsonValue]] | None = None,
        runner: Runner | None = None,
    ) -> None:
        self._skills: dict[str, Skill] = {}
        self._settings = settings or {}
        self._runner = runner
        for added in skills:
            other = self._skills.setdefault(added.tool.name, added)
            if other is not added:
                raise SkillDefinitionError(
                    f"{added.place}: there is a skill {added.tool.name} already, at {other.place}"
                )
        self.tools: tuple[Tool, ...] = tuple(self._skills[name].tool for name in sorted(self._skills))

    def __iter__(self) -> Iterator[Skill]:
        """Yield the skills."""
        return iter(self._skills.values())

    @property
    def preload(self) -> tuple[str, ...]:
        """The modules that processes should have imported before they run blocking skills: the skills' own first."""
        blocking = [found for found in self._skills.values() if found.options.blocking]
        own = [found.function.__module__ for found in blocking]
        return tuple(dict.fromkeys([*own, *(name for found in blocking for name in found.options.preload)]))

    def with_runner(self, runner: Runner) -> "Skillset":
        """Return the same skills, with blocking ones run by `runner`."""
        return Skillset(tuple(self), self._settings, runner)

    def repeatable(self, name: str) -> bool:
        """Tell whether a skill may be run again when it is not known whether it was run."""
        found = self._skills.get(name)
        return found is None or found.options.effects in ("none", "local")

    def lifetime(self, name: str) -> float:
        """Return for how many seconds a skill's result may be used again, 0 where it may not."""
        found = self._skills.get(name)
        return found.options.cache if found else 0.0

    def named(self, call: Call) -> str:
        """Name the skill that is called for the log; a name that a model made up may be anything."""
        return call.name if call.name in self._skills else "no skill"

    async def call(self, call: Call, context: Context) -> Outcome:
        """Carry out a model's call; whatever goes wrong is an outcome for the model, and in the log in full."""
        log.debug("%s (call %s) is called with %d characters", self.named(call), call.id, len(call.arguments))
        try:
            reply = await self._call(call, context)
            return Outcome(reply=replace(reply, text=well_formed(reply.text)))
        except SkillAbortedError as error:
            name = incident(log, f"{call.name} (call {call.id}) was stopped", error)
            return self._cut_off(call, str(error), f"{error}{sentence(name)}")
        except SkillError as error:
            log.warning("%s (call %s) was refused", self.named(call), call.id)
            return Outcome(reply=Reply(text=well_formed(f"Error: {error}")), ok=False)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            return self._broken(call, error)
        except (Exception, SystemExit) as error:
            return self._broken(call, error)

    def _broken(self, call: Call, error: BaseException) -> Outcome:
        """Log what a skill raised, and write it for the model; people read where the log has it."""
        name = incident(log, f"{call.name} (call {call.id}) failed", error)
        raised = str(error) if isinstance(error, RaisedError) else f"{type(error).__name__}: {error}"
        excuse = f"Sorry, {call.name} failed: something is wrong inside it.{sentence(name)}"
        return self._cut_off(call, f"{call.name} failed: {raised}", excuse)

    def _cut_off(self, call: Call, reason: str, excuse: str) -> Outcome:
        """Write for the model why a skill did not come to its end, and whether it may be called again."""
        unknown = not self.repeatable(call.name)
        text = f"Error: {reason}"
        if unknown:
            text = f"{text.rstrip('.')}; {ADVICE}"
        return Outcome(reply=Reply(text=well_formed(text)), ok=False, unknown=unknown, excuse=excuse)

    async def _call(self, call: Call, context: Context) -> Reply:
        wanted = self._find(call.name)
        settings = self._settings.get(wanted.topic, {})
        return await wanted.call(arguments.parse(call.arguments), replace(context, settings=settings), self._runner)

    def _find(self, name: str) -> Skill:
        found = self._skills.get(name)
        if found is None:
            close = get_close_matches(name, self._skills, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise SkillError(f"There is no skill {name[:80]!r}.{hint} There are: {', '.join(sorted(self._skills))}.")
        return found
