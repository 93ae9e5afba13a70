"""Arguments as models write them: read faithfully, or refused with a short sentence; nothing else comes out."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from core.arguments import LONGEST, parse
from core.errors import SkillError
from core.messages import JsonObject
from core.protocols.calls import fit_arguments

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECTS: st.SearchStrategy[JsonObject] = st.dictionaries(TEXT, VALUES, max_size=4)
LITTLE = st.text(st.sampled_from('{}[]":,\\ue1-.0 tnNI'), max_size=3)


@st.composite
def nearly_json(draw: st.DrawFn) -> str:
    """An object with a few characters of it replaced, as a model gone astray writes it."""
    written = json.dumps(draw(OBJECTS), ensure_ascii=draw(st.booleans()))
    start = draw(st.integers(0, len(written)))
    return written[:start] + draw(LITTLE) + written[start + draw(st.integers(0, 3)) :]


ANYTHING = st.one_of(st.text(), nearly_json(), VALUES.map(json.dumps))


@given(OBJECTS, st.booleans(), st.sampled_from(["", " ", "\n\t"]))
def test_an_object_is_read_as_it_was_written(written: JsonObject, ascii_only: bool, around: str) -> None:
    assert parse(around + json.dumps(written, ensure_ascii=ascii_only) + around) == written


@given(ANYTHING)
@example('{"a": 1e999}')
@example('{"a": "\\ud800"}')
@example('{"a": NaN}')
@example('{"a": "\ud800"}')
@example("[1]")
@example("[" * 100_000)
@example('{"a":' * 100_000)
def test_f27_whatever_is_written_is_read_faithfully_or_refused_with_a_short_sentence(text: str) -> None:
    found: JsonObject | None = None
    refused = ""
    try:
        found = parse(text)
    except SkillError as error:
        refused = str(error)
    assert len(refused) < 1200
    if found is None:
        return
    assert isinstance(found, dict)
    assert found == (json.loads(text) if text.strip() else {})
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize("size", [LONGEST, LONGEST + 1])
def test_f28_arguments_are_read_up_to_the_limit(size: int) -> None:
    text = '{"a": "' + "x" * (size - 9) + '"}'
    assert len(text) == size
    if size <= LONGEST:
        assert len(str(parse(text)["a"])) == size - 9
    else:
        with pytest.raises(SkillError, match=f"at most {LONGEST}"):
            parse(text)


@given(ANYTHING)
@example('{"a": NaN}')
@example('{"a":' * 100_000)
def test_f27_what_is_sent_back_to_a_server_is_an_object_and_loses_nothing(text: str) -> None:
    sent = json.loads(fit_arguments(text), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert isinstance(sent, dict)
    assert fit_arguments(text) == text or sent == ({"malformed_arguments": text} if text.strip() else {})
