"""VLANs of which a host only sends."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.one_way import judge_zone
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Instance, Router
from exporter.model import Sample
from tests.checks.vlan_trunking import vlan_scene as scene

KEY = ("one_way_vlans", "cluster1", "kvm1", "physical-pn")
BOTH = (scene.instance(5), scene.instance(6, on=2))


def counts(*pairs: tuple[int, int], indexes: tuple[int, ...] = (1, 1, 1, 1)) -> list[Any]:
    """Return visits at which the VLAN device had received and sent so many frames."""
    return [
        scene.answered(scene.links(*scene.UPLINK, *scene.counted(rx=rx, tx=tx, index=index)))
        for (rx, tx), index in zip(pairs, indexes, strict=False)
    ]


SILENT = counts((7, 100), (7, 200), (7, 300))
SPEAKS = counts((900, 50), (950, 60), (990, 70))
LISTENS = counts((900, 50), (1000, 50), (1100, 50))


def judged(visits: list[Any], peer: list[Any] | None, *machines: Instance | Router, **fields: Any) -> list[Sample]:
    """Return what is said of the zone after visits of kvm1 and, at the same times, of kvm2."""
    seen_by, watch = scene.cloud(*(machines or BOTH), **fields), scene.Watch(judge_zone)
    hosts = [scene.target(seen_by.hosts[one]) for one in ("h1", "h2")]
    found: list[Sample] = []
    for at, values in enumerate(visits):
        told = zip(hosts, (values, *([peer[at]] if peer else [])), strict=False)
        found = watch.look(
            ZoneGroup("z", "zone1"),
            seen_by,
            lambda told=told: {one: watch.answers(one.name, seen) for one, seen in told},  # type: ignore[misc]
        )
    return found


def verdict(visits: list[Any], *machines: Instance | Router, peer: Any = SPEAKS, **fields: Any) -> list[Sample]:
    """Return what is said of kvm1 after its last visit."""
    return [sample for sample in judged(visits, peer, *machines, **fields) if sample.labels[2] == "kvm1"]


def test_sending_and_never_receiving() -> None:
    """Three visits show it twice: the first one has nothing to compare with."""
    found = verdict(SILENT)
    assert scene.values_of(found) == {KEY: 1, ("one_way_sent_frames", *KEY[1:], "101"): 100}
    assert scene.only(found, "one_way_vlans").seen == "bond0.101 sent 100 frames and heard none"


def test_two_visits_are_not_enough() -> None:
    """A quiet minute is no fault."""
    assert scene.values_of(verdict(SILENT[:2])) == {KEY: 0}
    assert verdict(SILENT[:1] + SILENT[:1])[0].value == 0
    assert verdict(SILENT[:1]) == []


@pytest.mark.parametrize(
    "visits",
    [
        counts((7, 100), (7, 105), (7, 110)),
        counts((7, 100), (8, 200), (9, 300)),
        counts((7, 100), (7, 200), (8, 300)),
        counts((7, 300), (7, 200), (7, 100)),
        counts((7, 100), (7, 200), (7, 300), indexes=(1, 2, 3)),
    ],
)
def test_what_is_no_one_way(visits: list[Any]) -> None:
    """Quiet VLANs, VLANs with answers, counters that went back, devices made anew."""
    assert scene.values_of(verdict(visits)) == {KEY: 0}


@pytest.mark.parametrize(
    "machines",
    [
        (scene.instance(5),),
        (scene.instance(5), scene.instance(6)),
        (scene.instance(5), scene.instance(6, on=2, state="Stopped")),
        (scene.instance(5), scene.router(on=2, is_redundant=True)),
        (scene.router(on=1, is_redundant=True), scene.instance(6, on=2)),
        (scene.instance(6, on=2),),
    ],
)
def test_nobody_need_answer(machines: tuple[Instance | Router, ...]) -> None:
    """No other machine elsewhere, or only one that speaks unasked: routers of a pair announce themselves for ever."""
    assert scene.values_of(verdict(SILENT, *machines)) == {KEY: 0}


def test_a_host_that_only_announces() -> None:
    """Guests that share an address announce it for ever; a quiet router elsewhere hears that and is asked nothing."""
    assert scene.values_of(verdict(SILENT, *BOTH, scene.router(on=2), peer=LISTENS)) == {KEY: 0}


@pytest.mark.parametrize(
    "peer", [None, [scene.answered(scene.links(*scene.UPLINK))] * 3, counts((1, 1), (1, 1), (1, 1), indexes=(1, 2, 3))]
)
def test_a_peer_that_did_not_tell(peer: Any) -> None:
    """Whether anybody spoke is not known: it was not visited, has no such device, or has just made it anew."""
    assert verdict(SILENT, peer=peer) == []
    third = (scene.instance(5), scene.instance(7, on=3))
    assert verdict(SILENT, *third, peer=SPEAKS) == []


def test_a_peer_that_is_never_asked() -> None:
    """Of other hypervisors no counters are known; that a machine of the network runs there has to do."""
    hosts = (scene.host(), scene.host(2, hypervisor="VMware"))
    assert scene.only(verdict(SILENT, peer=None, hosts=hosts), "one_way_vlans").value == 1


def test_a_peer_that_is_not_needed() -> None:
    """While frames come in, or hardly any go out, nobody elsewhere is asked for."""
    for visits in (counts((7, 100), (8, 200), (9, 300)), counts((7, 100), (7, 105), (7, 110))):
        assert scene.values_of(verdict(visits, peer=None)) == {KEY: 0}


def test_another_place_that_nobody_told() -> None:
    """A fault that was found stands; that there is none is not said while public traffic may lie elsewhere."""
    labels = (scene.label(), scene.label("", traffic="Public"))
    assert scene.only(verdict(SILENT, labels=labels), "one_way_vlans").value == 1
    assert verdict(counts((7, 100), (8, 200), (9, 300)), labels=labels) == []


def test_a_router_elsewhere_would_answer() -> None:
    """It asks for the machine, so frames would come."""
    assert scene.only(verdict(SILENT, scene.instance(5), scene.router(on=2)), "one_way_vlans").value == 1


def test_hosts_in_maintenance() -> None:
    """They have no fault, and that is said: an alert of before ends."""
    found = verdict(SILENT, hosts=(scene.host(resource_state="Maintenance"), scene.host(2)))
    assert scene.values_of(found) == {KEY: 0}


VXLAN: dict[str, Any] = {
    "networks": (scene.network("vxlan://5001"),),
    "physicals": (scene.physical(isolation_methods=("VXLAN",), vlan_ranges=((5000, 5999),)),),
}
ON_VXLAN = tuple(scene.instance(number, on, scene.nic(number, "vxlan://5001")) for number, on in ((5, 1), (6, 2)))


def tunnels(*pairs: tuple[int, int]) -> list[Any]:
    """Return visits at which the VXLAN device had received and sent so many frames."""
    return [scene.answered(scene.links(*scene.UPLINK, *scene.vxlan(rx=rx, tx=tx))) for rx, tx in pairs]


def test_a_vxlan_of_which_a_host_only_sends() -> None:
    """Its device is found by its number, and its row says that it is no VLAN."""
    found = verdict(tunnels((7, 100), (7, 200), (7, 300)), *ON_VXLAN, peer=tunnels((1, 1), (2, 2), (3, 3)), **VXLAN)
    assert scene.values_of(found) == {KEY: 1, ("one_way_sent_frames", *KEY[1:], "vxlan-5001"): 100}
    fine = verdict(tunnels((7, 100), (8, 200), (9, 300)), *ON_VXLAN, peer=tunnels((1, 1), (2, 2), (3, 3)), **VXLAN)
    assert scene.values_of(fine) == {KEY: 0}


def test_a_peer_without_the_vxlan_device() -> None:
    """Whether anybody spoke there is not known."""
    assert verdict(tunnels((7, 100), (7, 200), (7, 300)), *ON_VXLAN, peer=SPEAKS, **VXLAN) == []


def test_physical_networks_of_other_methods() -> None:
    """GRE has no devices that count, so nothing is said of it; a method that nobody chose is VLAN."""
    assert verdict(SILENT[:2], physicals=(scene.physical(isolation_methods=("GRE",)),)) == []
    assert scene.values_of(verdict(SILENT[:2], physicals=(scene.physical(isolation_methods=()),))) == {KEY: 0}
