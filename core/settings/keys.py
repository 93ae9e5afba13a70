"""The keys of a settings model, flattened, and their environment variables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import UnionType
from typing import Final, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue, SecretStr
from pydantic.fields import FieldInfo

from core.messages import JsonObject

Path: TypeAlias = tuple[str, ...]

_OPEN = ("<module>", "<key>")
_ALIKE: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the settings: ("model", "price", "input").

    Attributes:
        open: the key stands for any of a table of tables, as in ("skills", "<module>", "<key>").
    """

    path: Path
    field: FieldInfo
    open: bool = False

    @property
    def name(self) -> str:
        """The key with dots."""
        return ".".join(self.path)

    @property
    def secret(self) -> bool:
        """Tell whether the value must never be shown."""
        return SecretStr in alternatives(self.field.annotation)

    def covers(self, path: Path) -> bool:
        """Tell whether a value may stand at this path because of this key."""
        if self.open:
            return len(path) >= len(self.path) and path[: len(self.path) - len(_OPEN)] == self.path[: -len(_OPEN)]
        return path == self.path


def alternatives(annotation: object) -> tuple[object, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def keys(model: type[BaseModel], above: Path = ()) -> Iterator[Key]:
    """Walk through a model's keys in their order, sections opened."""
    for name, field in model.model_fields.items():
        path = (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, path)
        elif get_origin(field.annotation) is dict:
            yield Key(path=(*path, *_OPEN), field=field, open=True)
        else:
            yield Key(path=path, field=field)


def variable(path: Path, prefix: str) -> str:
    """Name the environment variable of a key: `STEWARD_MODEL__PRICE__INPUT`."""
    return prefix + "__".join(path).upper()


def contains(values: JsonObject, path: Path) -> bool:
    """Tell whether nested tables hold a value at a path."""
    inner: JsonValue = values
    for name in path:
        if not isinstance(inner, dict) or name not in inner:
            return False
        inner = inner[name]
    return not isinstance(inner, dict)


def names(known: Sequence[Key]) -> list[str]:
    """Return the names of keys and of the sections they stand in."""
    leaves = [key.name for key in known]
    return list(dict.fromkeys([*leaves, *(leaf.rpartition(".")[0] for leaf in leaves)]))


def closest(path: Path, right: Iterable[str]) -> str:
    """Return the right name that looks most like a wrong key, "" where none looks like it."""
    wrong = ".".join(path)

    def likeness(name: str) -> float:
        whole = SequenceMatcher(None, wrong, name).ratio()
        last = SequenceMatcher(None, path[-1], name.rpartition(".")[2]).ratio()
        return max(whole, 0.95 * last)

    best = max(right, key=likeness)
    return best if likeness(best) >= _ALIKE else ""
