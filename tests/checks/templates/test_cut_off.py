"""Guests that are silent because their host hears nobody in their VLAN: neither template nor router is to blame."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.cloud.networks import PhysicalNetwork, TrafficType
from exporter.cloud.targets import HostTarget
from exporter.questions.hosts.links import LINKS, Counters, Link, Links
from tests.checks.templates import guest_scene as scene

LOST = [
    (number, net, on)
    for net in (1, 2)
    for on in (2, 3)
    for number in range(100 * net + 10 * on, 100 * net + 10 * on + 3)
]
"""Number, network and host of the guests of t1: none of them is on the host of the others."""
FINE = {1: (1, 2, 3, 4), 2: (5, 6, 7, 8)}
"""The guests of t2 in each network, on the first host."""
Frames = tuple[tuple[int, int], tuple[int, int]]
"""Received and sent, at the visit before and now."""
VAIN: Frames = ((0, 40), (0, 80))
HEARS: Frames = ((500, 0), (900, 0))
BOTH: Frames = ((500, 40), (900, 80))


def counts(rx: int, tx: int) -> scene.Values:
    """Return what a host tells whose VLAN devices have received and sent so many frames."""
    found = [Link(name="bond0", index=1, kind="bond", master="cloudbr1")]
    found += [Link(name="cloudbr1", index=2, kind="bridge")]
    found += [
        Link(
            name=f"bond0.10{net}", index=net + 2, kind="vlan", parent="bond0", vlan=100 + net,
            counters=Counters(rx_packets=rx, tx_packets=tx),
        )
        for net in FINE
    ]  # fmt: skip
    return {LINKS: Links({one.name: one for one in found}, {"cloudbr1": ("bond0",)})}


def verdict(*told: Frames, router_on: str = "h9", looks: int = 2) -> Any:
    """Return the Cloud's samples when the second and third host tell so."""
    guests = [scene.guest(number, "t1", f"n{net}", on) for number, net, on in LOST]
    guests += [scene.guest(number, "t2", f"n{net}", 1) for net, numbers in FINE.items() for number in numbers]
    seen_by = scene.cloud(
        tuple(guests),
        tuple(scene.router(net, host_id=router_on) for net in FINE),
        tuple(scene.network(f"n{net}", vlan=f"10{net}", physical_network_id="pn") for net in FINE),
        hosts=tuple(scene.host(f"h{on}", hypervisor="KVM") for on in (1, 2, 3)),
        physical_networks={"pn": PhysicalNetwork("pn", "physical", "z", enabled=True)},
        traffic_types={"g": TrafficType("g", "pn", "Guest", {"kvm": "cloudbr1"})},
    )
    values = {
        f"r{net}": scene.told(*heard, known={number: scene.NEVER_ASKED for number, of, _ in LOST if of == net})
        for net, heard in FINE.items()
    }
    ways = {
        HostTarget(seen_by.hosts[f"h{on}"], "zone1", None): (counts(*old), counts(*new))
        for on, (old, new) in enumerate(told, start=2)
    }
    watch, found = scene.Watch(), []
    for _ in range(looks):
        found = watch.look(seen_by, values, hosts=ways)
    return found


def suspected(*told: Frames, **fields: Any) -> float:
    """Return whether the template of the lost guests is suspected."""
    return scene.values_of(verdict(*told, **fields), "suspected")["t1-name"]


def test_two_vlans_that_are_missing_on_two_hosts() -> None:
    """All machines of a template are there, by chance: it is not blamed, but their silence is still counted."""
    found = verdict(VAIN, VAIN)
    assert scene.values_of(found, "suspected") == {"t1-name": 0, "t2-name": 0}
    assert scene.values_of(found, "silent_ratio")["t1-name"] == 1
    assert not any(scene.values_of(found, "router_silent").values())


@pytest.mark.parametrize("told", [(), (HEARS, HEARS), (BOTH, BOTH)], ids=["untold", "hears", "both"])
def test_hosts_whose_way_is_not_wrong(told: tuple[Frames, ...]) -> None:
    """They hear the VLAN, or nobody knows: then the template is what the silent ones have in common."""
    assert suspected(*told) == 1


def test_one_of_two_hosts() -> None:
    """What is left is on one host alone, so nobody can tell."""
    assert suspected(VAIN, HEARS) == 0


def test_beside_the_router() -> None:
    """No switch is between it and the guests of its own host; those alone do not make a template suspected."""
    assert suspected(VAIN, VAIN, router_on="h2") == 0
    assert suspected(VAIN, HEARS, router_on="h2") == 1
