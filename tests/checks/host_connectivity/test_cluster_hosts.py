"""Clusters that have lost many of their hosts at once."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity import hosts_changing, hosts_up
from exporter.checks.host_connectivity.cluster_hosts import judge
from exporter.checks.host_connectivity.state_sets import LOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host
from exporter.thresholds import HOST_CHANGING_SECONDS
from tests.checks.host_connectivity import states_scene as scene


def hosts(*states: str, **changes: str) -> tuple[Host, ...]:
    """Return a host for each state."""
    return tuple(scene.host(number, state=state, **changes) for number, state in enumerate(states, 1))


def ratio(*seen: Cloud) -> dict[str, float]:
    """Return the share by cluster."""
    return scene.values(scene.of_zone(judge, *seen), "cluster_hosts_lost_ratio")


def test_a_share_of_the_cluster() -> None:
    """Three of four are many, and all four are named with their states."""
    found = scene.of_zone(judge, scene.cloud(*hosts("Up", "Down", "Alert", "Down")))
    assert scene.values(found, "cluster_hosts_lost") == {"cluster-1": 3}
    assert scene.values(found, "cluster_hosts_lost_ratio") == {"cluster-1": 0.75}
    assert scene.problems(found) == ["cluster_hosts_lost_ratio cluster-1"]
    assert found[1].seen == "3 of 4 hosts: kvm-2 Down, kvm-3 Alert, kvm-4 Down"


def test_zero_is_said_of_a_healthy_cluster() -> None:
    """Also of one that is just connecting: nobody is lost."""
    assert ratio(scene.cloud(*hosts("Up", "Connecting", "Rebalancing"))) == {"cluster-1": 0}


@pytest.mark.parametrize("state", ["Connecting", "Rebalancing", "Unknown"])
def test_hosts_that_never_arrive_are_lost(state: str) -> None:
    """A pool that cannot be mounted keeps all agents in Connecting: after as long as a host is told to be stuck."""
    many = hosts("Up", *[state] * 9)
    first, limit = scene.cloud(*many), scene.cloud(*many, asked=100.0 + HOST_CHANGING_SECONDS)
    assert scene.problems(scene.of_zone(judge, first, limit)) == []
    seen = (first, scene.cloud(*many, asked=101.0 + HOST_CHANGING_SECONDS))
    found = scene.of_zone(judge, *seen)
    assert scene.values(found, "cluster_hosts_lost") == {"cluster-1": 9}
    assert scene.values(found, "cluster_hosts_lost_ratio") == {"cluster-1": 0.9}
    assert found[1].seen.startswith(f"9 of 10 hosts: kvm-10 {state}, ")
    assert len(scene.problems(scene.of_zone(hosts_changing.judge, *seen))) == 9  # told no later than its hosts


def test_a_start_of_a_management_server_is_no_loss() -> None:
    """All hosts are Disconnected and Connecting for some minutes, each in turn: what they leave is not counted on."""
    told = ["Connecting", "Rebalancing", "Connecting", "Up"]
    seen = [scene.cloud(*hosts(*[state] * 4), asked=100.0 + 600 * look) for look, state in enumerate(told)]
    assert [ratio(*seen[: look + 1]) for look in range(4)] == [{"cluster-1": 0}] * 4


@pytest.mark.parametrize("state", ["", "Unknown", "Hibernating"])
def test_nothing_is_said_while_hosts_that_are_not_told_could_decide(state: str) -> None:
    """Of a host without a state, or of one that CloudStack does not know, nobody can say that it is not lost."""
    assert scene.of_zone(judge, scene.cloud(*hosts("Up", *[state] * 9))) == []
    assert scene.of_zone(judge, scene.cloud(*hosts("Up", "Up", "Down", state))) == []
    assert ratio(scene.cloud(*hosts("Up", state))) == {"cluster-1": 0}  # a single one
    assert ratio(scene.cloud(*hosts(*["Up"] * 8, state, state))) == {"cluster-1": 0}  # too few
    assert ratio(scene.cloud(*hosts("Up", "Up", "Down", "Down", state))) == {"cluster-1": 0.4}  # enough without it


@pytest.mark.parametrize("states", [("Down",), ("Down", "Up"), ("Down", "Up", "Up")])
def test_a_single_host_is_told_by_itself(states: tuple[str, ...]) -> None:
    """However small the cluster; it is counted all the same."""
    found = scene.of_zone(judge, scene.cloud(*hosts(*states)))
    assert scene.values(found, "cluster_hosts_lost_ratio") == {"cluster-1": 0}
    assert scene.values(found, "cluster_hosts_lost") == {"cluster-1": 1}


def test_a_small_share_of_a_large_cluster() -> None:
    """Three of ten are not more than thirty percent; four are."""
    assert scene.problems(scene.of_zone(judge, scene.cloud(*hosts(*["Down"] * 3, *["Up"] * 7)))) == []
    assert scene.problems(scene.of_zone(judge, scene.cloud(*hosts(*["Down"] * 4, *["Up"] * 6)))) != []


@pytest.mark.parametrize("state", sorted(LOST))
def test_it_is_told_no_later_than_its_hosts(state: str) -> None:
    """From the same refresh on: an alert about the cluster that comes late hides nothing."""
    seen = scene.cloud(*hosts(*[state] * 4))
    assert ratio(seen) == {"cluster-1": 1}
    assert scene.values(scene.of_zone(hosts_up.judge, seen), "host_up") == dict.fromkeys(
        ("kvm-1", "kvm-2", "kvm-3", "kvm-4"), 0
    )


def test_only_hosts_that_should_work_count() -> None:
    """Of six, four are out of service on purpose: two of two are lost."""
    away = [scene.host(10 + number, state="Down", resource_state=state)
            for number, state in enumerate(("Disabled", "Maintenance", "PrepareForMaintenance"))]  # fmt: skip
    fresh = scene.host(20, state="Alert", created=scene.NOW - 60)
    found = scene.of_zone(judge, scene.cloud(*hosts("Down", "Down"), *away, fresh))
    assert found[1].seen == "2 of 2 hosts: kvm-1 Down, kvm-2 Down"
    assert scene.of_zone(judge, scene.cloud(*away, fresh)) == []


def test_each_cluster_by_itself() -> None:
    """One that is dead does not hide another one's health; many hosts are not all named."""
    others = tuple(scene.host(100 + number, state="Down", cluster_id="d") for number in range(8))
    clusters = {"c": scene.cluster(), "d": scene.cluster("cluster-2", "d")}
    found = scene.of_zone(judge, scene.cloud(*hosts("Up", "Up"), *others, clusters=clusters))
    assert scene.values(found, "cluster_hosts_lost_ratio") == {"cluster-1": 0, "cluster-2": 1}
    assert "and 3 more" in next(one.seen for one in found if scene.is_problem(one))
