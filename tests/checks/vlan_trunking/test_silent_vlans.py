"""Machines that are silent on one host alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.vlan_trunking.silent_vlans import judge_zone
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Instance, Router
from exporter.model import Sample
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from tests.checks.vlan_trunking import vlan_scene as scene

GROUP = ZoneGroup("z", "zone1")
MACHINES = tuple(scene.instance(10 * on + place, on) for on in (1, 2, 3) for place in (0, 1))
"""Two machines on each of three hosts; the router is on the first."""


def table(**states: str) -> tuple[RouterNeighbour, ...]:
    """Return the router's entries: ``n20="FAILED"``."""
    return tuple(
        RouterNeighbour(f"10.1.1.{name[1:]}", "eth0", "" if state == "FAILED" else scene.mac(int(name[1:])), state)
        for name, state in states.items()
    )


def verdict(
    *entries: tuple[RouterNeighbour, ...],
    machines: tuple[Instance, ...] = MACHINES,
    routers: tuple[Router, ...] = (scene.router(),),
    looks: int = 2,
    **fields: Any,
) -> list[Sample]:
    """Return what is said of the zone when its routers have these entries."""
    seen_by = scene.cloud(*machines, *routers, **fields)
    members = {
        scene.router_target(router): {ROUTER_NEIGHBOURS: told} for router, told in zip(routers, entries, strict=False)
    }
    return scene.on_group(judge_zone, GROUP, seen_by, members, looks)


def counts(found: list[Sample]) -> dict[str, float]:
    """Return the counts by host."""
    return {sample.labels[2]: sample.value for sample in found if sample.metric.name.endswith("silent_vlans")}


ALL = {f"n{number}": "REACHABLE" for number in (10, 11, 20, 21, 30, 31)}
ON_TWO = table(**(ALL | {"n20": "FAILED", "n21": "INCOMPLETE"}))


def test_everybody_answers() -> None:
    """Zero is said of each host whose machines the router knows."""
    assert counts(verdict(table(**ALL))) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_a_host_that_is_silent_alone() -> None:
    """Host and VLAN are named, and the network in the finding."""
    found = verdict(ON_TWO)
    assert counts(found) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}
    row = scene.only(found, "silent_vlan_machines")
    assert (row.labels, row.value) == (("zone1", "cluster1", "kvm2", "physical-pn", "101"), 2)
    (sample,) = [sample for sample in found if sample.labels[2] == "kvm2" and sample is not row]
    assert sample.seen == "VLAN 101 (network network): 2 machines silent, 4 answer on other hosts"


def test_one_look_is_not_enough() -> None:
    """Machines may be rebooting."""
    assert counts(verdict(ON_TWO, looks=1)) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


@pytest.mark.parametrize(
    "entries",
    [
        table(**(ALL | {"n20": "FAILED"})),
        table(**(ALL | {"n20": "FAILED", "n21": "STALE"})),
        table(**(ALL | {"n20": "FAILED", "n21": "PROBE"})),
        table(n20="FAILED", n21="FAILED"),
        table(n10="FAILED", n11="FAILED", n20="FAILED", n21="FAILED", n30="FAILED", n31="FAILED"),
        (),
    ],
)
def test_what_is_no_silent_host(entries: tuple[RouterNeighbour, ...]) -> None:
    """One machine alone, one that was heard, one that is being asked, and a network in which nobody answers."""
    assert not any(counts(verdict(entries)).values())


def test_machines_that_prove_nothing() -> None:
    """Stopped, just made, on a second NIC, without an address: they may be silent for their own reasons."""
    for fields in ({"state": "Stopped"}, {"created": scene.NOW}):
        machines = tuple(scene.instance(n, n // 10, **(fields if n in (20, 21) else {})) for n in (10, 20, 21, 30))
        assert not any(counts(verdict(ON_TWO, machines=machines)).values())
    second = tuple(scene.instance(n, n // 10, scene.nic(n, is_default=n < 20)) for n in (10, 20, 21))
    assert not any(counts(verdict(ON_TWO, machines=second)).values())


def test_the_only_other_host_is_the_routers() -> None:
    """The fault is on one of two ways, and the finding says so."""
    found = verdict(table(n10="REACHABLE", n11="REACHABLE", n20="FAILED", n21="FAILED"))
    assert counts(found) == {"kvm1": 0, "kvm2": 1}
    assert any(sample.seen.endswith("all on the router's (kvm1): it is its way or this one") for sample in found)


@pytest.mark.parametrize("on_three", ["FAILED", "STALE"])
def test_the_way_of_the_routers_host(on_three: str) -> None:
    """All others are silent, or were heard long ago: what they all lack is the way of the router's host."""
    machines = (*MACHINES, scene.instance(40, 4), scene.instance(41, 4))
    hosts = tuple(scene.host(number) for number in (1, 2, 3, 4))
    silent = {"n20": "FAILED", "n21": "FAILED", "n30": on_three, "n31": on_three, "n40": "FAILED", "n41": "FAILED"}
    found = verdict(table(n10="REACHABLE", n11="REACHABLE", **silent), machines=machines, hosts=hosts)
    assert [host for host, value in counts(found).items() if value] == ["kvm1"]
    assert any("its 2 machines answer the router there" in sample.seen for sample in found)


def test_several_hosts_are_silent_and_one_is_heard() -> None:
    """Then the way of the router's host is good, and each silent host is named."""
    machines = (*MACHINES, scene.instance(40, 4), scene.instance(41, 4))
    silent = dict.fromkeys(("n20", "n21", "n30", "n31"), "FAILED")
    found = verdict(
        table(n10="REACHABLE", n40="REACHABLE", **silent), machines=machines, hosts=tuple(map(scene.host, (1, 2, 3, 4)))
    )
    assert [host for host, value in sorted(counts(found).items()) if value] == ["kvm2", "kvm3"]


def test_a_pair_of_routers_hears_together() -> None:
    """What one of them has heard is not silent."""
    routers = (scene.router(4, is_redundant=True), scene.router(5, on=3, is_redundant=True))
    assert not any(counts(verdict(ON_TWO, table(n20="REACHABLE"), routers=routers)).values())
    assert counts(verdict(ON_TWO, (), routers=routers))["kvm2"] == 1


@pytest.mark.parametrize("machines", [MACHINES, MACHINES[:2]])
def test_hosts_in_maintenance_that_answer(machines: tuple[Instance, ...]) -> None:
    """They have no fault, and that is said, although their machines may have left: an alert of before ends."""
    hosts = (scene.host(1), scene.host(2, resource_state="Maintenance"), scene.host(3))
    seen_by = scene.cloud(*machines, scene.router(), hosts=hosts)
    router: scene.Values = {ROUTER_NEIGHBOURS: ON_TWO}
    asked = {scene.target(one): scene.answered(scene.links(*scene.UPLINK)) for one in hosts}
    found = scene.on_group(judge_zone, GROUP, seen_by, {scene.router_target(scene.router()): router, **asked})
    assert counts(found)["kvm2"] == 0


def test_hosts_in_maintenance_and_routers_that_did_not_tell() -> None:
    """Nothing is said of them."""
    hosts = (scene.host(1), scene.host(2, resource_state="Maintenance"), scene.host(3))
    assert counts(verdict(ON_TWO, hosts=hosts)) == {"kvm1": 0, "kvm3": 0}
    seen_by = scene.cloud(*MACHINES, scene.router())
    assert scene.on_group(judge_zone, GROUP, seen_by, {scene.router_target(scene.router()): {}}) == []


def test_a_router_that_did_not_tell() -> None:
    """Of the hosts with machines in its network nothing healthy is said; what another router shows is."""
    far = scene.network("102", "far")
    there = scene.instance(40, 2, scene.nic(40, "vlan://102", "far"))
    second = scene.router(5, network_id="far", nics=(scene.nic(205, "vlan://102", "far", address="10.1.2.1"),))
    fields: dict[str, Any] = {"machines": (*MACHINES, there), "networks": (scene.network(), far)}
    both = (scene.router(), second)
    assert counts(verdict(table(**ALL), routers=both, **fields)) == {"kvm1": 0, "kvm3": 0}
    assert counts(verdict(ON_TWO, routers=both, **fields)) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}
    waiting: tuple[dict[str, Any], ...] = ({"state": "Stopped"}, {"redundant_state": "BACKUP"})
    for fine in waiting:
        waits = (scene.router(), replace(second, **fine))
        assert counts(verdict(table(**ALL), routers=waits, **fields)) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
