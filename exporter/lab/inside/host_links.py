"""The interfaces of a host as ``ip -j -d -s -s link`` shows them.

What grows with time is written ``~<count>+<per second>~``; the stub tools make a number of it when they are asked.
Source of the shape: iproute2 6.1 in a Debian 12 machine with a bond, VLANs and bridges.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from exporter.lab.world.hypervisor import Bond, Bridge, HostNic, Hypervisor, Traffic, VlanDevice

Row = dict[str, Any]
MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
FRAME = 800
"""Bytes of an average frame."""
NOBODY = "00:00:00:00:00:00"


def growing(count: int, per_second: int) -> str:
    """Return what stands for a counter."""
    return f"~{count}+{per_second}~"


def links(made: Hypervisor) -> str:
    """Return the JSON of ``ip``."""
    rows = list(_rows(made))
    for number, row in enumerate(rows, 1):
        row["ifindex"] = number
    return re.sub(r'"(~\d+\+\d+~)"', r"\1", json.dumps(rows, separators=(",", ":"))) + "\n"


def carries(made: Hypervisor, name: str) -> bool:
    """Return whether an interface has a carrier: a NIC its own, the others that of what is below them."""
    own = {nic.name: nic.is_up and nic.carrier for nic in made.nics}
    own |= {tap.name: tap.is_up for tap in made.taps}
    upper: list[Bond | Bridge | VlanDevice] = [*made.bonds, *made.vlans, *made.bridges]
    own |= {one.name: one.is_up for one in upper}
    if not own.get(name, True):
        return False
    if any(bond.name == name and bond.members and not bond.miimon for bond in made.bonds):
        return True
    below = [member.nic for bond in made.bonds if bond.name == name for member in bond.members if member.is_up]
    below += [device.parent for device in made.vlans if device.name == name]
    below += [port for bridge in made.bridges if bridge.name == name for port in bridge.ports]
    below += [tap.name for tap in made.taps if tap.bridge == name and tap.is_up]
    return any(carries(made, one) for one in below) if any(one.name == name for one in upper) else True


def masters(made: Hypervisor) -> dict[str, str]:
    """Return the bond, bridge or ovs-system that each interface is a port of."""
    found = {member.nic: bond.name for bond in made.bonds for member in bond.members}
    found |= {port: bridge.name for bridge in made.bridges for port in bridge.ports}
    linux = {bridge.name for bridge in made.bridges}
    found |= {tap.name: tap.bridge for tap in made.taps if tap.bridge in linux}
    if made.ovs:
        switched = {bridge.name for bridge in made.ovs.bridges}
        found |= {tap.name: "ovs-system" for tap in made.taps if tap.bridge in switched}
        for bridge in made.ovs.bridges:
            plain = [one for port in bridge.ports for one in port.interfaces if not one.kind]
            found |= {one.name: "ovs-system" for one in plain}
    return found


def bond_mac(made: Hypervisor, bond: Bond) -> str:
    """Return the MAC that a bond and all its members have: that of the first."""
    return next((nic.mac for nic in made.nics for member in bond.members[:1] if nic.name == member.nic), NOBODY)


def _rows(made: Hypervisor) -> Iterator[Row]:
    above = masters(made)
    blocked = {port for bridge in made.bridges for port in bridge.blocked}
    for row in _shown(made, above):
        told = row.get("linkinfo", {}).get("info_slave_data", {})
        if row["ifname"] in blocked:
            told["state"] = "blocking"
        yield row


def _shown(made: Hypervisor, above: dict[str, str]) -> Iterator[Row]:
    yield _row(_Shape(name="lo", mac=NOBODY, mtu=65536))
    for nic in made.nics:
        yield _nic(made, nic, above)
    for bond in made.bonds:
        yield _bond(made, bond, above)
    for device in made.vlans:
        yield _vlan(made, device, above)
    for bridge in made.bridges:
        yield _bridge(made, bridge)
    if made.ovs:
        yield _row(_Shape(name="ovs-system", mac="92:c4:11:00:00:01", is_up=False, kind="openvswitch"))
        for place, switch in enumerate(made.ovs.bridges):
            yield _row(_Shape(name=switch.name, mac=f"92:c4:11:00:01:{place:02x}", kind="openvswitch"))
    for tap in made.taps:
        shape = _Shape(
            name=tap.name,
            mac=f"fe{tap.mac[2:]}",
            traffic=tap.traffic,
            mtu=tap.mtu,
            is_up=tap.is_up,
            kind="macvtap" if tap.kind == "direct" else "tun",
            data={"mode": "bridge"} if tap.kind == "direct" else {"type": "tap"},
        )
        yield _enslaved(_row(shape), above)


def _nic(made: Hypervisor, nic: HostNic, above: dict[str, str]) -> Row:
    master = above.get(nic.name, "")
    bond = next((one for one in made.bonds if one.name == master), None)
    mac = bond_mac(made, bond) if bond else nic.mac
    row = _row(_Shape(name=nic.name, mac=mac, traffic=nic.traffic, mtu=nic.mtu, is_up=nic.is_up, carrier=nic.carrier))
    row |= {"parentbus": "pci", "parentdev": nic.bus}
    if bond is None:
        return _enslaved(row, above)
    member = bond.member(nic.name)
    backup = bond.mode == 1 and bond.active != nic.name
    told: Row = {
        "state": "BACKUP" if backup else "ACTIVE",
        "mii_status": "UP" if member.is_up else "DOWN",
        "link_failure_count": member.failures,
        "perm_hwaddr": nic.mac,
        "queue_id": 0,
    }
    if bond.mode == 4:
        told |= {
            "ad_aggregator_id": member.aggregator,
            "ad_actor_oper_port_state": member.actor_state,
            "ad_partner_oper_port_state": member.partner_state,
        }
    row["flags"].insert(2, "SLAVE")
    row |= {"master": master, "permaddr": nic.mac, "linkinfo": {"info_slave_kind": "bond", "info_slave_data": told}}
    return row


def _bond(made: Hypervisor, bond: Bond, above: dict[str, str]) -> Row:
    data: Row = {"mode": MODES[bond.mode], "miimon": 100, "updelay": 0, "downdelay": 0, "use_carrier": 1}
    data |= {"xmit_hash_policy": "layer2", "all_slaves_active": 0, "min_links": 0}
    if bond.mode == 1:
        data |= {"active_slave": bond.active, "primary": bond.primary}
    if bond.mode == 4:
        ports = sum(member.is_up and member.aggregator == bond.aggregator for member in bond.members)
        info = {"aggregator": bond.aggregator, "num_ports": ports, "partner_mac": bond.partner_mac or NOBODY}
        data |= {"ad_lacp_active": "on", "ad_lacp_rate": bond.lacp_rate, "ad_info": info}
    row = _row(_shape(made, bond, bond_mac(made, bond), "bond", data))
    row["flags"].insert(2, "MASTER")
    return _enslaved(row, above)


def _vlan(made: Hypervisor, device: VlanDevice, above: dict[str, str]) -> Row:
    data = {"protocol": "802.1Q", "id": device.vlan, "flags": ["REORDER_HDR"]}
    row = _row(_shape(made, device, _below(made, device.name), "vlan", data))
    return _enslaved(row | {"link": device.parent}, above)


def _bridge(made: Hypervisor, bridge: Bridge) -> Row:
    data = {
        "stp_state": int(bool(bridge.blocked)),
        "vlan_filtering": 0,
        "vlan_protocol": "802.1Q",
        "nf_call_iptables": bridge.nf_call_iptables,
        "nf_call_ip6tables": bridge.nf_call_ip6tables,
        "nf_call_arptables": 0,
    }
    mac = _below(made, bridge.ports[0]) if bridge.ports else "16:5a:00:00:00:01"
    return _row(_shape(made, bridge, mac, "bridge", data))


def _shape(made: Hypervisor, one: Bond | Bridge | VlanDevice, mac: str, kind: str, data: Row) -> _Shape:
    return _Shape(
        name=one.name,
        mac=mac,
        traffic=one.traffic,
        mtu=one.mtu,
        is_up=one.is_up,
        carrier=carries(made, one.name),
        kind=kind,
        data=data,
    )


def _below(made: Hypervisor, name: str) -> str:
    """Return the MAC of what an interface stands on, at the bottom."""
    parent = next((device.parent for device in made.vlans if device.name == name), name)
    bond = next((one for one in made.bonds if one.name == parent), None)
    return bond_mac(made, bond) if bond else next((nic.mac for nic in made.nics if nic.name == parent), NOBODY)


def _enslaved(row: Row, above: dict[str, str]) -> Row:
    """Return the row with its master, if it has one."""
    if master := above.get(row["ifname"]):
        kind = "openvswitch" if master == "ovs-system" else "bridge"
        told = {} if kind == "openvswitch" else {"info_slave_data": {"state": "forwarding", "priority": 32, "cost": 2}}
        row["master"] = master
        row["linkinfo"] = {**row.get("linkinfo", {}), "info_slave_kind": kind, **told}
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What differs from one interface to the next."""

    name: str
    mac: str
    traffic: Traffic = field(default_factory=Traffic)
    mtu: int = 1500
    is_up: bool = True
    carrier: bool = True
    kind: str = ""
    data: Row = field(default_factory=dict)


def _row(shape: _Shape) -> Row:
    words = ["LOOPBACK"] if shape.name == "lo" else ["BROADCAST", "MULTICAST"]
    if shape.is_up:
        words = [*words, "UP", "LOWER_UP"] if shape.carrier else ["NO-CARRIER", *words, "UP"]
    state = "UP" if shape.is_up and shape.carrier else "DOWN"
    row: Row = {
        "ifindex": 0,
        "ifname": shape.name,
        "flags": words,
        "mtu": shape.mtu,
        "qdisc": "noqueue",
        "operstate": "UNKNOWN" if shape.name == "lo" else state,
        "linkmode": "DEFAULT",
        "group": "default",
        "txqlen": 1000,
        "link_type": "loopback" if shape.name == "lo" else "ether",
        "address": shape.mac,
        "broadcast": "ff:ff:ff:ff:ff:ff",
        "promiscuity": 0,
        "min_mtu": 68,
        "max_mtu": 65535,
    }
    if shape.kind:
        row["linkinfo"] = {"info_kind": shape.kind, **({"info_data": shape.data} if shape.data else {})}
    return row | {"stats64": _stats(shape.traffic)}


def _stats(traffic: Traffic) -> Row:
    rx, tx = traffic.rx, traffic.tx
    base = traffic.base if traffic.heard else 0
    return {
        "rx": {
            "bytes": growing(FRAME * base, FRAME * rx),
            "packets": growing(base, rx),
            "errors": growing(0, traffic.rx_errors),
            "dropped": growing(0, traffic.rx_dropped),
            "over_errors": 0,
            "multicast": growing(base // 50, traffic.rx_multicast),
            "length_errors": 0,
            "crc_errors": growing(0, traffic.rx_crc_errors),
            "frame_errors": 0,
            "fifo_errors": 0,
            "missed_errors": 0,
        },
        "tx": {
            "bytes": growing(FRAME * traffic.base, FRAME * tx),
            "packets": growing(traffic.base, tx),
            "errors": growing(0, traffic.tx_errors),
            "dropped": 0,
            "carrier_errors": 0,
            "collisions": 0,
            "aborted_errors": 0,
            "fifo_errors": 0,
            "window_errors": 0,
            "heartbeat_errors": 0,
            "carrier_changes": 0,
        },
    }
