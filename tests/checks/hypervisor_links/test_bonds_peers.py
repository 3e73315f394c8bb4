"""Bonds with fewer members than on most hosts of the cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.hypervisor_links.bonds_peers import judge_cluster
from exporter.model import Question, Sample
from exporter.questions.hosts.bonds import BONDS
from exporter.questions.hosts.links import LINKS, Counters, Links
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase, OvsInterface, OvsPort
from tests.checks.hypervisor_links import links_scene as scene

Values = dict[Question[Any], Any]


def host(*nics: str, links: Links | None = None, name: str = "bond0") -> Values:
    """Return what a host tells whose bond has these members."""
    made = scene.bond(*(scene.member(nic) for nic in nics), name=name)
    below = links or scene.bonded(name=name, nics=nics)
    return {BONDS: made, LINKS: below, OVS_DATABASE: None}


def switched(*nics: str, name: str = "bond1", ofport: int = 1) -> Values:
    """Return what a host tells whose Open vSwitch has a port of these interfaces beside the ports of machines."""
    uplink = OvsPort(
        name=name, bridge="cloudbr1", interfaces=tuple(OvsInterface(name=nic, ofport=ofport) for nic in nics)
    )
    own = OvsPort(name="cloudbr1", bridge="cloudbr1", interfaces=(OvsInterface(name="cloudbr1", kind="internal"),))
    socket = OvsPort(name="vnet1", bridge="cloudbr1", interfaces=(OvsInterface(name="tap1"),))
    ovs = OvsDatabase(ports={one.name: one for one in (uplink, own, socket)})
    return {BONDS: {}, LINKS: scene.links(scene.link("lo")), OVS_DATABASE: ovs}


TWO, ONE = host("eth1", "eth2"), host("eth2")


def found(*hosts: Values, **fields: Any) -> list[Sample]:
    """Return what is said of a cluster."""
    return scene.compared(judge_cluster, *hosts, **fields)


def test_a_member_that_has_left_the_kernel() -> None:
    """What is left is up and in step, so nobody else says anything."""
    samples = found(TWO, TWO, ONE)
    assert scene.values_of(samples) == {
        ("bond_members_missing", "kvm1", "bond0"): 0,
        ("bond_members_missing", "kvm2", "bond0"): 0,
        ("bond_members_missing", "kvm3", "bond0"): 1,
    }
    odd = scene.only(samples, "bond_members_missing")
    assert (odd.seen, odd.expected) == ("1: eth2", "2 members, as on most hosts of the cluster")


@pytest.mark.parametrize(
    ("hosts", "wrong"),
    [
        ((switched("eth2", "eth3"), switched("eth2", "eth3"), switched("eth2")), {"kvm3": 1}),
        ((switched("eth2", "eth3"),) * 3, {}),
        ((switched("eth2", name="eth2"), switched("eth2", name="eth2"), switched("eth2")), {}),
        ((switched("eth2", "eth3"), switched("eth2", "eth3"), switched("eth2", ofport=-1)), {}),
    ],
)
def test_ports_of_open_vswitch(hosts: tuple[Values, ...], wrong: dict[str, float]) -> None:
    """A bond that was reduced to one interface; single NICs and ports of machines are none, dead ones are told."""
    samples = found(*hosts)
    assert scene.problems(samples) == {("bond_members_missing", one, "bond1"): 1 for one in wrong}
    assert {sample.label("bond") for sample in samples} <= {"bond1"}


def test_a_team() -> None:
    """Its ports are told by ip link alone."""

    def team(*nics: str) -> Values:
        ports = [scene.link(nic, master="team0") for nic in nics]
        heard = Counters(rx_packets=9)
        links = scene.links(*ports, scene.link("team0", "team", master="cloudbr0", counters=heard))
        return {BONDS: {}, LINKS: links, OVS_DATABASE: None}

    assert scene.problems(found(team("eth1", "eth2"), team("eth1", "eth2"), team("eth1"))) == {
        ("bond_members_missing", "kvm3", "team0"): 1
    }


@pytest.mark.parametrize(
    "hosts",
    [
        (TWO, ONE),
        (ONE, ONE, ONE),
        (TWO, TWO, ONE, ONE),
        (ONE, ONE, TWO),
        (TWO, TWO, host("eth1", "eth2", "eth3")),
        (TWO, TWO, host("eth2", name="bond7")),
        (TWO, TWO, host("eth5", "eth6")),
    ],
)
def test_what_is_no_loss(hosts: tuple[Values, ...]) -> None:
    """No majority, bonds that never had two, more members than most, another bond, other NICs."""
    samples = found(*hosts)
    assert scene.problems(samples) == {}
    assert len(samples) == len(hosts)


def test_members_that_are_moved_on_all_hosts() -> None:
    """While most still have them the first ones are told; once most are done nobody is, and nobody remembers."""
    assert set(scene.problems(found(TWO, TWO, ONE))) == {("bond_members_missing", "kvm3", "bond0")}
    assert scene.problems(found(TWO, ONE, ONE)) == {}
    assert scene.problems(found(ONE, ONE, ONE)) == {}


def test_a_bond_that_is_not_in_use() -> None:
    """Prepared for later, or the empty one of the kernel."""
    quiet = scene.bonded(nics=("eth2",))
    idle = replace(quiet.by_name["bond0"], counters=Counters())
    waiting = host("eth2", links=Links({**quiet.by_name, "bond0": idle}, quiet.ports))
    assert {sample.label("host") for sample in found(TWO, TWO, waiting)} == {"kvm1", "kvm2"}
    empty: Values = {BONDS: scene.bond(members=()), LINKS: scene.plain(), OVS_DATABASE: None}
    assert {sample.label("host") for sample in found(TWO, TWO, empty)} == {"kvm1", "kvm2"}


def test_hosts_that_did_not_tell() -> None:
    """While they may decide that no member is missing is not said; what most of all hosts have is."""
    assert found(TWO, silent=2) == []
    assert found(TWO, ONE, silent=1) == []
    assert scene.problems(found(TWO, TWO, TWO, ONE, silent=2)) == {("bond_members_missing", "kvm4", "bond0"): 1}
    untold = [{key: value for key, value in one.items() if key is not OVS_DATABASE} for one in (TWO, TWO, ONE)]
    assert scene.problems(found(*untold)) == {("bond_members_missing", "kvm3", "bond0"): 1}
    unlinked = {key: value for key, value in ONE.items() if key is not LINKS}
    assert {sample.label("host") for sample in found(TWO, TWO, TWO, unlinked)} == {"kvm1", "kvm2", "kvm3"}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back(fields: dict[str, Any]) -> None:
    """Somebody works on them."""
    assert scene.problems(found(TWO, TWO, TWO, ONE, **fields)) == {}
