"""The ids of incidents in what people read."""

import re

ID = re.compile(r" \(The log has the details under (e[0-9a-f]{6})\.\)")


def without_id(text: str) -> str:
    """Return a sentence without the id of its incident, which has to be there."""
    assert ID.search(text), f"there is no id in {text!r}"
    return ID.sub("", text)


def id_in(text: str) -> str:
    """Return the id of the incident that a sentence names."""
    found = ID.search(text)
    assert found, f"there is no id in {text!r}"
    return found[1]
