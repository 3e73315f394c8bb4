"""Lines about the exporter itself."""

from __future__ import annotations

from datetime import date

import pytest

from exporter.config import Accept
from exporter.config.accept import matcher
from exporter.inventory.keeper import Inventory
from exporter.model import Failure, Reason
from exporter.notices import about_accept, about_inventory
from exporter.sources.cloudstack import CloudStack
from tests.clocks import HandClock


@pytest.fixture
async def inventory() -> Inventory:
    clock = HandClock()
    return Inventory(CloudStack("http://127.0.0.1:9/client/api", "key", "secret", clock), clock, 660.0)


async def test_an_api_that_is_read_needs_no_line(inventory: Inventory) -> None:
    """Silence is good."""
    assert list(about_inventory(inventory, "http://c")) == []


async def test_an_api_that_is_away_says_since_when_and_why(inventory: Inventory) -> None:
    """And whether anything is known."""
    inventory.failure, inventory.failed_since = Failure(Reason.REFUSED, "nobody listens"), 1_795_000_000.0
    (line,) = about_inventory(inventory, "http://c")
    assert "since 2026-11-18 11:06:40 UTC (refused: nobody listens)" in line
    assert line.endswith("Nothing is known yet; tried http://c.")


def test_an_accept_entry_says_whether_it_is_late_or_matches_nothing() -> None:
    """The two have different remedies."""
    metric, matchers = "cloudstack_network_x", (matcher('zone="a"'),)
    late = Accept(metric=metric, matchers=matchers, reason="known", until=date(2026, 1, 1))
    idle = Accept(metric=metric, reason="known", until=date(2026, 12, 31))
    lines = list(about_accept((late, idle), date(2026, 6, 1)))
    assert lines == [
        'The accept entry for cloudstack_network_x{zone="a"} is past its date, 2026-01-01: remove or renew it.',
        "The accept entry for cloudstack_network_x{} matches no finding: remove it, or mend its matchers.",
    ]
