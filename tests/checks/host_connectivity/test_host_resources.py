"""Hosts that CloudStack could not bring into maintenance, and those that are there."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.host_resources import CANCEL_DEGRADED, MOVE_BY_HAND, judge
from exporter.thresholds import HOST_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene


@pytest.mark.parametrize(
    ("state", "value"),
    [
        ("Enabled", 0), ("Disabled", 0), ("Maintenance", 0), ("PrepareForMaintenance", 0), ("Creating", 0),
        ("ErrorInMaintenance", 1), ("ErrorInPrepareForMaintenance", 1), ("Error", 1), ("Degraded", 1), ("", 0),
    ],
)  # fmt: skip
def test_each_resource_state(state: str, value: int) -> None:
    """Maintenance itself is on purpose, whatever the agent's state is then."""
    found = scene.of_zone(judge, scene.cloud(scene.host(resource_state=state, state="Disconnected")))
    assert scene.values(found, "host_resource_fault") == {"kvm-1": value}


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
