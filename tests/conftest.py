import logging
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bots.simulator.slack import SlackSimulator
from core.messages import Message
from core.store import Store
from tests.databases import opened
from tests.slack_team import Team, listening, mention


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=24, help="how often Steward is killed at a random moment")
    parser.addoption("--seed", type=int, help="of these moments, to see a failure again")


@pytest.fixture(autouse=True)
def _log_levels() -> Iterator[None]:
    """Leave no test with the log levels that another one configured."""
    loggers = [logging.getLogger(), logging.getLogger("steward")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("kills"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("seed")
    return random.randrange(1_000_000) if given is None else given


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    """A simulated Slack as it is by itself; a test file that needs another defines its own."""
    async with SlackSimulator() as simulator:
        yield simulator


@pytest.fixture
async def team(slack: SlackSimulator) -> AsyncIterator[Team]:
    """The adapter, connected to the `slack` of the test file where that has one of its own."""
    async with listening(slack) as team:
        yield team


@pytest.fixture(params=["socket", "http"])
async def either(slack: SlackSimulator, request: pytest.FixtureRequest) -> AsyncIterator[Team]:
    """The same, once by each way to hear of events."""
    async with listening(slack, http=request.param == "http") as team:
        yield team


@pytest.fixture
async def question(team: Team) -> Message:
    """What Ada asked the team by a mention."""
    return await mention(team)


# The same examples in every run, so that a failure is one of the change; `--hypothesis-profile explore` looks for more.
settings.register_profile("explore")
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")
