"""VLANs of which a host only sends, where no VLAN device counts: Open vSwitch, EVPN, bridges with several uplinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.vlan_trunking.one_way import judge_zone
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Instance, Router
from exporter.questions.hosts.links import Counters
from exporter.questions.hosts.ovs import OvsInterface, OvsPort
from tests.checks.vlan_trunking import vlan_scene as scene

KEY = ("one_way_vlans", "cluster1", "kvm1", "physical-pn")
BOTH = (scene.instance(5), scene.instance(6, on=2))
Pair = tuple[int, int]  # frames that machines sent, and that they heard


def visit(*taps: Pair, tag: int = 101, sockets: int = 0, bridge: str = "cloudbr1") -> scene.Values:
    """Return what a host with Open vSwitch tells whose machines have sent and heard so much."""
    links = [
        scene.link(f"vnet{place}", "tun", "ovs-system", counters=Counters(rx_packets=sent, tx_packets=heard))
        for place, (sent, heard) in enumerate(taps)
    ]
    names = [*((one.name, "") for one in links), *((f"csdpdk-{n}", "dpdkvhostuserclient") for n in range(sockets))]
    ports = [
        OvsPort(name=name, bridge=bridge, tag=tag, interfaces=(OvsInterface(name=name, kind=kind),))
        for name, kind in names
    ]
    return scene.answered(scene.links(*links), ovs=scene.switch(*ports))


def growing(*taps: Pair, **fields: Any) -> list[scene.Values]:
    """Return three visits between which each tap counts so much."""
    return [visit(*((look * sent, look * heard) for sent, heard in taps), **fields) for look in (1, 2, 3)]


def counts(visits: list[Any], peer: list[Any], *machines: Instance | Router, **fields: Any) -> Mapping[Any, float]:
    """Return what is said of kvm1 after visits of it and, at the same times, of kvm2."""
    seen_by, watch = scene.cloud(*(machines or BOTH), **fields), scene.Watch(judge_zone)
    hosts = [scene.target(seen_by.hosts[one]) for one in ("h1", "h2")]
    found: list[Any] = []
    for both in zip(visits, peer, strict=True):
        told = dict(zip(hosts, both, strict=True))
        found = watch.look(
            ZoneGroup("z", "zone1"),
            seen_by,
            lambda told=told: {one: watch.answers(one.name, seen) for one, seen in told.items()},  # type: ignore[misc]
        )
    return scene.values_of([sample for sample in found if sample.labels[2] == "kvm1"])


SPEAKS = growing((20, 50))
ONLY_SENDS = growing((100, 0))
FOUND = {KEY: 1, ("one_way_sent_frames", *KEY[1:], "101"): 100}


def test_a_machine_that_sends_and_never_hears() -> None:
    """Its tap counts what a VLAN device would."""
    assert counts(ONLY_SENDS, SPEAKS) == FOUND
    assert counts(ONLY_SENDS[:2], SPEAKS[:2]) == {KEY: 0}


@pytest.mark.parametrize("taps", [((100, 1),), ((29, 0),), ((0, 0),), ((100, 40), (40, 100), (0, 141))])
def test_machines_that_hear_or_are_quiet(taps: tuple[Pair, ...]) -> None:
    """One frame from elsewhere is enough; so is one more than those beside it sent."""
    assert counts(growing(*taps), SPEAKS) == {KEY: 0}


def test_two_machines_of_which_neither_hears() -> None:
    """What both sent is added up."""
    assert counts(growing((60, 0), (40, 0)), SPEAKS) == FOUND


def test_machines_that_may_hear_each_other_alone() -> None:
    """Nobody can tell, so neither a fault nor its absence is said; nor of sockets of DPDK, which nothing counts."""
    assert counts(growing((100, 40), (40, 100)), SPEAKS) == {}
    assert counts(growing(sockets=1), SPEAKS) == {}
    assert counts(growing((100, 40), sockets=1), SPEAKS) == {}
    assert counts(growing((100, 0), sockets=1), SPEAKS) == FOUND


def test_other_vlans_do_not_matter() -> None:
    """Neither the tap of another VLAN, nor one of another bridge, nor one in which no machine of CloudStack is."""
    for fields in ({"tag": 102}, {"bridge": "other"}):
        assert counts(growing((100, 0), **fields), SPEAKS) == {KEY: 0}
    assert counts(growing((100, 40), (40, 100), tag=102), SPEAKS) == {KEY: 0}


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (growing((0, 50)), {KEY: 0}),
        (growing((20, 0)), FOUND),
        (growing((20, 20), (20, 20)), {}),
        (growing((90, 20), (20, 40)), FOUND),
        ([scene.answered(scene.links())] * 3, {}),
    ],
)
def test_whether_anybody_spoke_elsewhere(peer: list[Any], expected: Mapping[Any, float]) -> None:
    """Machines of the other host may have spoken to each other alone; what these did not hear has left it."""
    assert counts(ONLY_SENDS, peer) == expected


def test_a_tap_that_was_just_made() -> None:
    """It has nothing to compare with, as a new VLAN device has not."""
    index = iter(range(9))

    def anew(values: scene.Values) -> scene.Values:
        (links,) = [found for question, found in values.items() if question.name == "host_links"]
        made = scene.links(*(replace(one, index=next(index)) for one in links.by_name.values()))
        return {question: made if found is links else found for question, found in values.items()}

    assert counts([anew(values) for values in ONLY_SENDS], SPEAKS) == {KEY: 0}


def evpn(rx: int, tx: int) -> list[scene.Values]:
    """Return visits of a host with a VXLAN device of EVPN, which counts so much from one to the next."""
    return [
        scene.answered(scene.links(*scene.UPLINK, *_without_parent(scene.vxlan(rx=look * rx, tx=look * tx))))
        for look in (1, 2, 3)
    ]


def _without_parent(links: tuple[Any, ...]) -> list[Any]:
    return [replace(one, parent="") if one.kind == "vxlan" else one for one in links]


def test_evpn_answers_for_others() -> None:
    """A host need not hear anybody there for half an hour, so nothing is said of it; as a witness it is good."""
    fields: dict[str, Any] = {
        "networks": (scene.network("vxlan://5001"),),
        "physicals": (scene.physical(isolation_methods=("VXLAN",), vlan_ranges=((5000, 5999),)),),
    }
    machines = [scene.instance(n, on, scene.nic(n, "vxlan://5001")) for n, on in ((5, 1), (6, 2))]
    for rx, tx in ((0, 100), (50, 100), (0, 0)):
        assert counts(evpn(rx, tx), evpn(9, 9), *machines, **fields) == {}
    plain = [scene.answered(scene.links(*scene.UPLINK, *scene.vxlan(rx=0, tx=look * 100))) for look in (1, 2, 3)]
    assert counts(plain, evpn(0, 9), *machines, **fields)[KEY] == 1
    assert counts(evpn(0, 100), evpn(9, 9), machines[1], **fields) == {KEY: 0}


def test_a_guest_bridge_with_two_uplinks() -> None:
    """Which of them the VLAN devices hang on is not known, so nothing could ever be found."""
    eth0 = (scene.link("eth0", master="cloudbr1"), scene.link("cloudbr1", "bridge"), scene.link("breth0-101", "bridge"))

    def visits(*more: Any) -> list[scene.Values]:
        device = scene.link("eth0.101", "vlan", "breth0-101", parent="eth0", vlan=101)
        return [
            scene.answered(scene.links(*eth0, *more, replace(device, counters=Counters(tx_packets=look * 100))))
            for look in (1, 2, 3)
        ]

    assert counts(visits(), visits())[KEY] == 1
    two = visits(scene.link("eth1", master="cloudbr1"))
    assert counts(two, two) == {}
