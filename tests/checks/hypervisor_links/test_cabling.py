"""The verdict on cabling."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.cabling import judge, judge_cluster
from exporter.model import Question, Sample
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase, OvsInterface, OvsPort
from tests.checks.hypervisor_links import links_scene as scene

Heard = dict[str, tuple[Neighbour, ...]]


def heard(**nics: str) -> Heard:
    """Return which switch each NIC hears."""
    return {
        nic: (Neighbour(nic=nic, chassis=f"00:1c:73:00:00:{switch[-2:]}", chassis_name=switch, port="Ethernet7"),)
        for nic, switch in nics.items()
    }


PAIR = heard(eth1="leaf01", eth2="leaf02")


def found(*hosts: Heard, links: Links | None = None, **odd: Any) -> list[Sample]:
    """Return what is said of a cluster; ``odd`` are fields of the last host."""
    every = scene.bonded() if links is None else links
    told: list[dict[Question[Any], Any]] = [{LLDP: one, LINKS: every} for one in hosts]
    return scene.compared(judge_cluster, *told, **odd)


def test_neighbours_are_told() -> None:
    """Which port of which switch each NIC hears."""
    samples = scene.judged(judge, {LLDP: heard(eth1="leaf01")})
    assert scene.values_of(samples, info=True) == {
        ("nic_neighbour_info", "kvm1", "eth1", "00:1c:73:00:00:01", "leaf01", "Ethernet7", ""): 1
    }


def test_many_neighbours_and_doubled_ones() -> None:
    """A switch that does not speak LLDP lets others through: some are told, each once."""
    crowd = tuple(Neighbour(nic="eth1", chassis=f"c{number % 9}") for number in range(18))
    assert len(scene.judged(judge, {LLDP: {"eth1": crowd}})) == 4


def test_no_lldp_is_no_problem() -> None:
    """Nothing is said."""
    assert scene.judged(judge, {LLDP: {}}) == []
    assert found({}, {}, {}) == []


@pytest.mark.parametrize("wiring", [PAIR, heard(eth1="stack1", eth2="stack1")])
def test_two_switches_and_one_stack_are_both_fine(wiring: Heard) -> None:
    """Zero is said of each host."""
    assert scene.values_of(found(wiring, wiring, wiring)) == {
        ("uplink_wiring_differs", f"kvm{number}", "bond0"): 0 for number in (1, 2, 3)
    }


def test_members_may_be_swapped() -> None:
    """The place is the bond, not the NIC."""
    assert scene.problems(found(PAIR, PAIR, heard(eth1="leaf02", eth2="leaf01"))) == {}


@pytest.mark.parametrize("wiring", [heard(eth1="leaf01", eth2="leaf09"), heard(eth1="leaf01", eth2="leaf01")])
def test_a_host_wired_unlike_its_peers(wiring: Heard) -> None:
    """To a switch that nobody else uses, or twice to the same one."""
    odd = scene.only(found(PAIR, PAIR, wiring), "uplink_wiring_differs")
    assert odd.label("host") == "kvm3"
    assert odd.expected == "on leaf01 and leaf02, as most hosts"
    assert odd.seen.startswith("on leaf01")


def test_two_racks_are_no_fault() -> None:
    """Switches that two hosts share are meant."""
    rack = heard(eth1="leaf03", eth2="leaf04")
    assert scene.problems(found(PAIR, PAIR, PAIR, rack, rack)) == {}


@pytest.mark.parametrize(
    ("wiring", "is_wrong"),
    [
        (heard(eth1="leaf01", eth2="leaf01"), True),
        (heard(eth1="leaf02", eth2="leaf09"), True),
        (heard(eth1="leaf09", eth2="leaf09"), False),
        (heard(eth1="leaf03", eth2="leaf04"), False),
        (heard(eth1="leaf02", eth2="leaf01"), False),
    ],
)
def test_two_hosts_that_are_wired_alike(wiring: Heard, is_wrong: bool) -> None:
    """Another rack has switches of its own; a switch of most hosts that both lack is redundancy that both lost."""
    odd = [("uplink_wiring_differs", f"kvm{number}", "bond0") for number in (9, 10)]
    assert scene.problems(found(*[PAIR] * 8, wiring, wiring)) == (dict.fromkeys(odd, 1) if is_wrong else {})
    assert scene.problems(found(PAIR, PAIR, wiring, wiring)) == {}  # no majority


def test_two_hosts_with_more_switches_than_most() -> None:
    """They have more redundancy, not less: the others are to follow."""
    assert scene.problems(found(*[heard(eth1="leaf01", eth2="leaf01")] * 4, PAIR, PAIR)) == {}


def test_two_hosts_that_differ_are_nobodys_fault() -> None:
    """Neither a cluster in which every host has switches of its own."""
    other = heard(eth1="leaf03", eth2="leaf04")
    assert scene.problems(found(PAIR, other)) == {}
    assert scene.problems(found(PAIR, other, heard(eth1="leaf05", eth2="leaf06"))) == {}


def test_a_member_that_hears_nobody_leaves_the_host_out() -> None:
    """It is down, or just plugged in: half of a wiring is not compared; two neighbours are no cable either."""
    silent = heard(eth1="leaf01")
    samples = found(PAIR, PAIR, PAIR, silent)
    assert ("uplink_wiring_differs", "kvm4", "bond0") not in scene.values_of(samples)
    crowd = PAIR | {"eth2": (*PAIR["eth2"], *heard(eth2="leaf09")["eth2"])}
    assert scene.problems(found(PAIR, PAIR, PAIR, crowd)) == {}


def test_unused_nics_are_not_compared() -> None:
    """A free NIC may be plugged wherever it is."""
    spare = scene.bonded(scene.link("eth9", is_nic=True))
    samples = found(PAIR | heard(eth9="oob1"), PAIR | heard(eth9="oob1"), PAIR | heard(eth9="oob7"), links=spare)
    assert {sample.label("uplink") for sample in samples} == {"bond0"}


def test_a_single_nic_below_a_bridge() -> None:
    """Compared by its name."""
    one, other = heard(eth1="leaf01"), heard(eth1="leaf09")
    assert scene.problems(found(one, one, other, links=scene.plain())) == {("uplink_wiring_differs", "kvm3", "eth1"): 1}


def test_a_bond_of_open_vswitch() -> None:
    """Its members are one place too."""
    links = scene.links(scene.link("eth1", master="ovs-system"), scene.link("eth2", master="ovs-system"))
    port = OvsPort(name="bond1", bridge="cloudbr0", interfaces=(OvsInterface(name="eth1"), OvsInterface(name="eth2")))
    ovs = OvsDatabase(ports={"bond1": port})
    told: list[dict[Question[Any], Any]] = [
        {LLDP: one, LINKS: links, OVS_DATABASE: ovs} for one in (PAIR, PAIR, heard(eth1="leaf02", eth2="leaf01"))
    ]
    samples = scene.compared(judge_cluster, *told)
    assert {sample.label("uplink") for sample in samples} == {"bond1"}
    assert scene.problems(samples) == {}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """Somebody moves their cables."""
    assert scene.problems(found(PAIR, PAIR, PAIR, heard(eth1="leaf01", eth2="leaf09"), **fields)) == {}


def test_hosts_that_did_not_tell() -> None:
    """While they may be wired alike and be most, an uplink that is alone is neither right nor wrong."""
    other = heard(eth1="leaf03", eth2="leaf04")
    assert scene.values_of(found(PAIR, other, silent=1)) == {}
    assert set(scene.values_of(found(PAIR, PAIR, silent=5)).values()) == {0}  # two in one place are never odd
    assert set(scene.problems(found(PAIR, PAIR, other, silent=4)).values()) == {1}


def test_bonds_of_a_switch_that_nobody_told() -> None:
    """Of a host whose Open vSwitch did not answer it is not known how its bond is wired: it may decide."""
    other = heard(eth1="leaf01", eth2="leaf09")
    told: list[dict[Question[Any], Any]]
    told = [{LLDP: one, LINKS: scene.bonded(), OVS_DATABASE: None} for one in (PAIR, other)]
    blind: dict[Question[Any], Any] = {LLDP: PAIR, LINKS: scene.plain("eth9")}
    assert scene.values_of(scene.compared(judge_cluster, *told, {**blind, OVS_DATABASE: None})) == {
        ("uplink_wiring_differs", f"kvm{number}", "bond0"): 0 for number in (1, 2)
    }
    assert scene.compared(judge_cluster, *told, blind) == []
