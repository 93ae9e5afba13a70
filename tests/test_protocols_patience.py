from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocols.patience import Patience, retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=NOW) == seconds


@given(st.integers(1, 10))
def test_waits_grow_up_to_a_limit(tries: int) -> None:
    patience = Patience(first=1.0, longest=8.0)
    limit = min(2.0 ** (tries - 1), 8.0)
    assert limit / 2 <= patience.delay(tries, None) <= limit


def test_what_the_server_asks_for_is_followed_up_to_a_limit() -> None:
    patience = Patience(most=60.0)
    assert 5.0 <= patience.delay(1, 5.0) <= 5.5
    assert 60.0 <= patience.delay(1, 3600.0) <= 66.0
