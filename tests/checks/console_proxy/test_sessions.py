"""Console sessions against their limit."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.sessions import CHECK
from tests.checks.console_proxy.scene import cloud, of_zone, problems, proxy, values

LIMIT = {"consoleproxy.session.max": "50"}


@pytest.mark.parametrize(("sessions", "is_problem"), [(0, False), (40, False), (41, True), (60, True)])
def test_sessions_near_the_limit(sessions: int, is_problem: bool) -> None:
    """More than 80 % is a problem; zero is said."""
    said = of_zone(CHECK, cloud(proxy(sessions=sessions), settings=LIMIT))
    assert values(said) == {
        ("sessions_limit",): 50,
        ("sessions", "v-2-VM"): sessions,
        ("sessions_ratio", "v-2-VM"): sessions / 50,
    }
    assert problems(said) == ({("sessions_ratio", "v-2-VM")} if is_problem else set())


@pytest.mark.parametrize("limit", ["", "0", "-1", "many", "5e3", "\u0665\u0660", "9" * 40])
def test_a_limit_that_is_none(limit: str) -> None:
    """Sessions are told, a ratio is not made up."""
    said = of_zone(CHECK, cloud(proxy(), settings={"consoleproxy.session.max": limit}))
    assert values(said) == {("sessions", "v-2-VM"): 3}


def test_proxies_without_a_number() -> None:
    """Not running ones and old versions say nothing."""
    said = of_zone(CHECK, cloud(proxy(state="Stopped"), proxy("v-3-VM", sessions=None), settings=LIMIT))
    assert values(said) == {("sessions_limit",): 50}
