"""Settings from environment variables: `STEWARD_MODEL__PRICE__INPUT` is `model.price.input`."""

import re
from collections.abc import Mapping

import yaml
from pydantic import BaseModel, JsonValue, TypeAdapter

from core.errors import OperatorError
from core.messages import JsonObject
from core.settings import keys

# Kubernetes sets these in every container beside a service of our name:
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_SERVICE = re.compile(r"SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_\w+)?")

_json: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


def read(environment: Mapping[str, str], model: type[BaseModel], prefix: str) -> JsonObject:
    """Read the variables with this prefix; an empty one counts as not set.

    Values stay text, for the model to convert; below an open key (a skill's settings) they are read as in YAML.

    Raises:
        OperatorError: a variable belongs to no key; names the one that looks most like it.
    """
    known = list(keys.keys(model))
    values: JsonObject = {}
    for name, text in sorted(environment.items()):
        rest = name.upper().removeprefix(prefix)
        if rest == name.upper() or not text or _SERVICE.fullmatch(rest):
            continue
        path = tuple(rest.lower().split("__"))
        key = next((key for key in known if key.covers(path)), None)
        if key is None:
            right = keys.closest(path, (key.name for key in known))
            hint = f"; did you mean {keys.variable(tuple(right.split('.')), prefix)}?" if right else "."
            raise OperatorError(f"The environment variable {name} belongs to no setting{hint}")
        _put(values, path, _scalar(text) if key.open else text)
    return values


def _put(values: JsonObject, path: keys.Path, value: JsonValue) -> None:
    """Set a value in nested tables, making those that are not there."""
    for name in path[:-1]:
        inner = values.get(name)
        if not isinstance(inner, dict):
            inner = values[name] = {}
        values = inner
    values[path[-1]] = value


def _scalar(text: str) -> JsonValue:
    """Read a skill's setting as it would be read in the file: a number, a list, else text."""
    try:
        return _json.validate_python(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError):
        return text
