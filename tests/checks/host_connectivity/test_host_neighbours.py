"""Neighbours that a host does not reach: what is closed, what only looks so, and whose fault it is not."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_neighbours import judge
from exporter.cloud.objects import Cluster, Host
from exporter.cloud.targets import HostTarget
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.hosts.reach import HOST_REACH, HostReach
from tests.checks.host_connectivity import reach_scene as scene

TWO, THREE = scene.ADDRESSES[2], scene.ADDRESSES[3]
OPEN = {TWO: Reach.OPEN, THREE: Reach.ESTABLISHED}
REFUSED = {TWO: Reach.REFUSED, THREE: Reach.REFUSED}


def said(
    libvirt: dict[str, Reach], migration: dict[str, Reach], *others: Host, looks: int = 2, **of: Any
) -> list[Sample]:
    """Return what is said of a host with two neighbours, or with these; ``of`` are fields of the host."""
    host = scene.host(**of)
    neighbours = others or (scene.host(2), scene.host(3))
    target = HostTarget(host, "zone-1", None, (TWO, THREE))
    values = {HOST_REACH: HostReach(libvirt=libvirt, migration=migration)}
    return scene.judged(judge, target, values, scene.cloud(host, *neighbours), looks=looks)


def closed(*given: Any, **more: Any) -> dict[tuple[str, ...], float]:
    """Return how many neighbours are not reached; nothing when nothing is said."""
    return scene.values(said(*given, **more), "host_neighbours_unreachable")


def test_all_are_reached() -> None:
    """Nobody listens for migrations while none is under way; who refuses has been reached."""
    assert said(OPEN, REFUSED, looks=1) == said(REFUSED, OPEN, looks=1)
    assert closed(OPEN, REFUSED, looks=1) == {(): 0}


@pytest.mark.parametrize("reach", [Reach.TIMEOUT, Reach.UNREACHABLE])
def test_one_is_behind_a_firewall(reach: Reach) -> None:
    """Each way of it is told; it is one neighbour."""
    samples = said(OPEN | {TWO: reach}, REFUSED | {TWO: reach})
    assert scene.values(samples, "host_neighbours_unreachable") == {(): 1}
    assert scene.values(samples, "host_neighbour_unreachable") == {("kvm-2", "libvirt"): 1, ("kvm-2", "migration"): 1}
    sample = scene.only(samples, "host_neighbours_unreachable")
    assert sample.seen == f"libvirt of kvm-2: {reach}; migration of kvm-2: {reach}"
    assert (sample.expected, sample.labels) == ("all 2 reached", ("zone-1", "cluster-1", "kvm-1"))


def test_migrations_alone_are_closed() -> None:
    """As where somebody opened libvirt only."""
    silent = dict.fromkeys((TWO, THREE), Reach.TIMEOUT)
    assert closed(OPEN, silent) == {(): 2}


def test_it_is_looked_at_twice() -> None:
    """Nothing is said after one look: a neighbour that is restarted is none, and one that is cut off is not reached."""
    assert said(OPEN, REFUSED | {TWO: Reach.TIMEOUT}, looks=1) == []


def test_a_neighbour_that_was_not_asked_about() -> None:
    """It is one since the last look: that all are reached is not known, that one is cut off is."""
    assert said({TWO: Reach.OPEN}, {TWO: Reach.REFUSED}) == []
    assert closed({TWO: Reach.OPEN}, {TWO: Reach.TIMEOUT}) == {(): 1}


@pytest.mark.parametrize(
    "changes", [{"state": "Down"}, {"state": "Alert"}, {"resource_state": "Maintenance"}, {"created": scene.NOW - 60}]
)
def test_a_neighbour_that_is_not_expected_to_answer(changes: dict[str, Any]) -> None:
    """It was Up when the host was told whom to dial; by the present Cloud it is not."""
    silent = {TWO: Reach.TIMEOUT, THREE: Reach.OPEN}
    assert closed(silent, silent, scene.host(2, **changes), scene.host(3)) == {(): 0}
    assert closed(silent, silent, scene.host(2, **changes), scene.host(3, **changes)) == {}


@pytest.mark.parametrize("of", [{"state": "Alert"}, {"resource_state": "Maintenance"}, {"created": scene.NOW - 60}])
def test_a_host_that_is_not_judged(of: dict[str, Any]) -> None:
    """What is wrong with it is told by its state, or nobody expects anything of it."""
    assert closed({TWO: Reach.TIMEOUT}, {}, **of) == {}


def test_a_host_alone() -> None:
    """Without neighbours nothing was looked at."""
    host = scene.host()
    assert scene.judged(judge, HostTarget(host, "zone-1", None), {HOST_REACH: HostReach()}, scene.cloud(host)) == []


def test_a_cluster_that_is_disabled() -> None:
    """Nothing of it is judged."""
    host, other = scene.host(), scene.host(2)
    target = HostTarget(host, "zone-1", None, (TWO,))
    off = Cluster("c", "cluster-1", "z", "p", "KVM", enabled=False, managed=True)
    values = {HOST_REACH: HostReach(libvirt={TWO: Reach.TIMEOUT}, migration={TWO: Reach.TIMEOUT})}
    assert scene.judged(judge, target, values, scene.cloud(host, other, clusters={"c": off})) == []
