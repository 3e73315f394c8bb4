"""Hosts that CloudStack could not bring into maintenance, and those that are there."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.host_resources import CANCEL_DEGRADED, MOVE_BY_HAND, judge, unjudged
from exporter.model import Sample
from exporter.thresholds import HOST_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene


@pytest.mark.parametrize(
    ("state", "value"),
    [
        ("Enabled", 0), ("Disabled", 0), ("Maintenance", 0), ("PrepareForMaintenance", 0), ("Creating", 0),
        ("ErrorInMaintenance", 1), ("ErrorInPrepareForMaintenance", 1), ("Error", 1), ("Degraded", 1),
    ],
)  # fmt: skip
def test_each_resource_state(state: str, value: int) -> None:
    """Maintenance itself is on purpose, whatever the agent's state is then."""
    found = scene.of_zone(judge, scene.cloud(scene.host(resource_state=state, state="Disconnected")))
    assert scene.values(found, "host_resource_fault") == {"kvm-1": value}


@pytest.mark.parametrize("state", ["", "Retired"])
def test_a_resource_state_that_says_nothing(state: str) -> None:
    """One that is withheld, or of a newer CloudStack, is no sign of health; nobody else judges such a host either."""
    seen = scene.cloud(scene.host(resource_state=state))
    assert scene.of_zone(judge, seen) == []
    assert [(one.zone, one.kind, one.name) for one in unjudged(seen)] == [("zone-1", "host", "kvm-1")]


def test_resource_states_that_are_told() -> None:
    """Nobody is unknown whose resource state is told, nor a host that is just being added."""
    fresh = scene.host(2, created=scene.NOW - HOST_SETTLES_SECONDS + 1, resource_state="")
    assert list(unjudged(scene.cloud(scene.host(1, resource_state="Maintenance"), fresh))) == []


def emptied(*at: tuple[float, str]) -> list[Sample]:
    """Return what is said after refreshes so many hours after the first one, with these resource states."""
    clouds = [scene.cloud(scene.host(resource_state=state), asked=100.0 + 3600 * hours) for hours, state in at]
    return scene.of_zone(judge, *clouds)


def test_maintenance_that_never_begins() -> None:
    """It is a fault after four hours in which machines are moved away, not before: large ones take their time."""
    preparing = "PrepareForMaintenance"
    (early,) = emptied((0, preparing), (2, preparing), (4, preparing))
    assert (early.value, early.seen) == (0, "resource state PrepareForMaintenance")
    (late,) = emptied((0, preparing), (2, preparing), (4.1, preparing))
    assert (late.value, late.seen) == (1, "resource state PrepareForMaintenance for 4 hours")
    assert late.remedy == MOVE_BY_HAND


def test_maintenance_that_begins_anew() -> None:
    """Whoever cancels and tries again waits anew; in Maintenance all is well, however long."""
    preparing = "PrepareForMaintenance"
    for between in ("Enabled", "ErrorInPrepareForMaintenance"):
        assert scene.values(emptied((0, preparing), (3, between), (6, preparing)), "host_resource_fault") == {
            "kvm-1": 0
        }
    assert scene.values(emptied((0, "Maintenance"), (90, "Maintenance")), "host_resource_fault") == {"kvm-1": 0}


def test_what_is_not_in_service() -> None:
    """A host that was just added, and one of an unmanaged cluster."""
    fresh = scene.host(created=scene.NOW - HOST_SETTLES_SECONDS + 1, resource_state="Error")
    assert scene.of_zone(judge, scene.cloud(fresh)) == []
    unmanaged = {"c": scene.cluster(managed=False)}
    assert scene.of_zone(judge, scene.cloud(scene.host(resource_state="Error"), clusters=unmanaged)) == []


def test_remedies() -> None:
    """A degraded host was declared so by somebody."""
    found = scene.of_zone(
        judge, scene.cloud(scene.host(1, resource_state="Degraded"), scene.host(2, resource_state="ErrorInMaintenance"))
    )
    assert [one.remedy for one in found] == [CANCEL_DEGRADED, MOVE_BY_HAND]
    assert found[0].seen == "resource state Degraded"
