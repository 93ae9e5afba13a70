"""A YAML file of settings, with `${NAME}` taken from the environment."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import JsonValue

from core.errors import OperatorError
from core.messages import JsonObject
from core.settings import keys

_PLACE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{")


class _Loader(yaml.SafeLoader):
    """Reads plain values, leaves dates as text, and refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} stands twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path, environment: Mapping[str, str], given: JsonObject) -> JsonObject:
    """Read a file of settings; an empty value counts as not given.

    Args:
        path: the file, in UTF-8.
        environment: where `${NAME}` is looked up; `${NAME:-default}` need not be there, `$${` stands for `${`.
        given: what was set elsewhere: the file's value of such a key does not matter.

    Raises:
        OperatorError: it cannot be read, is no YAML, or lacks a variable; names file, line or key.
    """
    content = _parse(_text(path), path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise OperatorError(f"{path} must hold keys and values such as `name: Steward` at its top level.")
    return _Filling(path, environment, given).section(content, ())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OperatorError(f"The configuration file {path} is not UTF-8 text.") from error
    except FileNotFoundError as error:
        raise OperatorError(f"The configuration file {path} does not exist.") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OperatorError(f"The configuration file {path} cannot be read: {reason}.") from error


def _parse(text: str, path: Path) -> object:
    # Without the cause: PyYAML's errors quote the line, which may hold a secret.
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        raise OperatorError(f"{path} is not valid YAML{_line(error)}: {_problem(error)}.") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise OperatorError(f"{path} is not valid YAML.") from None


def _line(error: yaml.MarkedYAMLError) -> str:
    return f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Say what is wrong without quoting the file: a value that begins with `!` or `*` may be a password."""
    if error.problem and "stands twice" in error.problem:
        return error.problem
    if isinstance(error, yaml.composer.ComposerError | yaml.constructor.ConstructorError):
        return "a value that begins with ! or * or & needs quotes"
    return re.sub(r"\s*'[^']*'", "", error.problem or "it cannot be understood")


class _Filling:
    """Puts variables into a file's values and drops what is empty."""

    def __init__(self, path: Path, environment: Mapping[str, str], given: JsonObject) -> None:
        self._file = path
        self._environment = environment
        self._given = given

    def section(self, content: Mapping[object, object], above: keys.Path) -> JsonObject:
        filled: JsonObject = {}
        for name, value in content.items():
            path = (*above, str(name))
            if keys.contains(self._given, path):
                continue
            one = self._value(value, path)
            if one is not None and not (isinstance(one, str) and not one.strip()):
                filled[str(name)] = one
        return filled

    def _value(self, value: object, path: keys.Path) -> JsonValue:
        match value:
            case str():
                return _PLACE.sub(lambda place: self._fill(place, path), value)
            case dict():
                return self.section(value, path)
            case list():
                return [self._value(one, path) for one in value]
            case None | bool() | int() | float():
                return value
            case _:
                raise OperatorError(f"{'.'.join(path)} in {self._file} must be text, a number, a list or keys.")

    def _fill(self, place: re.Match[str], path: keys.Path) -> str:
        if place[0] == "$${":
            return "${"
        name = place["name"]
        key = ".".join(path)
        if name is None:
            raise OperatorError(
                f"{key} in {self._file} holds a ${{ that is no ${{NAME}}; write $${{ for the two signs."
            )
        value = self._environment.get(name) or place["default"]
        if value is None:
            raise OperatorError(f"{key} in {self._file} needs the environment variable {name}, which is not set.")
        return value
