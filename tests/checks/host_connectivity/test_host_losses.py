"""Hypervisor hosts whose agent is lost again and again."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_losses import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import AgentLoss, Host
from exporter.model import Sample
from exporter.thresholds import HOST_RECONNECTS, HOST_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene


def cloud(*hosts: Host, ago: tuple[float, ...] = (), **fields: Any) -> Cloud:
    """Return a Cloud whose hosts were all lost so many seconds ago, oldest first."""
    losses = tuple(AgentLoss(scene.NOW - seconds, 100.0 - seconds) for seconds in ago)
    return scene.cloud(*hosts, agent_losses={one.id: losses for one in hosts if losses}, **fields)


def said(seen: Cloud) -> list[Sample]:
    """Return what is said of the zone."""
    return scene.of_zone(judge, seen)


def test_zero_is_said() -> None:
    """Of each host that should work; a date of long ago is no loss."""
    found = said(cloud(scene.host(1), scene.host(2, disconnected=scene.NOW - 40 * scene.DAY)))
    assert scene.values(found, "host_disconnects_last_hour") == {"kvm-1": 0, "kvm-2": 0}
    assert scene.problems(found) == []


@pytest.mark.parametrize("times", range(1, 8))
def test_how_often(times: int) -> None:
    """As often as an upgrade, a reboot or a restart of a management server does is no problem."""
    (found,) = said(cloud(scene.host(), ago=tuple(float(300 * turn) for turn in range(times, 0, -1))))
    assert found.labels == ("zone-1", "cluster-1", "kvm-1")
    assert found.value == times
    assert scene.is_problem(found) is (times > HOST_RECONNECTS)


def test_words_name_the_newest_dates() -> None:
    """The last loss first, in UTC, and a bounded number of them."""
    (found,) = said(cloud(scene.host(), ago=(3000.0, 2400.0, 1800.0, 1200.0, 600.0, 60.0)))
    assert found.seen == "lost 6 times within an hour: 07:59:00, 07:50:00, 07:40:00, 07:30:00, 07:20:00 UTC"
    (few,) = said(cloud(scene.host(), ago=(1200.0, 600.0)))
    assert few.seen == "lost 2 times within an hour: 07:50:00, 07:40:00 UTC"


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_state": "Disabled"}, {"resource_state": "Maintenance"}, {"resource_state": "PrepareForMaintenance"},
        {"resource_state": "ErrorInMaintenance"}, {"resource_state": "Degraded"}, {"state": "Removed"},
        {"created": scene.NOW - HOST_SETTLES_SECONDS + 1}, {"type": "SecondaryStorage"}, {"type": "ConsoleProxy"},
        {"zone_id": "other"},
    ],
)  # fmt: skip
def test_who_is_not_judged(changes: dict[str, Any]) -> None:
    """Hosts that are held back on purpose, just added, or none at all."""
    assert said(cloud(scene.host(**changes), ago=(50.0, 40.0, 30.0, 20.0, 10.0))) == []


@pytest.mark.parametrize("changes", [{"managed": False}, {"enabled": False}])
def test_clusters_that_are_not_managed(changes: dict[str, Any]) -> None:
    """Their hosts are nobody's business."""
    assert said(cloud(scene.host(), ago=(5.0, 4.0, 3.0, 2.0), clusters={"c": scene.cluster(**changes)})) == []


def test_who_is_set_up_is_rebooted() -> None:
    """What was lost in the first half hour is not counted afterwards; what comes later is."""
    new = scene.host(created=scene.NOW - HOST_SETTLES_SECONDS - 100)
    (found,) = said(cloud(new, ago=(1500.0, 1200.0, 900.0, 600.0, 50.0)))
    assert found.value == 1


def test_clocks_of_a_day_before_it_was_added() -> None:
    """A loss that seems older than the host is counted: its date tells nothing of when it was set up."""
    new = scene.host(created=scene.NOW - HOST_SETTLES_SECONDS - 100)
    (found,) = said(cloud(new, ago=(scene.DAY,)))
    assert found.value == 1


def test_hosts_of_other_states_are_judged_too() -> None:
    """Who is lost just now, or connects, may be one that is lost again and again."""
    hosts = [scene.host(number, state=state) for number, state in enumerate(("Up", "Connecting", "Alert", "Down"), 1)]
    found = said(cloud(*hosts, ago=(50.0, 40.0, 30.0, 20.0)))
    assert set(scene.values(found, "host_disconnects_last_hour").values()) == {4}
    assert len(found) == 4
