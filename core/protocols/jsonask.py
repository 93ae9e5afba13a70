"""Skills in JSON, the asking side: the model is told of its skills in words and answers with one JSON object."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from core.items import Answer, Item, Question, Result
from core.messages import JsonObject
from core.model import Tool
from core.protocols.api import Ask, Format
from core.protocols.fields import object_at, objects_at, read_object, text_at, write

_INTRODUCTION: Final = """\
You answer with exactly one JSON object and nothing before or after it. It has two keys:
- "calls": a list of skill calls, each {"skill": NAME, "arguments": {...}}; empty where none is needed. You are then \
told the results and go on from there.
- "answer": your answer to the person as a string, in Markdown; empty while you call skills.
Call a skill wherever one fits; never make up its result. Several calls in one list run at the same time: where one \
needs another's result, call it in your next answer."""

_LAST: Final = """\
You answer with exactly one JSON object and nothing before or after it: {"answer": "your answer in Markdown"}. \
No skill can be called any more."""

CORRECTION: Final = """\
That was not one valid JSON object of the form {"calls": [{"skill": NAME, "arguments": {...}}], "answer": "..."}. \
Write it again: only the object, quotes and line breaks inside strings escaped."""

_DEEPEST: Final = 3


def in_json(ask: Ask) -> Ask:
    """Turn a request with tools into one without: skills told in the instructions, calls and results in the text."""
    if not ask.tools and not any(isinstance(item, Answer) and item.calls for item in ask.items):
        return ask
    told = "\n\n".join((_INTRODUCTION, *map(_described, ask.tools))) if ask.tools else _LAST
    return replace(
        ask,
        instructions="\n\n".join(filter(None, (ask.instructions, told))),
        items=list(_in_text(ask.items)),
        tools=(),
        format=Format(schema=schema_of(ask.tools)),
    )


def schema_of(tools: Sequence[Tool]) -> JsonObject:
    """Return the JSON schema of an answer: which skills with which arguments, then the text."""
    answer: JsonObject = {"type": "string"}
    if not tools:
        return _closed({"answer": answer})
    definitions: JsonObject = {}
    calls: list[JsonValue] = []
    for tool in tools:
        parameters = {key: value for key, value in tool.parameters.items() if key != "$defs"}
        prefix = f"#/$defs/{tool.name}."
        for name, definition in object_at(tool.parameters, "$defs").items():
            definitions[f"{tool.name}.{name}"] = _moved(definition, prefix)
        skill: JsonObject = {"type": "string", "enum": [tool.name]}
        calls.append(_closed({"skill": skill, "arguments": _moved(parameters, prefix)}))
    schema = _closed({"calls": {"type": "array", "items": {"anyOf": calls}}, "answer": answer})
    return {**schema, "$defs": definitions} if definitions else schema


def sample(schema: JsonObject, root: JsonObject, depth: int = 0) -> JsonValue:
    """Return a value that fits a schema, to show what arguments look like."""
    if reference := text_at(schema, "$ref"):
        schema = object_at(object_at(root, "$defs"), reference.rpartition("/")[2])
    for key in ("examples", "enum"):
        if isinstance(choices := schema.get(key), list) and choices:
            return choices[0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    for key in ("anyOf", "oneOf", "allOf"):
        if parts := objects_at(schema, key):
            return sample(parts[0], root, depth)
    return _sample_of_type(schema, root, depth)


def _sample_of_type(schema: JsonObject, root: JsonObject, depth: int) -> JsonValue:
    kind = schema.get("type")
    if kind == "object" and depth < _DEEPEST:
        properties, required = object_at(schema, "properties"), schema.get("required")
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        return {name: sample(object_at(properties, name), root, depth + 1) for name in names}
    if kind == "array" and depth < _DEEPEST:
        return [sample(object_at(schema, "items"), root, depth + 1)]
    plain: dict[str, JsonValue] = {
        "integer": 1,
        "number": 1.5,
        "boolean": True,
        "object": {},
        "array": [],
        "null": None,
    }
    return plain.get(str(kind), "…")


def _described(tool: Tool) -> str:
    call: JsonObject = {"skill": tool.name, "arguments": sample(tool.parameters, tool.parameters)}
    shown = write({"calls": [call], "answer": ""})
    lines = [f"## Skill {tool.name}", tool.description, f"Arguments, as JSON schema: {write(tool.parameters)}"]
    lines += [f"For example when asked: {example}" for example in tool.examples[:1]]
    return "\n".join([*lines, f"A call looks like: {shown}"])


def _in_text(items: Sequence[Item]) -> Iterator[Item]:
    results: list[JsonValue] = []
    for item in items:
        if isinstance(item, Result):
            results.append({"skill": item.name, "ok": item.ok, "result": item.text})
            continue
        if results:
            yield Question(text=write({"results": results}))
            results = []
        yield Answer(text=_said(item)) if isinstance(item, Answer) else item
    if results:
        yield Question(text=write({"results": results}))


def _said(answer: Answer) -> str:
    calls: list[JsonValue] = []
    for call in answer.calls:
        arguments = read_object(call.arguments)
        calls.append({"skill": call.name, "arguments": call.arguments if arguments is None else arguments})
    return write({"calls": calls, "answer": answer.text})


def _closed(properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _moved(schema: JsonValue, prefix: str) -> JsonValue:
    """Return a schema whose references lead to where its definitions were moved."""
    if isinstance(schema, list):
        return [_moved(part, prefix) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: prefix + part.removeprefix("#/$defs/") if key == "$ref" and isinstance(part, str) else _moved(part, prefix)
        for key, part in schema.items()
    }
