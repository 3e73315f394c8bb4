"""Management traffic on a VLAN: against the pod's range, and against the other hosts."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.physical_networks.management_vlan import judge, judge_cluster
from exporter.questions.hosts.agent import Agent
from exporter.questions.hosts.links import Links
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.physical_networks import scene

UNTAGGED, VLAN_30, VLAN_40 = scene.bridged(), scene.bridged(vlan=30), scene.bridged(vlan=40)


def mismatch(links: Links, *vlan_ids: str, of: Any = None, agent: Any = scene.AGENT_NATIVE, **more: Any) -> Any:
    """Return the verdict on one host of a pod with these ranges, None when nothing is said."""
    values = scene.seen(links, agent) | more.pop("heard", {})
    found = scene.on_host(judge, scene.cloud(of or scene.host(), vlan_ids=vlan_ids), values, **more)
    return found.get(("management_vlan_mismatch",))


@pytest.mark.parametrize("links", [UNTAGGED, VLAN_30])
@pytest.mark.parametrize("vlan_ids", [(), ("vlan://untagged",), ("untagged",), ("vlan://untagged", "30"), ("100-110",)])
def test_a_tagged_or_untagged_management_network_as_such(links: Links, vlan_ids: tuple[str, ...]) -> None:
    """Untagged is what nobody chose: the system VM is plugged untagged into a bridge whose uplink may be tagged."""
    assert mismatch(links, *vlan_ids) == 0


@pytest.mark.parametrize("vlan", ["30", "vlan://30"])
def test_a_range_that_names_a_vlan(vlan: str) -> None:
    """The uplink is in it, or in another. Of an untagged one only the switch knows, and it did not say."""
    assert mismatch(VLAN_30, vlan) == 0
    assert mismatch(VLAN_40, vlan) == 1
    assert mismatch(UNTAGGED, vlan) is None
    assert mismatch(VLAN_40, vlan, "vlan://40") == 0


def test_the_evidence() -> None:
    """Which bridge is where, and what the pod says."""
    cloud = scene.cloud(vlan_ids=("30",))
    sample = scene.only(scene.samples_on_host(judge, cloud, scene.seen(VLAN_40)), "management_vlan_mismatch")
    assert sample.seen == "cloudbr0 is VLAN 40 on bond0.40"
    assert sample.expected == "VLAN 30, of the pod's range"


def test_a_switch_whose_native_vlan_is_the_wanted_one() -> None:
    """Untagged frames of the bond's members are in VLAN 30, the switches say; or one of them says another.

    While one NIC heard nothing, or a switch that does not tell, nothing is known: no LLDP is no problem.
    """
    found = scene.links(*UNTAGGED.by_name.values(), *(scene.link(name, master="bond0") for name in ("eth0", "eth1")))

    def heard(*pvids: int | None) -> dict[str, Any]:
        rows = {
            f"eth{place}": (Neighbour(nic=f"eth{place}", chassis="a", pvid=pvid),) for place, pvid in enumerate(pvids)
        }
        return {"heard": {LLDP: rows}}

    assert mismatch(found, "30", **heard(30, 30)) == 0
    assert mismatch(found, "30", **heard(30, 31)) == 1
    assert mismatch(found, "30", **heard(31, 31)) == 1
    assert mismatch(found, "30", **heard(None, None)) is None
    assert mismatch(found, "30", **heard(30, None)) is None
    assert mismatch(found, "30", **heard(30)) is None
    assert mismatch(found, "30") is None
    assert mismatch(VLAN_40, "30", **heard(30, 30)) == 1


def test_the_native_vlan_of_a_bond_of_open_vswitch() -> None:
    """Its members stand in the switch's database; what the switch ports tell is the evidence."""
    interfaces = (OvsInterface(name="eth0"), OvsInterface(name="eth1"))
    bond = OvsPort(name="bond0", bridge="cloudbr0", interfaces=interfaces)
    ovs = OvsDatabase(bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=(bond,))}, ports={"bond0": bond})
    links = scene.links(*(scene.link(name, master="ovs-system") for name in ("eth0", "eth1")))
    heard = {nic: (Neighbour(nic=nic, chassis="a", pvid=31),) for nic in ("eth0", "eth1")}

    def judged(*nics: str) -> Any:
        values = scene.seen(links, ovs=ovs) | {LLDP: {nic: heard[nic] for nic in nics}}
        return scene.samples_on_host(judge, scene.cloud(vlan_ids=("30",)), values)

    assert judged("eth0") == []
    assert scene.only(judged("eth0", "eth1"), "management_vlan_mismatch").seen == (
        "cloudbr0 is untagged on bond0, native VLAN 31"
    )


def test_it_is_looked_at_twice() -> None:
    """The range may have been made again a minute ago."""
    assert mismatch(VLAN_40, "30", looks=1) is None
    assert mismatch(VLAN_30, "30", looks=1) == 0


def test_what_is_not_certain_is_not_said() -> None:
    """No bridge, no or two uplinks, or an agent that uses another bridge than the label's."""
    assert mismatch(scene.links(scene.link("lo")), "30") is None
    assert mismatch(scene.links(scene.link("cloudbr0", "bridge")), "30") is None
    assert mismatch(VLAN_40, "30", agent=Agent(private="cloudbr9")) is None
    assert mismatch(VLAN_40, "30", agent=None) == 1


def test_hosts_that_are_held_back_do_not_alarm() -> None:
    """Maintenance; and other hypervisors have no such bridge."""
    assert mismatch(VLAN_40, "30", of=scene.host(resource_state="Maintenance")) == 0
    assert mismatch(VLAN_40, "30", of=scene.host(hypervisor="XenServer")) is None


def odd(*of_hosts: Links, **fields: Any) -> dict[str, float]:
    """Return by host whether its management VLAN is unlike most others'."""
    hosts = fields.pop("hosts", tuple(scene.host(number + 1) for number in range(len(of_hosts))))
    found = scene.on_cluster(judge_cluster, scene.cloud(*hosts), *(scene.seen(links) for links in of_hosts))
    return {sample.labels[2]: sample.value for sample in found}


def test_the_peers_of_the_cluster() -> None:
    """The odd one of three, tagged or untagged; two that differ have no majority."""
    assert odd(VLAN_30, VLAN_30, VLAN_30) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
    assert odd(UNTAGGED, UNTAGGED, VLAN_30) == {"kvm1": 0, "kvm2": 0, "kvm3": 1}
    assert odd(VLAN_30, UNTAGGED, VLAN_30) == {"kvm1": 0, "kvm2": 1, "kvm3": 0}
    assert odd(VLAN_30, VLAN_40) == {"kvm1": 0, "kvm2": 0}


def test_peers_in_maintenance_do_not_count() -> None:
    """Neither as odd ones nor towards the majority."""
    hosts = (scene.host(1), scene.host(2), scene.host(3, resource_state="Maintenance"))
    assert odd(VLAN_30, VLAN_30, VLAN_40, hosts=hosts) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}
    assert odd(VLAN_30, VLAN_40, VLAN_30, hosts=hosts) == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_a_host_without_a_certain_place_is_left_out() -> None:
    """Its label is missing: another verdict."""
    assert odd(VLAN_30, VLAN_30, scene.links(scene.link("lo"))) == {"kvm1": 0, "kvm2": 0}


def test_hosts_that_did_not_tell() -> None:
    """While their VLAN may be that of most, nothing is said to be alike."""
    hosts = tuple(scene.host(number) for number in range(1, 4))
    assert odd(VLAN_30, VLAN_40, hosts=hosts) == {}
    assert odd(VLAN_30, VLAN_30, hosts=hosts) == {"kvm1": 0, "kvm2": 0}
