"""Which VLANs a port of Open vSwitch lets through, by its columns and by the switch's own word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsInterface, OvsPort
from exporter.topology.labels import is_machines, lets_through, plain_uplinks
from tests.real_ovs import RealOvs, real_ovs
from tests.real_parts import require, require_root

VLANS = (0, 30, 100, 200)
COLUMNS: dict[str, tuple[dict[str, Any], set[int]]] = {
    "nothing set": ({}, {0, 30, 100, 200}),
    "a trunk of some": ({"trunks": (100, 200)}, {100, 200}),
    "a trunk of some, and of what has no tag": ({"trunks": (0, 100)}, {0, 100}),
    "an access port": ({"tag": 30}, {30}),
    "an access port without a VLAN": ({"tag": 0}, {0}),
    "an access port by its mode": ({"vlan_mode": "access"}, {0}),
    "an access port has no trunks": ({"tag": 30, "trunks": (100,)}, {30}),
    "a trunk by its mode": ({"tag": 30, "vlan_mode": "trunk"}, {0, 30, 100, 200}),
    "a native VLAN": ({"tag": 30, "vlan_mode": "native-untagged"}, {30, 100, 200}),
    "a native VLAN with a tag": ({"tag": 30, "vlan_mode": "native-tagged"}, {30, 100, 200}),
    "a native VLAN beside the trunks": ({"tag": 30, "vlan_mode": "native-untagged", "trunks": (100,)}, {30, 100}),
    "a native VLAN with a tag beside them": ({"tag": 30, "vlan_mode": "native-tagged", "trunks": (100,)}, {30, 100}),
    "no native VLAN": ({"vlan_mode": "native-untagged", "trunks": (200,)}, {200}),
    "a tunnel of one": ({"tag": 100, "vlan_mode": "dot1q-tunnel"}, {100}),
}


def port(name: str = "eth2", kind: str = "", **columns: Any) -> OvsPort:
    """Return a port of one interface."""
    return OvsPort(name=name, bridge="cloudbr1", interfaces=(OvsInterface(name=name, kind=kind),), **columns)


@pytest.mark.parametrize("name", COLUMNS)
def test_what_a_port_lets_through(name: str) -> None:
    """As the manual says; the real switch is asked below."""
    columns, expected = COLUMNS[name]
    assert {vlan for vlan in VLANS if lets_through(port(**columns), vlan)} == expected


@pytest.fixture(scope="module")
def ovs() -> Iterator[RealOvs]:
    """Yield a switch whose bridge has an uplink, and the tap of a machine in each of some VLANs."""
    require("ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-appctl", "ip", "dash")
    require_root("network namespaces and ovs-vswitchd need root")
    with real_ovs() as made:
        for name, vlan in (("eth2", 0), *((f"vnet{vlan}", vlan) for vlan in VLANS)):
            made.ip("link", "add", name, "up", "type", "veth", "peer", "name", f"{name}-far")
            made.ip("link", "set", f"{name}-far", "up")
            made.vsctl("add-port", "cloudbr1", name, *((f"tag={vlan}",) if vlan else ()))
        yield made


@pytest.mark.real
@pytest.mark.parametrize("mode", ["", "access", "trunk", "native-untagged", "native-tagged", "dot1q-tunnel"])
@pytest.mark.parametrize("tag", [None, 0, 30])
def test_what_the_real_switch_lets_through(ovs: RealOvs, mode: str, tag: int | None) -> None:
    """It says whether a broadcast from a machine would leave through the uplink."""
    (number,) = re.findall(r"^ +eth2 \d+/(\d+):", ovs.appctl("dpif/show"), re.MULTILINE)
    for trunks in ((), (100,), (0, 100)):
        ovs.vsctl(*_set(vlan_mode=[mode] * bool(mode), tag=[tag] if tag is not None else [], trunks=trunks))
        told = ovs.machine.read(OVS_DATABASE).ports["eth2"]
        seen = {vlan for vlan in VLANS if number in _actions(ovs, f"vnet{vlan}")}
        assert {vlan for vlan in VLANS if lets_through(told, vlan)} == seen, told


def _set(**columns: Any) -> list[str]:
    return ["set", "Port", "eth2", *(f"{name}=[{','.join(map(str, told))}]" for name, told in columns.items())]


def _actions(ovs: RealOvs, tap: str) -> list[str]:
    """Return what the switch would do with a broadcast of a machine."""
    flow = f"in_port={tap},dl_src=02:00:00:00:00:05,dl_dst=ff:ff:ff:ff:ff:ff,dl_type=0x0800"
    said = ovs.appctl("ofproto/trace", "cloudbr1", flow)
    (actions,) = re.findall(r"^Datapath actions: (.*)$", said, re.MULTILINE)
    return str(actions).split(",")


@pytest.mark.parametrize(
    ("name", "kind", "is_one"),
    [
        ("vnet3", "", True),
        ("csdpdk-7", "dpdkvhostuserclient", True),
        ("csdpdk-7", "dpdkvhostuser", True),
        ("dpdk-p0", "dpdk", False),
        ("eth2", "", False),
        ("cloudbr1", "internal", False),
    ],
)
def test_ports_of_machines(name: str, kind: str, is_one: bool) -> None:
    """Taps by their names, sockets of DPDK by their kind."""
    assert is_machines(port(name, kind)) is is_one


PLAIN = (port("cloudbr1", "internal"), port("eth2"), port("vnet0", tag=100), port("csdpdk-7", "dpdkvhostuserclient"))


@pytest.mark.parametrize(
    ("more", "fields", "found"),
    [
        ((), {}, ["eth2"]),
        ((port("eth3", trunks=(7,)),), {}, ["eth2", "eth3"]),
        ((port("dpdk-p0", "dpdk"),), {}, ["eth2", "dpdk-p0"]),
        ((port("to-ex", "patch"),), {}, []),
        ((port("vx1", "vxlan"),), {}, []),
        ((), {"controllers": {"tcp:192.0.2.9:6653": True}}, []),
    ],
)
def test_ports_that_decide_what_leaves(more: tuple[OvsPort, ...], fields: dict[str, Any], found: list[str]) -> None:
    """Nobody knows what goes through patches, tunnels and by the flows of a controller."""
    bridge = OvsBridge(name="cloudbr1", ports=(*PLAIN, *more), **fields)
    assert [one.name for one in plain_uplinks(bridge)] == found
