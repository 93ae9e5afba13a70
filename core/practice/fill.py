"""Filling a skill's parameters from what a request gives, by their schema."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pydantic import JsonValue

from core.messages import JsonObject
from core.practice import named
from core.practice.index import Index
from core.practice.material import Material
from core.practice.request import unmarked
from core.practice.schema import Parameter, Shape
from core.practice.shaping import shaped
from core.practice.words import NUMBER, stem, tokens

_CONTENT_NAMES: Final = frozenset(map(stem, ("text", "content", "body", "message", "document", "input", "source")))


class Filler:
    """Fills the parameters of one skill.

    Attributes:
        worded: the parameter that was given the request's own words, "" where none was.
    """

    def __init__(self, parameters: Sequence[Parameter], material: Material, index: Index) -> None:
        self._parameters = parameters
        self._given = material
        self._index = index
        self._arguments: JsonObject = {}
        self.worded = ""
        ways: tuple[Callable[[Parameter], JsonValue], ...] = (
            lambda of: named.quotation(of, material.asked, material.quotes),
            lambda of: named.choice(of, material.asked),
            lambda of: named.flag(of, material.asked),
            lambda of: None if _is_content(of) else named.value(of, material.asked, index),
            self._file,
            self._numbers,
            self._labels,
            self._lone_number,
            self._text,
        )
        for way in ways:
            for parameter in parameters:
                if parameter.name not in self._arguments and (value := way(parameter)) is not None:
                    self._arguments[parameter.name] = value

    @property
    def arguments(self) -> JsonObject:
        """A value for each parameter that can be filled, in the parameters' order."""
        return {of.name: self._arguments[of.name] for of in self._parameters if of.name in self._arguments}

    @property
    def missing(self) -> tuple[Parameter, ...]:
        """What has to be asked for: required parameters, else what the skill works on."""
        needed = [of for of in self._parameters if of.required and of.name not in self._arguments]
        material = [of for of in self._parameters if _is_material(of)]
        return tuple(needed or ([] if self._has_material() else material[:1]))

    @property
    def is_supplied(self) -> bool:
        """Whether the request gives what the skill works on, beyond its own words."""
        given = {of.name for of in self._parameters if of.required and of.name in self._arguments}
        return self._has_material() or bool(given - {self.worded})

    @property
    def values(self) -> list[JsonValue]:
        """What was taken from the request as a value; its own words, from after the skill's name, are left out."""
        labels = self._given.data.labels if self._given.data and self._has_numbers() else ()
        return [*labels, *(value for name, value in self._arguments.items() if name != self.worded)]

    def _has_material(self) -> bool:
        kinds = any(map(_is_material, self._parameters))
        return kinds and any(
            of.name in self._arguments for of in self._parameters if _is_material(of) or of.shape("file")
        )

    def _file(self, parameter: Parameter) -> JsonValue:
        takes_old = parameter.required or any(map(_is_content, self._parameters))
        files = self._given.files or (self._given.earlier_files if takes_old else ())
        picture = stem("picture") in named.stems(f"{parameter.name} {parameter.description}")
        ids: list[JsonValue] = [file.id for file in files if not picture or file.media_type.startswith("image/")]
        if not ids:
            return None
        if any(shape.kind == "list" and shape.holds("file") for shape in parameter.shapes):
            return ids
        return ids[0] if parameter.shape("file") else None

    def _numbers(self, parameter: Parameter) -> JsonValue:
        data = self._given.data
        if data is None or parameter.position or self._has_numbers():
            return None
        rows = any(shape.kind == "list" and shape.holds("record") for shape in self._shapes())
        values = (shaped(shape, data, rows=rows) for shape in parameter.shapes if _is_numeric(shape))
        return next((value for value in values if value is not None), None)

    def _labels(self, parameter: Parameter) -> JsonValue:
        data = self._given.data
        if data is None or not self._has_numbers():
            return None
        if parameter.position and any(shape.numeric for shape in parameter.shapes):
            return list(data.positions) or None
        takes = any(shape.kind == "list" and shape.holds("text") for shape in parameter.shapes)
        labels: list[JsonValue] = list(data.labels)
        return labels if takes and labels and labels not in self._arguments.values() else None

    def _has_numbers(self) -> bool:
        filled = (of for of in self._parameters if of.name in self._arguments and not of.position)
        return any(_is_numeric(shape) for of in filled for shape in of.shapes)

    def _shapes(self) -> Iterator[Shape]:
        return (shape for parameter in self._parameters for shape in parameter.shapes)

    def _lone_number(self, parameter: Parameter) -> JsonValue:
        """Give the numbers of the request to the required numbers, in their order."""
        shape = parameter.shape("number")
        wanted = [of for of in self._parameters if of.required and of.shape("number")]
        said = [token for token in tokens(unmarked(self._given.asked)) if token.stem == NUMBER]
        if not shape or parameter not in wanted or len(said) < len(wanted):
            return None
        return named.number(said[wanted.index(parameter)], shape)

    def _text(self, parameter: Parameter) -> JsonValue:
        """Give the first parameter that takes any text the text the request is about, else its own words."""
        texts = [of for of in self._parameters if of.shape("text") and not of.shape("choice")]
        if parameter is not next((of for of in texts if of.required), next(iter(texts), None)):
            return None
        given = self._given
        if given.content and (parameter.required or _is_content(parameter) or given.content in given.quotes.values()):
            used = given.content in self._arguments.values() or self._has_numbers()
            return None if used else given.content
        if _is_content(parameter):
            return given.shared or given.earlier or (self._own_words(parameter) if parameter.required else None)
        if parameter.required:
            return self._own_words(parameter) or given.shared or given.earlier or None
        return (given.place or None) if parameter is self._parameters[0] else None

    def _own_words(self, parameter: Parameter) -> str | None:
        self.worded = parameter.name if self._given.rest and not self._given.introduced else ""
        return self._given.rest or None


def _is_content(parameter: Parameter) -> bool:
    return bool(parameter.shape("text")) and not _CONTENT_NAMES.isdisjoint(named.stems(parameter.name))


def _is_material(parameter: Parameter) -> bool:
    """Tell whether a parameter takes what a skill works on: a text to read, numbers to show."""
    return _is_content(parameter) or (not parameter.position and any(map(_is_numeric, parameter.shapes)))


def _is_numeric(shape: Shape) -> bool:
    return shape.numeric or shape.kind == "map" or (shape.kind == "list" and shape.holds("record"))
