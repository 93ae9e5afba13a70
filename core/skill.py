"""Skills: `@skill`, and from a function's signature to what a model is told and how it is called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar, overload

P = ParamSpec("P")
R = TypeVar("R")

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
