"""What is done from time to time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from core.errors import OperatorError
from core.sweeping import Round, Sweeping


class Work:
    """Counts how often it was done."""

    def __init__(self, *failures: Exception) -> None:
        self.times = 0
        self._failures = list(failures)

    async def __call__(self) -> int:
        self.times += 1
        if self._failures:
            raise self._failures.pop(0)
        return self.times


@contextlib.asynccontextmanager
async def sweeping(*rounds: Round) -> AsyncIterator[None]:
    task = asyncio.create_task(Sweeping(rounds).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def done(work: Work, times: int) -> None:
    async with asyncio.timeout(5):
        while work.times < times:  # noqa: ASYNC110  # what is waited for is plain values
            await asyncio.sleep(0.001)


async def test_everything_is_done_at_once_and_again_when_its_time_has_come() -> None:
    often, seldom = Work(), Work()
    async with sweeping(Round(name="a", every=0.001, work=often), Round(name="b", every=3_600.0, work=seldom)):
        await done(often, 3)
        assert seldom.times == 1


@pytest.mark.parametrize("failure", [OperatorError("The disk is full."), ValueError("oops")])
async def test_one_that_fails_keeps_no_other_from_being_done_and_is_tried_again(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    failing, other = Work(failure), Work()
    with caplog.at_level(logging.INFO, "steward.sweeping"):
        async with sweeping(Round(name="a", every=0.001, work=failing), Round(name="b", every=0.001, work=other)):
            await done(other, 2)
            await done(failing, 2)
    assert caplog.messages[0].startswith("a: it could not be done")
    assert "b: 1" in caplog.messages
