"""What the VLAN device of a host says while its machines do not answer: the switch, or the machines themselves."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.silent_vlans import judge_zone
from exporter.cloud.groups import ZoneGroup
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from tests.checks.vlan_trunking import vlan_scene as scene

GROUP = ZoneGroup("z", "zone1")
Pairs = tuple[tuple[int, int], ...]


def verdict(pairs: Pairs, silent: tuple[int, ...] = (20, 21), answering: tuple[int, ...] = (10, 11, 30, 31)) -> Any:
    """Return the counts by host when the device of kvm2 has received and sent so many frames at each look.

    Machine 32 is on kvm3 in the second network, 30 and 31 in the first.
    """
    networks = tuple(scene.network(f"10{one}", f"n{one}") for one in (1, 2))
    where = {number: 2 if number % 10 == 2 else 1 for number in (*silent, *answering)}
    machines = [
        scene.instance(number, number // 10, scene.nic(number, f"vlan://10{net}", f"n{net}"))
        for number, net in where.items()
    ]
    routers = [
        scene.router(net, network_id=f"n{net}", nics=(scene.nic(200 + net, f"vlan://10{net}", f"n{net}"),))
        for net in (1, 2)
    ]
    seen_by = scene.cloud(*machines, *routers, networks=networks)
    heard = tuple(RouterNeighbour(f"10.1.1.{one}", "eth0", "", "FAILED") for one in silent)
    heard += tuple(RouterNeighbour(f"10.1.1.{one}", "eth0", scene.mac(one), "REACHABLE") for one in answering)
    watch, found = scene.Watch(judge_zone), []
    for rx, tx in pairs:
        devices = (*scene.counted(101, rx=rx, tx=tx), *scene.counted(102, rx=rx, tx=tx))
        members: dict[Any, scene.Values] = {scene.router_target(one): {ROUTER_NEIGHBOURS: heard} for one in routers}
        members[scene.target(seen_by.hosts["h2"])] = scene.answered(scene.links(*scene.UPLINK, *devices))
        found = watch.look(
            GROUP,
            seen_by,
            lambda members=members: {one: watch.answers(one.name, given) for one, given in members.items()},  # type: ignore[misc]
        )
    return {one.labels[2]: one.value for one in found if one.metric.name.endswith("silent_vlans")}


@pytest.mark.parametrize(
    "pairs",
    [
        ((0, 9), (500, 9), (1000, 9)),
        ((0, 9), (500, 9), (500, 9), (500, 9)),
        ((500, 9), (500, 9), (500, 9), (501, 9), (501, 9)),
        ((500, 9), (500, 10), (501, 10), (501, 10)),
    ],
    ids=["hears", "has heard", "hears at last", "has fallen silent"],
)
def test_a_host_that_hears_and_whose_machines_say_nothing(pairs: Pairs) -> None:
    """They are dead, stopped inside, or of an image whose NIC has another name: the switch is good."""
    assert verdict(pairs) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


@pytest.mark.parametrize(
    "pairs",
    [
        ((7, 9), (7, 19), (7, 29)),
        ((7, 9), (7, 19), (7, 19), (7, 19)),
        ((7, 9), (17, 19), (27, 29)),
        ((0, 9), (0, 60), (0, 60)),
    ],
    ids=["in vain", "tired", "both ways", "never"],
)
def test_a_host_whose_machines_speak(pairs: Pairs) -> None:
    """They send, and the router hears none of it."""
    assert verdict(pairs) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}


def test_a_host_where_nothing_passes() -> None:
    """Machines stopped inside, or cut off and idle: nobody can tell, so nothing is said of the host."""
    assert verdict(((7, 9),) * 4) == {"kvm1": 0, "kvm3": 0}


def test_single_machines_of_two_networks() -> None:
    """Of a host of which nobody is heard: the same holds."""
    two: Any = {"silent": (21, 22), "answering": (10, 30, 31, 32)}
    assert verdict(((7, 9), (7, 19), (7, 29)), **two)["kvm2"] == 2
    assert verdict(((7, 9), (17, 9), (27, 9)), **two)["kvm2"] == 0
    assert "kvm2" not in verdict(((7, 9),) * 4, **two)
