"""Hosts whose agent connects and never arrives."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.hosts_changing import judge
from exporter.cloud.cloud import Cloud
from exporter.thresholds import HOST_CHANGING_SECONDS
from tests.checks.host_connectivity import states_scene as scene


def after(seconds: float, state: str, **changes: Any) -> Cloud:
    """Return a refresh so many seconds after the first one."""
    return scene.cloud(scene.host(state=state, **changes), asked=100.0 + seconds)


@pytest.mark.parametrize("state", ["Connecting", "Rebalancing", "Unknown", "Creating"])
def test_how_long_it_has_been_so(state: str) -> None:
    """It is a problem after a quarter of an hour, not before; a host of state Creating is no host yet."""
    found = scene.of_zone(judge, after(0, state), after(HOST_CHANGING_SECONDS, state))
    expected = {} if state == "Creating" else {"kvm-1": HOST_CHANGING_SECONDS}
    assert scene.values(found, "host_changing_seconds") == expected
    assert scene.problems(found) == []
    found = scene.of_zone(judge, after(0, state), after(300, state), after(HOST_CHANGING_SECONDS + 1, state))
    assert bool(scene.problems(found)) == (state != "Creating")


def test_the_first_look_knows_nothing() -> None:
    """A state may have begun a moment ago."""
    assert scene.values(scene.of_zone(judge, after(0, "Connecting")), "host_changing_seconds") == {"kvm-1": 0}


def test_another_state_in_between_begins_anew() -> None:
    """Flapping is another alert's; so is a change from Connecting to Rebalancing."""
    for between in ("Up", "Disconnected", "Rebalancing"):
        found = scene.of_zone(judge, after(0, "Connecting"), after(2000, between), after(4000, "Connecting"))
        assert scene.values(found, "host_changing_seconds") == {"kvm-1": 0}


def test_zero_is_said_of_others() -> None:
    """Hosts that are Up or lost do not change; one in maintenance is not judged."""
    assert scene.values(scene.of_zone(judge, after(0, "Up")), "host_changing_seconds") == {"kvm-1": 0}
    assert scene.values(scene.of_zone(judge, after(0, "Alert")), "host_changing_seconds") == {"kvm-1": 0}
    assert scene.of_zone(judge, after(0, "Connecting", resource_state="Maintenance")) == []


def test_a_state_that_is_not_told() -> None:
    """Nothing is known of a host whose state is withheld, or is a word of a newer CloudStack."""
    for state in ("", "Hibernating"):
        assert scene.of_zone(judge, after(0, state)) == []


def test_words() -> None:
    """State and minutes."""
    (bad,) = scene.of_zone(judge, after(0, "Rebalancing"), after(1200, "Rebalancing"))
    assert bad.seen == "Rebalancing for 20 minutes"
