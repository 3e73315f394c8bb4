"""The verdict on the number of VLANs and ports."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.vlan_scaling import judge
from exporter.questions.hosts.links import LINKS, Links
from exporter.thresholds import BRIDGE_PORTS_MANY, HOST_BRIDGES_MANY, HOST_INTERFACES_MANY, HOST_VLANS_MANY
from tests.checks.hypervisor_links import links_scene as scene


def with_vlans(number: int) -> Links:
    """Return a host with that many VLAN devices, each in a bridge of its own."""
    vlans = [scene.link(f"bond0.{n}", "vlan", parent="bond0", vlan=n, master=f"brbond0-{n}") for n in range(number)]
    return scene.links(scene.link("bond0", "bond"), *vlans, *(scene.link(one.master, "bridge") for one in vlans))


def with_ports(number: int) -> Links:
    """Return a host with one bridge of that many ports, and an empty one."""
    ports = [scene.link(f"vnet{n}", "tun", master="cloudbr0") for n in range(number)]
    return scene.links(scene.link("cloudbr0", "bridge"), scene.link("cloudbr1", "bridge"), *ports)


def found(links: Links, **fields: Any) -> Any:
    """Return what is said of a host."""
    return scene.judged(judge, {LINKS: links}, **fields)


def test_a_small_host() -> None:
    """Everything is counted."""
    assert scene.values_of(found(with_vlans(3))) == {
        ("interfaces", "kvm1"): 7,
        ("bridges", "kvm1"): 3,
        ("vlan_devices", "kvm1"): 3,
        ("bridge_ports_most", "kvm1"): 1,
    }


def test_a_host_without_bridges() -> None:
    """Zero is said."""
    assert scene.values_of(found(scene.links(scene.link("lo"))))["bridge_ports_most", "kvm1"] == 0


def test_limits() -> None:
    """At the limit it is still well."""
    assert scene.problems(found(with_vlans(HOST_VLANS_MANY))) == {}
    assert scene.problems(found(with_vlans(HOST_VLANS_MANY + 1))) == {("vlan_devices", "kvm1"): HOST_VLANS_MANY + 1}
    assert scene.problems(found(with_ports(BRIDGE_PORTS_MANY))) == {}
    full = scene.only([one for one in found(with_ports(950)) if "ports" in one.metric.name], "bridge_ports_most")
    assert (full.value, full.seen) == (950, "cloudbr0 has 950 of 1023")


def test_bridges_that_are_left_over() -> None:
    """Each VLAN has one, so a host with more bridges than VLANs has kept some; at the limit it is still well."""
    many = [scene.link(f"brbond0-{n}", "bridge") for n in range(HOST_BRIDGES_MANY + 1)]
    assert scene.problems(found(scene.links(*many[1:]))) == {}
    samples = found(scene.links(*many))
    assert scene.problems(samples) == {("bridges", "kvm1"): HOST_BRIDGES_MANY + 1}
    assert {one.seen for one in samples if one.metric.name.endswith("_bridges")} == {"821 Linux bridges"}


def test_interfaces_of_every_kind() -> None:
    """Also taps, which are in no count of their own."""
    many = [scene.link(f"vnet{n}", "tun") for n in range(HOST_INTERFACES_MANY + 1)]
    assert scene.problems(found(scene.links(*many[1:]))) == {}
    assert scene.problems(found(scene.links(*many))) == {("interfaces", "kvm1"): HOST_INTERFACES_MANY + 1}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """Zero is said of them, so that an alert that fired ends."""
    crowded = found(with_vlans(HOST_INTERFACES_MANY + 1), **fields)
    assert set(scene.values_of(crowded).values()) == {0}
    assert len(crowded) == len(found(with_vlans(1)))
    assert len(scene.problems(found(with_vlans(HOST_INTERFACES_MANY + 1)))) == 3
