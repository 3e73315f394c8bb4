"""The collector in the shells that machines have as /bin/sh."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collector_shells import SHELLS, Collector
from tests.real_parts import require


@pytest.fixture(params=list(SHELLS))
def shell(request: pytest.FixtureRequest) -> Iterator[Collector]:
    """The collector in one of the shells."""
    command = SHELLS[request.param]
    require(command[0])
    collector_ = Collector(command)
    yield collector_
    collector_.stop()


@pytest.fixture
def dash() -> Iterator[Collector]:
    """The collector in Debian's /bin/sh."""
    collector_ = Collector(["dash"])
    yield collector_
    collector_.stop()
