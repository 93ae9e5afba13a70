"""What a strict model server refuses in the tools and formats of a request."""

import json
import re
from collections.abc import Mapping

from bots.simulator.model.request import Request, objects, text_of

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def tools_complaint(request: Request) -> str:
    """Check names and schemas of the tools offered."""
    if "tools" in request.body and not request.body["tools"]:
        return "[] is too short - 'tools'"
    seen: set[str] = set()
    for tool in objects(request.body.get("tools")):
        function = tool.get("function") if request.api == "chat" else tool
        if tool.get("type") != "function" or not isinstance(function, dict):
            return "Missing required parameter: 'tools[0].function'."
        name = text_of(function.get("name"))
        if not NAME.fullmatch(name) or name in seen:
            return f"Invalid or repeated function name: {name!r}"
        seen.add(name)
        parameters = function.get("parameters")
        if not isinstance(parameters, dict) or parameters.get("type") != "object":
            return f"Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"'"
        # https://platform.openai.com/docs/guides/function-calling: the Responses API is strict unless told otherwise
        strict = function.get("strict", request.api == "responses")
        if found := schema_complaint(parameters, strict=strict is True):
            return f"Invalid schema for function '{name}': {found}"
    return ""


def schema_complaint(schema: object, *, strict: bool, place: str = "()") -> str:
    """Check that a JSON schema is well-formed; `strict`: closed objects whose properties are all required."""
    if isinstance(schema, bool):
        return ""
    if not isinstance(schema, dict):
        return f"In context={place}, {schema!r} is not a schema."
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in _TYPES:
            return f"In context={place}, {kind!r} is not valid under any of the given schemas."
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return f"In context={place}, 'properties' has to be an object and 'required' an array."
    if not set(required) <= set(properties):
        return f"In context={place}, 'required' names what 'properties' has not: {required}"
    if strict and schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return f"In context={place}, 'additionalProperties' is required to be supplied and to be false."
    if strict and set(required) != set(properties):
        return f"In context={place}, 'required' is required to include every key in properties."
    return _inner_complaint(schema, properties, strict=strict, place=place)


def _inner_complaint(
    schema: Mapping[str, object], properties: Mapping[str, object], *, strict: bool, place: str
) -> str:
    inner = [(f"{place}.{name}", part) for name, part in properties.items()]
    for keyword in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(keyword, [])
        inner += [(f"{place}.{keyword}", part) for part in parts] if isinstance(parts, list) else [(place, parts)]
    definitions = schema.get("$defs")
    if isinstance(definitions, dict):
        inner += [(f"{place}.$defs.{name}", part) for name, part in definitions.items()]
    if "items" in schema:
        inner.append((f"{place}.items", schema["items"]))
    found = (schema_complaint(part, strict=strict, place=where) for where, part in inner)
    return next(filter(None, found), "")


def options_complaint(request: Request) -> str:
    """Check `stream_options` and the format asked for."""
    if "stream_options" in request.body and not request.streamed:
        return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    if request.format == "json_object" and "json" not in json.dumps([*request.items, request.instructions]).lower():
        return "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    if request.format == "json_schema":
        return _format_complaint(request)
    return ""


def _format_complaint(request: Request) -> str:
    wanted = request.body.get("response_format" if request.api == "chat" else "text")
    described = wanted.get("json_schema" if request.api == "chat" else "format") if isinstance(wanted, dict) else None
    if not isinstance(described, dict) or not described.get("name"):
        return "Missing required parameter: 'response_format.json_schema'."
    return schema_complaint(described.get("schema"), strict=described.get("strict") is True)
