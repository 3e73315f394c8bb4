"""What holds frames of a machine back behind its port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.vlan_trunking.mismatches import OPEN, judge
from exporter.model import Sample
from exporter.questions.hosts.links import Link
from exporter.questions.hosts.ovs import OvsInterface, OvsPort
from tests.checks.vlan_trunking import vlan_scene as scene


def verdict(*found: Link, on: Any = None, looks: int = 2, **fields: Any) -> list[Sample]:
    """Return what is said of a host on which machine 5 of VLAN 101 runs."""
    running = on or (scene.domain(5),)
    seen_by = fields.pop("cloud", scene.cloud(scene.instance(5)))
    return scene.on_host(judge, seen_by, scene.answered(scene.links(*found), *running, **fields), looks=looks)


def port(bridge: str = "cloudbr1") -> OvsPort:
    """Return the port of vnet0."""
    return OvsPort(name="vnet0", bridge=bridge, tag=7, interfaces=(OvsInterface(name="vnet0"),))


SWITCHED = (scene.link("ovs-system", "openvswitch"), scene.link("vnet0", "tun", "ovs-system"))


def behind(uplink: OvsPort, *more: OvsPort, uri: str = "vlan://101", **bridge: Any) -> Sample:
    """Return what is said of a machine whose bridge has this uplink beside its port."""
    ovs = scene.switch(replace(port(), tag=101), *more)
    ports = (uplink, *(one for one in ovs.bridges["cloudbr1"].ports if one.name != "bond1"))
    own = replace(ovs.bridges["cloudbr1"], ports=ports, **bridge)
    ovs = replace(ovs, bridges={"cloudbr1": own}, ports={one.name: one for one in ports})
    seen_by = scene.cloud(scene.instance(5, 1, scene.nic(5, uri)))
    return scene.only(verdict(*SWITCHED, ovs=ovs, cloud=seen_by), "mismatches")


BOND = scene.switch().ports["bond1"]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"trunks": (200, 300)}, "bond1 trunks 200,300"),
        ({"tag": 30}, "bond1 tag 30"),
        ({"tag": 30, "vlan_mode": "native-untagged", "trunks": (200,)}, "bond1 native-untagged tag 30 trunks 200"),
    ],
)
def test_uplinks_that_do_not_let_the_vlan_through(columns: dict[str, Any], words: str) -> None:
    """The machine's port is well, and its frames end at the bond: whoever is called looks there."""
    found = behind(replace(BOND, **columns))
    assert (found.value, found.remedy) == (1, OPEN)
    assert found.seen == f"i-2-5-VM: no uplink of cloudbr1 lets VLAN 101 through: {words}"


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"trunks": (101, 200)},
        {"tag": 101},
        {"tag": 30, "vlan_mode": "native-untagged"},
        {"tag": 30, "vlan_mode": "native-tagged"},
        {"tag": 101, "vlan_mode": "native-untagged", "trunks": (200,)},
        {"tag": 30, "vlan_mode": "native-tagged", "trunks": (101,)},
    ],
)
def test_uplinks_that_let_the_vlan_through(columns: dict[str, Any]) -> None:
    """Native VLANs of all kinds, trunks that hold the VLAN, and an access port of it."""
    assert behind(replace(BOND, **columns)).value == 0


def test_what_has_no_tag_at_the_uplink() -> None:
    """A native VLAN is one inside the bridge: what has none there does not leave through such a port."""
    assert behind(BOND, uri="vlan://untagged").value == 0
    found = behind(replace(BOND, tag=30, vlan_mode="native-untagged"), uri="vlan://untagged")
    assert "lets what has no tag through: bond1 native-untagged tag 30" in found.seen


CLOSED = replace(BOND, trunks=(200,))


@pytest.mark.parametrize(
    ("more", "bridge"),
    [
        ((replace(BOND, name="eth4", interfaces=(OvsInterface(name="eth4"),)),), {}),
        ((replace(BOND, name="to-ex", interfaces=(OvsInterface(name="to-ex", kind="patch"),)),), {}),
        ((replace(BOND, name="gre1", interfaces=(OvsInterface(name="gre1", kind="gre"),)),), {}),
        ((), {"controllers": {"tcp:192.0.2.9:6653": True}}),
    ],
)
def test_bridges_with_other_ways(more: tuple[OvsPort, ...], bridge: dict[str, Any]) -> None:
    """One uplink that lets the VLAN through is enough; behind patches, tunnels and controllers nobody knows."""
    assert behind(CLOSED).value == 1
    assert behind(CLOSED, *more, **bridge).value == 0


def test_a_label_that_names_a_bridge_in_a_vlan() -> None:
    """Its machines get its tag."""
    fake = OvsPort(name="vlan5", bridge="cloudbr1", tag=5, interfaces=(OvsInterface(name="vlan5", kind="internal"),))
    ovs = scene.switch(port(), fake)
    ports = (CLOSED, port(), fake)
    ovs = replace(ovs, bridges={"cloudbr1": replace(ovs.bridges["cloudbr1"], ports=ports)})
    seen_by = scene.cloud(scene.instance(5, 1, scene.nic(5, "vlan://untagged")), labels=(scene.label("vlan5"),))
    assert scene.only(verdict(*SWITCHED, ovs=ovs, cloud=seen_by), "mismatches").value == 0


def socket(name: str = "csdpdk-5", bridge: str = "cloudbr1") -> OvsPort:
    """Return the port of a machine on DPDK."""
    interface = OvsInterface(name=name, kind="dpdkvhostuserclient")
    return OvsPort(name=name, bridge=bridge, tag=101, interfaces=(interface,))


@pytest.mark.parametrize(
    ("ports", "tap", "words"),
    [
        ((socket(),), "csdpdk-5", ""),
        ((socket("other"),), "csdpdk-5", "csdpdk-5 is no port of Open vSwitch"),
        ((socket(bridge="other"),), "csdpdk-5", "csdpdk-5 is in other, not in cloudbr1"),
        ((socket(),), "", None),
    ],
)
def test_a_machine_on_dpdk(ports: tuple[OvsPort, ...], tap: str, words: str | None) -> None:
    """It has no tap in the kernel. Where libvirt does not name its port, that nothing is wrong is not said."""
    running = scene.domain(5, tap, "", kind="vhostuser")
    found = verdict(scene.link("ovs-system", "openvswitch"), on=(running,), ovs=scene.switch(*ports))
    told = [(one.value, one.seen) for one in found if one.metric.name.endswith("_mismatches")]
    assert told == ([] if words is None else [(int(bool(words)), f"i-2-5-VM: {words}" if words else "")])


def test_a_machine_on_dpdk_outside_of_open_vswitch() -> None:
    """Another switch of user space: nobody tells what is in it."""
    assert verdict(*scene.UPLINK, on=(scene.domain(5, "vhost0", "", kind="vhostuser"),)) == []


@pytest.mark.parametrize("state", ["blocking", "listening", "learning"])
def test_a_vlan_device_that_stp_holds(state: str) -> None:
    """It is up and in its bridge; a port that has only just begun forwards before the second look."""
    held = scene.vlan_bridge(101, "vnet0", port_state=state)
    found = scene.only(verdict(*scene.UPLINK, *held), "mismatches")
    assert (found.value, found.remedy) == (1, OPEN)
    assert found.seen == f"i-2-5-VM: bond0.101 is {state} in brbond0-101, by STP"
    assert scene.only(verdict(*scene.UPLINK, *held, looks=1), "mismatches").value == 0


@pytest.mark.parametrize("state", ["forwarding", "disabled", ""])
def test_ports_that_stp_does_not_hold(state: str) -> None:
    """Disabled is one without a link, whose loss is told elsewhere; older tools tell nothing."""
    assert (
        scene.only(verdict(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0", port_state=state)), "mismatches").value == 0
    )


@pytest.mark.parametrize(("spare", "wrong"), [("forwarding", 0), ("blocking", 1)])
def test_two_uplinks_of_the_labels_bridge(spare: str, wrong: int) -> None:
    """STP holds one of two on purpose; with both held untagged machines reach nobody."""
    uplinks = [scene.link(name, master="cloudbr1", port_state=state) for name, state in
               (("eth0", "blocking"), ("eth1", spare))]  # fmt: skip
    untagged = scene.cloud(scene.instance(5, 1, scene.nic(5, "vlan://untagged")))
    machine = scene.link("vnet0", "tun", "cloudbr1")
    found = verdict(*uplinks, scene.link("cloudbr1", "bridge"), machine, cloud=untagged)
    assert scene.only(found, "mismatches").value == wrong
    held = replace(machine, port_state="blocking")
    assert "vnet0 is blocking in cloudbr1" in scene.only(
        verdict(*scene.UPLINK, held, cloud=untagged), "mismatches"
    ).seen  # fmt: skip
