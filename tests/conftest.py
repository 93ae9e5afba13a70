import random

import pytest
from hypothesis import settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=24, help="how often Steward is killed at a random moment")
    parser.addoption("--seed", type=int, help="of these moments, to see a failure again")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("kills"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("seed")
    return random.randrange(1_000_000) if given is None else given


# The same examples in every run, so that a failure is one of the change; `--hypothesis-profile explore` looks for more.
settings.register_profile("explore")
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")
