"""Hypervisor hosts that CloudStack has lost, and those that look lost and are not."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.hosts_up import judge, unjudged
from exporter.checks.host_connectivity.hypervisors import LOOK_AT_AGENT, LOOK_AT_HOST
from exporter.cloud.cloud import Cloud
from exporter.thresholds import HOST_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene

FRESH = scene.NOW - HOST_SETTLES_SECONDS + 1


def said(seen: Cloud) -> tuple[dict[str, float], dict[str, float]]:
    """Return who is down, and who is up."""
    found = scene.of_zone(judge, seen)
    return scene.values(found, "host_down"), scene.values(found, "host_up")


@pytest.mark.parametrize(
    ("state", "down", "up"),
    [
        ("Up", 0, {"kvm-1": 1}), ("Down", 1, {"kvm-1": 0}), ("Alert", 0, {"kvm-1": 0}),
        ("Disconnected", 0, {"kvm-1": 0}), ("Connecting", 0, {}), ("Rebalancing", 0, {}),
    ],
)  # fmt: skip
def test_each_state(state: str, down: int, up: dict[str, float]) -> None:
    """Zero is said of a healthy host; one that connects is neither up nor lost."""
    assert said(scene.cloud(scene.host(state=state))) == ({"kvm-1": down}, up)


@pytest.mark.parametrize("state", ["Unknown", "", "Hibernating"])
def test_a_state_that_says_nothing(state: str) -> None:
    """CloudStack does not know, withholds it, or is of a newer release: that it is not down is not known either."""
    cloud = scene.cloud(scene.host(state=state))
    assert said(cloud) == ({}, {})
    assert [(one.kind, one.name) for one in unjudged(cloud)] == [("host", "kvm-1")]


def test_states_that_are_told() -> None:
    """Nobody is unknown whose states are told, nor whoever is not waited for."""
    seen = scene.cloud(*(scene.host(number, state=state) for number, state in enumerate(("Up", "Alert", "Connecting"))))
    assert list(unjudged(seen)) == []
    for changes in ({"resource_state": "Maintenance"}, {"created": FRESH}, {"type": "SecondaryStorage"}):
        assert list(unjudged(scene.cloud(scene.host(state="", **changes)))) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_state": "Disabled"}, {"resource_state": "Maintenance"}, {"resource_state": "PrepareForMaintenance"},
        {"resource_state": "ErrorInMaintenance"}, {"resource_state": "Degraded"}, {"created": FRESH},
        {"type": "SecondaryStorage"}, {"type": "TrafficMonitor"}, {"type": "L2Networking"}, {"zone_id": "other"},
        {"type": "SecondaryStorageVM"}, {"type": "ConsoleProxy"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("state", ["Down", "Alert", "Disconnected"])
def test_what_never_alarms(changes: dict[str, Any], state: str) -> None:
    """Disabled and Down, Maintenance and Disconnected: on purpose. Rows without an agent are always in Alert."""
    assert said(scene.cloud(scene.host(**{"state": state, **changes}))) == ({}, {})


@pytest.mark.parametrize("changes", [{"managed": False}, {"enabled": False}])
def test_clusters_that_are_not_managed(changes: dict[str, Any]) -> None:
    """Their hosts are Disconnected on purpose."""
    seen = scene.cloud(scene.host(state="Disconnected"), clusters={"c": scene.cluster(**changes)})
    assert said(seen) == ({}, {})


def test_last_pinged_is_nobodys_word() -> None:
    """It is in January 1970; the Cloud does not even hold it."""
    assert not any("ping" in name for name in scene.host().__slots__)


def test_words_and_remedies() -> None:
    """A dead host is looked at itself, a lost agent through its log."""
    found = scene.of_zone(judge, scene.cloud(scene.host(1, state="Down"), scene.host(2, state="Alert")))
    bad = [(one.labels[-1], one.seen, one.expected, one.remedy) for one in found if scene.is_problem(one)]
    assert bad == [
        ("kvm-1", "state Down", "Up", LOOK_AT_HOST),
        ("kvm-1", "state Down", "Up", LOOK_AT_HOST),
        ("kvm-2", "state Alert", "Up", LOOK_AT_AGENT),
    ]
