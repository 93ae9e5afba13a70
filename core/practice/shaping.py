"""Numbers and labels written in the shapes that a skill's schema asks for."""

from pydantic import JsonValue

from core.practice.data import Data
from core.practice.schema import Shape


def shaped(shape: Shape, data: Data, *, rows: bool = False) -> JsonValue:
    """Write numbers, or their labels, in a shape; None where they do not fit.

    Args:
        shape: of the parameter.
        data: the numbers.
        rows: another parameter takes several rows of numbers, so this one takes only a lone row.
    """
    if shape.numeric:
        return None if rows and len(data.columns) > 1 else list(data.columns[0][1])
    if shape.kind == "map":
        return _map(shape, data)
    if shape.kind == "list" and shape.holds("text"):
        return list(data.labels) or None
    record = next((item for item in shape.items if item.kind == "record"), None)
    return _records(record, data) if record and shape.kind == "list" else None


def _map(shape: Shape, data: Data) -> JsonValue:
    if shape.holds("list"):
        return {name or "values": list(numbers) for name, numbers in data.columns}
    if not shape.holds("number") or not data.labels:
        return None
    return dict(zip(data.labels, data.columns[0][1], strict=True))


def _records(record: Shape, data: Data) -> JsonValue:
    """Write a record for each row of numbers, or for each number where a record takes one."""
    name = next((field.name for field in record.fields if field.shape("text")), "")
    row = next((of.name for of in record.fields if any(s.numeric for s in of.shapes) and not of.position), "")
    if row:
        return [{**({name: title} if name and title else {}), row: list(numbers)} for title, numbers in data.columns]
    number = next((field.name for field in record.fields if field.shape("number")), "")
    if not number:
        return None
    labels = data.labels or ("",) * len(data.columns[0][1])
    return [
        {**({name: label} if name and label else {}), number: value}
        for label, value in zip(labels, data.columns[0][1], strict=True)
    ]
