"""The tag of a machine's port against the VLAN that CloudStack says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.open_vswitch.tags import CHECK, judge
from exporter.cloud.objects import Instance
from exporter.memory import Scope
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsPort
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.open_vswitch.switch_scene import (
    HEALTHY,
    UUID_MAC,
    answers,
    cloud,
    database,
    host,
    instance,
    judged,
    port,
    problems,
    refreshed,
    tap,
    target,
    values_of,
)

GOOD: Mapping[tuple[str, ...], float] = {("tags_wrong",): 0}


def seen(*ports: OvsPort, **more: Any) -> dict[Any, Any]:
    """Return answers with these ports."""
    return {**HEALTHY, OVS_DATABASE: database(*ports), **more}


def wrong(tag: int, vlan: str = "100") -> Mapping[tuple[str, ...], float]:
    """Return the verdict on one wrong port."""
    return {("tags_wrong",): 1, ("tag_wrong", "i-2-7-VM", "vnet0", vlan): tag}


CASES: dict[str, tuple[Instance, OvsPort, Mapping[tuple[str, ...], float]]] = {
    "the right tag": (instance(), tap(100), GOOD),
    "another tag": (instance(), tap(200), wrong(200)),
    "no tag": (instance(), tap(None), wrong(0)),
    "tag 0 is no tag": (instance(), tap(0), wrong(0)),
    "untagged, and so is the port": (instance("vlan://untagged"), tap(None), GOOD),
    "untagged, and the port has tag 0": (instance("vlan://untagged"), tap(0), GOOD),
    "untagged, and the port is tagged": (instance("vlan://untagged"), tap(5), wrong(5, "untagged")),
    "capital letters": (instance(mac=UUID_MAC.upper()), tap(200), wrong(200)),
    "a private VLAN is made by flows": (instance("pvlan://100-i200"), tap(7), GOOD),
    "an overlay has no tag here": (instance("vxlan://5001"), tap(7), GOOD),
    "a trunk of several VLANs": (instance("vlan://100-110"), tap(7), GOOD),
    "no port has this MAC": (instance(mac="02:00:00:00:00:99"), tap(7), GOOD),
    "a stale port with the same MAC": (instance(), tap(7, ofport=-1, error="gone"), GOOD),
    "the tag, and libvirt's word for it": (instance(), replace(tap(100), vlan_mode="access"), GOOD),
    "a trunk with the right tag": (instance(), replace(tap(100), vlan_mode="native-untagged"), wrong(100)),
    "a trunk of all VLANs": (instance("vlan://untagged"), replace(tap(None), vlan_mode="trunk"), wrong(0, "untagged")),
    "a trunk of some VLANs": (instance(), replace(tap(100), trunks=(100, 200)), wrong(100)),
    "a private VLAN may be a trunk": (instance("pvlan://100-i200"), replace(tap(7), vlan_mode="trunk"), GOOD),
    "the machine is migrating": (instance(state="Migrating"), tap(200), GOOD),
    "the machine is starting": (instance(state="Starting"), tap(200), GOOD),
    "the machine runs elsewhere": (instance(host_id="h2"), tap(200), GOOD),
    "CloudStack does not say the VLAN": (instance(""), tap(200), GOOD),
}


@pytest.mark.parametrize("name", CASES)
def test_tags(name: str) -> None:
    """What is a wrong tag, and what is none."""
    machine, plugged, expected = CASES[name]
    found = judged(judge, {**seen(plugged), DOMAINS: {}}, cloud(machine))
    assert values_of(found) == expected
    assert problems(found) == (set() if expected == GOOD else {"tags_wrong"})


def test_words() -> None:
    """The finding names machine, port, tag and VLAN."""
    found = judged(judge, seen(tap(200)), cloud(instance()))
    assert found[0].seen == "i-2-7-VM at vnet0: tag 200, not 100"


def test_words_about_a_trunk() -> None:
    """The finding says what else the port is."""
    trunk = replace(tap(100), vlan_mode="native-untagged", trunks=(200, 300))
    assert judged(judge, seen(trunk), cloud(instance()))[0].seen == (
        "i-2-7-VM at vnet0: vlan_mode native-untagged, trunks 200,300, not only 100"
    )


def test_libvirt_tells_the_tap_where_the_database_does_not() -> None:
    """Old versions of libvirt write no MAC into the database."""
    domains = {"i-2-7-VM": Domain("i-2-7-VM", 3, "running", (Interface("vnet0", "bridge", "cloudbr1", UUID_MAC),))}
    values = {**HEALTHY, OVS_DATABASE: database(port("vnet0", tag=200)), DOMAINS: domains}
    assert values_of(judged(judge, values, cloud(instance()))) == wrong(200)


def test_a_port_that_only_libvirt_could_tell() -> None:
    """While it was not asked nobody knows the port of such a NIC; other wrong ports are wrong all the same."""
    values = {**HEALTHY, OVS_DATABASE: database(port("vnet0", tag=200))}
    assert judged(judge, values, cloud(instance())) == []
    assert values_of(judged(judge, seen(tap(100)), cloud(instance()))) == GOOD
    assert values_of(judged(judge, seen(port("vnet9", tag=200)), cloud())) == GOOD


def on_dpdk(name: str, *ports: OvsPort, **interface: Any) -> Any:
    """Return the verdict on a machine whose NIC is a socket, which libvirt calls so."""
    card = Interface(**({"tap": name, "kind": "vhostuser", "source": "", "mac": UUID_MAC} | interface))
    domains = {"i-2-7-VM": Domain("i-2-7-VM", 3, "running", (card,))}
    values = {**HEALTHY, OVS_DATABASE: database(*ports), DOMAINS: domains}
    return values_of(judged(judge, values, cloud(instance())))


def test_a_machine_on_dpdk() -> None:
    """Its port has no MAC, and a name that only libvirt tells; while it does not, nothing is said."""
    socket = port("csdpdk-1", tag=200, kind="dpdkvhostuserclient")
    assert on_dpdk("csdpdk-1", socket) == {("tags_wrong",): 1, ("tag_wrong", "i-2-7-VM", "csdpdk-1", "100"): 200}
    assert on_dpdk("csdpdk-1", replace(socket, tag=100)) == GOOD
    assert on_dpdk("", socket) == {}
    assert on_dpdk("csdpdk-1") == {}


@pytest.mark.parametrize("kind", ["hostdev", "direct"])
def test_a_nic_that_is_passed_through(kind: str) -> None:
    """It has no port, so none is missed; the ports of others are judged."""
    assert on_dpdk("", tap(mac="02:00:00:00:00:99"), kind=kind) == GOOD


def test_a_port_that_is_gone() -> None:
    """Libvirt plugged the NIC and the switch does not know it: in which VLAN it is cannot be said."""
    assert on_dpdk("vnet0", kind="bridge") == {}
    assert on_dpdk("vnet0", kind="bridge", mac="02:00:00:00:00:99") == GOOD


def test_a_place_that_nobody_told() -> None:
    """Without a label and links nobody knows whether the machine's traffic passes Open vSwitch."""
    unlabelled = replace(cloud(instance()), traffic_types={})
    assert values_of(judged(judge, seen(tap(200)), unlabelled)) == GOOD
    label = next(iter(cloud().traffic_types.values()))
    both = {
        label.id: label,
        "other": replace(label, id="other", physical_network_id=label.physical_network_id, labels={}),
    }
    assert judged(judge, seen(tap(100)), replace(cloud(instance()), traffic_types=both)) == []


def test_one_look_is_none() -> None:
    """And neither are two without a refresh of the Cloud between them."""
    assert values_of(judged(judge, seen(tap(200)), cloud(instance()), looks=1)) == GOOD
    scope = Scope()
    for asked in (100.0, 200.0):
        scope.begin()
        told = answers(seen(tap(200)), asked, scope)
        found = values_of(list(judge(target(host()), told, refreshed(cloud(instance()), 1))))
        scope.end()
        assert found == GOOD


def test_a_network_that_was_moved_to_another_vlan() -> None:
    """Another VLAN in CloudStack, or another tag, begins the count anew."""
    scope = Scope()
    for look, vlan in ((1, "vlan://100"), (2, "vlan://300")):
        scope.begin()
        told = answers(seen(tap(200)), 100.0 * look, scope)
        found = values_of(list(judge(target(host()), told, refreshed(cloud(instance(vlan)), look))))
        scope.end()
        assert found == GOOD


def test_a_bridge_that_no_label_names() -> None:
    """Its ports are none of CloudStack's, and a label that leads to a Linux bridge has no tags here."""
    assert values_of(judged(judge, seen(tap(200)), cloud(instance(), label="cloudbr9"))) == GOOD


def test_a_label_that_names_a_bridge_in_a_vlan() -> None:
    """A fake bridge tags by itself."""
    fake = port("cloudvlan5", tag=5, kind="internal")
    assert values_of(judged(judge, seen(tap(5), fake), cloud(instance(), label="cloudvlan5"))) == GOOD


def test_rows_are_bounded() -> None:
    """The count stays whole."""
    macs = [f"02:00:00:00:00:{number:02x}" for number in range(30)]
    machines = [
        replace(instance(mac=mac), id=f"vm{number}", instance_name=f"i-2-{number}-VM")
        for number, mac in enumerate(macs)
    ]
    ports = [tap(200, mac=mac, name=f"vnet{number}") for number, mac in enumerate(macs)]
    found = values_of(judged(judge, seen(*ports), cloud(*machines)))
    assert found.pop(("tags_wrong",)) == 30
    assert len(found) == ROWS_PER_TARGET


def test_hosts_without_a_switch() -> None:
    """Nothing is said of them."""
    assert judged(judge, {**HEALTHY, OVS_DATABASE: None}, cloud(instance())) == []


def test_public_nics_need_the_public_ranges() -> None:
    """They alone tell on which physical network public addresses lie; without them no public port is looked at."""
    assert "listVlanIpRanges" in CHECK.reads


def test_two_bridges() -> None:
    """A port in another bridge of the same switch is judged by its MAC, too."""
    other = OvsBridge(name="cloudbr2", ports=(replace(tap(200), bridge="cloudbr2"),))
    both = OvsDatabase(bridges={**database().bridges, "cloudbr2": other}, ports={one.name: one for one in other.ports})
    assert values_of(judged(judge, {**HEALTHY, OVS_DATABASE: both}, cloud(instance()))) == wrong(200)
