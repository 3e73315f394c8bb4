"""Hosts that are silent with one machine of each network: the talk's own symptom, as it comes most often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from exporter.checks.vlan_trunking.silent_vlans import judge_zone
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Sample
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from tests.checks.vlan_trunking import vlan_scene as scene

GROUP = ZoneGroup("z", "zone1")
NETWORKS = (1, 2, 3, 4, 5)


def number(network: int, on: int) -> int:
    """Return the number of the machine of a network on a host."""
    return 10 * network + on


def zone(routers_on: Iterable[int] = (1, 1, 1, 1, 1), **fields: Any) -> Cloud:
    """Return isolated networks with one machine on each host, and their routers."""
    machines = [
        scene.instance(number(net, on), on, scene.nic(number(net, on), f"vlan://10{net}", f"n{net}"))
        for net in NETWORKS
        for on in (1, 2, 3)
    ]
    routers = [
        scene.router(net, on, network_id=f"n{net}", nics=(scene.nic(200 + net, f"vlan://10{net}", f"n{net}"),))
        for net, on in zip(NETWORKS, routers_on, strict=False)
    ]
    networks = tuple(scene.network(f"10{net}", f"n{net}") for net in NETWORKS)
    return scene.cloud(*machines, *routers, networks=networks, **fields)


def tables(seen_by: Cloud, silent: Iterable[int], unknown: Iterable[int] = ()) -> dict[Any, Any]:
    """Return what each router has heard: everybody but the silent machines."""
    found: dict[Any, Any] = {}
    for router in seen_by.routers.values():
        states = {
            one.nics[0].address: "FAILED" if int(one.id[2:]) in silent else "REACHABLE"
            for one in seen_by.instances_by_network[router.network_id]
            if int(one.id[2:]) not in unknown
        }
        told = tuple(RouterNeighbour(one, "eth0", "", state) for one, state in states.items())
        found[scene.router_target(router)] = {ROUTER_NEIGHBOURS: told}
    return found


def counts(samples: list[Sample]) -> Mapping[str, float]:
    """Return the counts by host."""
    return {sample.labels[2]: sample.value for sample in samples if sample.metric.name.endswith("silent_vlans")}


def verdict(seen_by: Cloud, silent: Iterable[int], looks: int = 2, **more: Any) -> Mapping[str, float]:
    """Return the counts by host when these machines are silent."""
    return counts(scene.on_group(judge_zone, GROUP, seen_by, tables(seen_by, silent, **more), looks))


def device(rx: int, tx: int, vlan: int = 101, index: int = 1) -> Any:
    """Return what a host answers whose VLAN device has counted so much."""
    return scene.answered(scene.links(*scene.UPLINK, *scene.counted(vlan, rx=rx, tx=tx, index=index)))


VAIN = (device(7, 100), device(7, 103), device(7, 106))
"""A guest that begs for an address: some frames a minute."""


def beside_devices(seen_by: Cloud, silent: Iterable[int], visits: Iterable[Any]) -> Mapping[str, float]:
    """Return the counts when kvm2 was visited so."""
    watch, routers = scene.Watch(judge_zone), tables(seen_by, silent)
    found: list[Sample] = []
    for values in visits:
        told = routers | ({scene.target(seen_by.hosts["h2"]): values} if values else {})
        found = watch.look(
            GROUP,
            seen_by,
            lambda told=told: {one: watch.answers(one.name, given) for one, given in told.items()},  # type: ignore[misc]
        )
    return counts(found)


ON_TWO = [number(net, 2) for net in NETWORKS]


def test_one_machine_of_each_network() -> None:
    """All of kvm2 are silent, each network answers elsewhere: the second look names the host and counts its VLANs."""
    assert verdict(zone(), ON_TWO) == {"kvm1": 0, "kvm2": 5, "kvm3": 0}
    assert not any(verdict(zone(), ON_TWO, looks=1).values())


def test_words_and_rows() -> None:
    """Each VLAN has a row with its one machine."""
    seen_by = zone()
    found = scene.on_group(judge_zone, GROUP, seen_by, tables(seen_by, ON_TWO))
    (sample,) = [one for one in found if one.value == 5]
    assert sample.seen.startswith("VLAN 101 (network n1work): 1 machine silent, 2 answer on other hosts; VLAN 102")
    rows = {one.labels[-1]: one.value for one in found if one.metric.name.endswith("silent_vlan_machines")}
    assert rows == {"101": 1, "102": 1, "103": 1, "104": 1, "105": 1}


def test_its_own_routers_hear_only_what_is_there() -> None:
    """With routers on the silent host: what they hear of it does not pass the switch, and nobody else hears them."""
    silent = [*ON_TWO[:3], *(number(net, on) for net in (4, 5) for on in (1, 3))]
    assert verdict(zone((1, 1, 3, 2, 2)), silent) == {"kvm1": 0, "kvm2": 5, "kvm3": 0}


def test_the_way_of_the_host_of_all_routers() -> None:
    """Nobody elsewhere is heard by any of them: what all of these machines lack is the way of the routers' host."""
    silent = [number(net, on) for net in NETWORKS for on in (2, 3)]
    assert verdict(zone(), silent) == {"kvm1": 5, "kvm2": 0, "kvm3": 0}


@pytest.mark.parametrize(
    ("silent", "routers_on"),
    [
        (ON_TWO[:1], (1, 1, 1, 1, 1)),
        (ON_TWO[:2], (1, 1, 1, 1, 1)),
        (ON_TWO[:4], (1, 1, 1, 1, 1)),
        ([number(1, 1), number(2, 2)], (3, 3, 3, 3, 3)),
        ([number(1, 2), number(1, 3)], (1, 1, 1, 1, 1)),
        ([number(1, 1), number(2, 1)], (1, 1, 1, 1, 1)),
    ],
)
def test_guests_that_are_dead_for_their_own_reasons(silent: list[int], routers_on: tuple[int, ...]) -> None:
    """On a host of which others are heard, on different hosts, or on the router's own, which no switch cuts off."""
    assert not any(verdict(zone(routers_on), silent).values())


def test_a_host_whose_router_hears_others() -> None:
    """Two dead guests are all it has; that its router hears machines elsewhere proves its way."""
    silent = ON_TWO[:2]
    quiet = ON_TWO[2:]
    assert verdict(zone(), silent, unknown=quiet)["kvm2"] == 2
    assert not any(verdict(zone((1, 1, 2, 2, 2)), silent, unknown=quiet).values())


def test_one_machine_that_begs_in_vain() -> None:
    """Its VLAN device sends and hears nothing: that is proof enough, though others of the host are heard."""
    assert beside_devices(zone(), ON_TWO[:1], VAIN) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}


@pytest.mark.parametrize(
    "visits",
    [
        (device(7, 100), device(8, 103), device(9, 106)),
        (device(7, 100), device(7, 100), device(7, 100)),
        (device(7, 100, 102), device(7, 103, 102), device(7, 106, 102)),
    ],
)
def test_one_machine_that_does_not(visits: Any) -> None:
    """It hears somebody, it is dead itself, or there is no device of its VLAN."""
    assert beside_devices(zone(), ON_TWO[:1], visits) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_a_device_that_cannot_be_compared() -> None:
    """Whether the one machine speaks in vain is not known: the host was not asked, or has just made the device."""
    expected = {"kvm1": 0, "kvm3": 0}
    assert beside_devices(zone(), ON_TWO[:1], (None, None)) == expected
    anew = tuple(device(7, 100 * look, index=look) for look in (1, 2, 3))
    assert beside_devices(zone(), ON_TWO[:1], anew) == expected
    assert beside_devices(zone(labels=(scene.label(""),)), ON_TWO[:1], VAIN) == expected


def test_hosts_without_such_devices() -> None:
    """Open vSwitch and other hypervisors have none: one silent machine stays a guest that may be dead."""
    switched = scene.answered(scene.links(*scene.UPLINK), ovs=scene.switch())
    assert beside_devices(zone(), ON_TWO[:1], (switched, switched)) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
    xen = tuple(scene.host(one, hypervisor="XenServer") for one in (1, 2, 3))
    assert verdict(zone(hosts=xen), ON_TWO[:1]) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
