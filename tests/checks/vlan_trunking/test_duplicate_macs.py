"""One MAC on two hosts."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.duplicate_macs import judge_zone
from exporter.cloud.groups import ZoneGroup
from exporter.model import Sample
from exporter.questions.hosts.domains import DOMAINS, Domain
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsPort
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.vlan_trunking import vlan_scene as scene

GROUP = ZoneGroup("z", "zone1")


def verdict(*of_hosts: tuple[Domain, ...], seen_by: Any = None, looks: int = 2) -> list[Sample]:
    """Return what is said of a zone whose hosts run these domains."""
    known = scene.with_hosts(seen_by or scene.cloud(scene.instance(5), scene.instance(6, on=2)), len(of_hosts))
    members = {
        scene.target(host): {DOMAINS: scene.domains(*running)}
        for host, running in zip(known.hosts.values(), of_hosts, strict=False)
    }
    return scene.on_group(judge_zone, GROUP, known, members, looks)


def test_a_machine_that_runs_twice() -> None:
    """The copy is the one to be stopped, at once: while somebody looks at disks, both write to them."""
    found = verdict((scene.domain(5),), (scene.domain(5), scene.domain(6)))
    assert scene.values_of(found) == {("duplicate_macs",): 1, ("duplicate_mac_hosts", scene.mac(5)): 2}
    sample = scene.only(found, "duplicate_macs")
    assert sample.seen == f"{scene.mac(5)} as i-2-5-VM on kvm1 and i-2-5-VM on kvm2"
    assert sample.remedy.startswith("Stop the copy")
    assert sample.remedy.index("at once") < sample.remedy.index("then check the")


def test_two_machines_with_one_mac() -> None:
    """In one VLAN, whatever the uplinks are called."""
    found = verdict((scene.domain(5),), (scene.domain(6, mac=scene.mac(5), source="breth1-101"),))
    assert scene.only(found, "duplicate_macs").remedy.startswith("Two machines with one MAC")


def test_healthy_hosts_and_one_look() -> None:
    """Nothing twice is zero; a machine that moves between two visits is no fault."""
    assert scene.values_of(verdict((scene.domain(5),), (scene.domain(6),))) == {("duplicate_macs",): 0}
    assert scene.values_of(verdict((scene.domain(5),), (scene.domain(5),), looks=1)) == {("duplicate_macs",): 0}


def test_an_old_answer_of_one_host() -> None:
    """A host that was not visited again since the machine left it shows nothing new."""
    watch, seen_by = scene.Watch(judge_zone), scene.with_hosts(scene.cloud(scene.instance(5)), 2)
    first, second = (scene.target(host) for host in list(seen_by.hosts.values())[:2])
    values: scene.Values = {DOMAINS: scene.domains(scene.domain(5))}
    watch.looks = 1
    old = watch.answers("kvm1", values)
    for _ in range(3):
        found = watch.look(GROUP, seen_by, lambda: {first: old, second: watch.answers("kvm2", values)})
        assert scene.values_of(found) == {("duplicate_macs",): 0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (scene.domain(5), scene.domain(5, state="paused")),
        (scene.domain(5, name="r-7-VM"), scene.domain(5, name="r-8-VM")),
        (scene.domain(5, source="cloud0"), scene.domain(6, mac=scene.mac(5), source="cloud0")),
        (scene.domain(5, mac="0e:00:a9:fe:01:02"), scene.domain(6, mac="0e:00:a9:fe:01:02")),
        (scene.domain(5), scene.domain(6, mac=scene.mac(5), source="brbond0-102")),
    ],
)
def test_what_may_be_twice(one: Domain, other: Domain) -> None:
    """The waiting side of a migration, routers of a pair, control NICs, imported machines in another VLAN."""
    assert scene.values_of(verdict((one,), (other,))) == {("duplicate_macs",): 0}


def test_a_migration_that_cloudstack_knows() -> None:
    """For a moment both sides may run."""
    seen_by = scene.cloud(scene.instance(5, state="Migrating"))
    assert scene.values_of(verdict((scene.domain(5),), (scene.domain(5),), seen_by=seen_by)) == {("duplicate_macs",): 0}


def test_one_machine_with_a_mac_twice_on_one_host() -> None:
    """That is no matter of two hosts."""
    assert scene.values_of(verdict((scene.domain(5), scene.domain(6, mac=scene.mac(5))))) == {("duplicate_macs",): 0}


def test_rows_are_bounded_and_nothing_is_said_of_nobody() -> None:
    """Of thirty twenty are shown; without an answer nothing is known."""
    many = tuple(scene.domain(number) for number in range(30))
    found = verdict(many, many)
    assert scene.only(found, "duplicate_macs").value == 30
    assert len(found) == 1 + ROWS_PER_TARGET
    assert scene.on_group(judge_zone, GROUP, scene.cloud(), {}) == []


def missing(*told: tuple[Domain, ...], hosts: tuple[Any, ...] = (), looks: int = 2) -> dict[tuple[str, ...], float]:
    """Return what is said while the last of the zone's hosts has not told."""
    seen_by = scene.cloud(scene.instance(5), hosts=hosts or (scene.host(1), scene.host(2), scene.host(3)))
    members = {
        scene.target(host): {DOMAINS: scene.domains(*running)}
        for host, running in zip(seen_by.hosts.values(), told, strict=False)
    }
    return scene.values_of(scene.on_group(judge_zone, GROUP, seen_by, members, looks))


def test_a_host_that_did_not_tell() -> None:
    """The copy may run there, so nothing healthy is said; what is found all the same is."""
    assert missing((scene.domain(5),), (scene.domain(6),)) == {}
    assert missing((scene.domain(5),), (scene.domain(5),))[("duplicate_macs",)] == 1


@pytest.mark.parametrize(
    "held_back",
    [
        scene.host(3, resource_state="Maintenance"),
        scene.host(3, hypervisor="VMware"),
        scene.host(3, zone_id="far", cluster_id="other"),
        scene.host(3, type="SecondaryStorageVM"),
    ],
)
def test_a_host_that_nobody_waits_for(held_back: Any) -> None:
    """One in maintenance, of another hypervisor or zone, and what is no hypervisor at all."""
    hosts = (scene.host(1), scene.host(2), held_back)
    assert missing((scene.domain(5),), (scene.domain(6),), hosts=hosts) == {("duplicate_macs",): 0}


def switched(*tags: int | None, names: tuple[int, int] = (5, 6)) -> dict[tuple[str, ...], float]:
    """Return what is said of one MAC in two bridges of Open vSwitch whose ports have these tags."""
    seen_by = scene.with_hosts(scene.cloud(scene.instance(5)), 2)
    members: dict[Any, scene.Values] = {}
    for host, number, tag in zip(seen_by.hosts.values(), names, tags, strict=True):
        port = OvsPort(name="vnet0", bridge="cloudbr1", tag=tag)
        running = scene.domain(number, mac=scene.mac(5), source="cloudbr1")
        members[scene.target(host)] = {DOMAINS: scene.domains(running), OVS_DATABASE: scene.switch(port)}
    return scene.values_of(scene.on_group(judge_zone, GROUP, seen_by, members))


def test_vlans_of_open_vswitch() -> None:
    """One bridge carries all VLANs: the same MAC in two of them is on two wires, in one of them it is double."""
    assert switched(101, 102) == {("duplicate_macs",): 0}
    assert switched(None, 102) == {("duplicate_macs",): 0}
    for tags in ((101, 101), (None, None)):
        assert switched(*tags)[("duplicate_macs",)] == 1


def test_a_machine_that_runs_twice_has_one_vlan() -> None:
    """Whatever the tags of its ports are just now."""
    assert switched(101, None, names=(5, 5))[("duplicate_macs",)] == 1


def test_tags_that_nobody_told() -> None:
    """Then nobody knows whether it is one VLAN: neither a fault nor health is said."""
    seen_by = scene.with_hosts(scene.cloud(scene.instance(5)), 2)
    members = {
        scene.target(host): {DOMAINS: scene.domains(scene.domain(number, mac=scene.mac(5), source="cloudbr1"))}
        for host, number in zip(seen_by.hosts.values(), (5, 6), strict=True)
    }
    assert scene.on_group(judge_zone, GROUP, seen_by, members) == []
