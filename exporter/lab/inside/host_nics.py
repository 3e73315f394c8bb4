"""NICs and bonds of a host: sysfs, ethtool, /proc/net/bonding, and what lldpd hears.

Source of the formats: Linux 6.1, ethtool 6.1 and lldpd 1.0 in a Debian 12 machine.
"""

from __future__ import annotations

import json
from typing import Any

from exporter.lab.inside.host_links import NOBODY, bond_mac, carries, growing, masters
from exporter.lab.inside.tree import Tree
from exporter.lab.world.hypervisor import Bond, BondMember, HostNic, Hypervisor

MODES = (
    "load balancing (round-robin)",
    "fault-tolerance (active-backup)",
    "load balancing (xor)",
    "fault-tolerance (broadcast)",
    "IEEE 802.3ad Dynamic link aggregation",
    "transmit load balancing",
    "adaptive load balancing",
)


def put_nics(tree: Tree, made: Hypervisor) -> None:
    """Add everything about NICs and bonds to a host."""
    above = masters(made)
    for master in sorted({above[nic.name] for nic in made.nics if nic.name in above}):
        tree.put(f"sys/class/net/{master}/operstate", "up\n", mode=0o444)
    for nic in made.nics:
        _sysfs(tree, nic, above.get(nic.name, ""))
    for tap in made.taps:
        if not tap.is_up:
            tree.put(f"sys/class/net/{tap.name}/flags", "0x1002\n", mode=0o444)
    for bond in made.bonds:
        tree.put(f"proc/net/bonding/{bond.name}", _bonding(made, bond), mode=0o444)
    tree.knows["ethtool"] = "".join(_ethtool(nic) for nic in made.nics)
    tree.knows["lldp"] = _lldp(made) if made.lldp == "up" else ""


def _sysfs(tree: Tree, nic: HostNic, master: str) -> None:
    place = f"sys/class/net/{nic.name}"
    up = nic.is_up and nic.carrier
    facts = {
        "speed": str(nic.speed) if up else "-1",
        "duplex": nic.duplex if up else "unknown",
        "carrier_changes": str(nic.carrier_changes),
        "carrier_up_count": str(nic.carrier_changes // 2),
        "carrier_down_count": str(nic.carrier_changes - nic.carrier_changes // 2),
        "operstate": "up" if up else "down",
        "carrier": "1" if up else "0",
        "mtu": str(nic.mtu),
        "address": nic.mac,
    }
    for name, value in facts.items():
        tree.put(f"{place}/{name}", f"{value}\n", mode=0o444)
    device = f"sys/devices/pci0000:3a/{nic.bus}"
    vendor, _, number = nic.pci_id.partition(":")
    tree.put(f"{device}/vendor", f"0x{vendor}\n", mode=0o444)
    tree.put(f"{device}/device", f"0x{number}\n", mode=0o444)
    tree.put(f"sys/bus/pci/drivers/{nic.driver}/module/version", f"{nic.driver_version}\n", mode=0o444)
    tree.links[f"{place}/device"] = f"../../../devices/pci0000:3a/{nic.bus}"
    tree.links[f"{device}/driver"] = f"../../../bus/pci/drivers/{nic.driver}"
    if master:
        tree.links[f"{place}/master"] = f"../{master}"
        tree.links[f"{place}/upper_{master}"] = f"../{master}"


def _ethtool(nic: HostNic) -> str:
    """Return what ethtool prints for -i, -k and -S, each behind a mark."""
    about = [f"driver: {nic.driver}", f"version: {nic.driver_version}", f"firmware-version: {nic.firmware}"]
    about += ["expansion-rom-version:", f"bus-info: {nic.bus}", "supports-statistics: yes"]
    features = {
        "rx-checksumming": "on",
        "tx-checksumming": "on",
        "scatter-gather": "on",
        "tcp-segmentation-offload": "on",
        "generic-segmentation-offload": "on",
        "generic-receive-offload": "on",
        "large-receive-offload": "on" if nic.lro else "off",
        "rx-vlan-offload": "on" if nic.rx_vlan_offload else "off",
        "tx-vlan-offload": "on",
        "rx-vlan-filter": "on [fixed]",
    }
    counted = {name: str(value) for name, value in nic.errors.items()}
    counted["rx_broadcast"] = growing(nic.traffic.base // 50, nic.traffic.rx_broadcast)
    counted["rx_multicast"] = growing(nic.traffic.base // 50, nic.traffic.rx_multicast)
    parts = {
        "-i": about,
        "-k": [f"Features for {nic.name}:", *(f"{name}: {value}" for name, value in features.items())],
        "-S": ["NIC statistics:", *(f"     {name}: {value}" for name, value in counted.items())],
    }
    return "".join(f"@ {way} {nic.name}\n" + "\n".join(lines) + "\n" for way, lines in parts.items())


def _bonding(made: Hypervisor, bond: Bond) -> str:
    """Return /proc/net/bonding/<bond>."""
    lines = ["Ethernet Channel Bonding Driver: v6.1.0-28-amd64", "", f"Bonding Mode: {MODES[bond.mode]}"]
    if bond.mode == 1:
        lines += [f"Primary Slave: {bond.primary or 'None'}", f"Currently Active Slave: {bond.active or 'None'}"]
    else:
        lines.append("Transmit Hash Policy: layer2 (0)")
    lines += [f"MII Status: {_word(carries(made, bond.name))}", f"MII Polling Interval (ms): {bond.miimon}"]
    lines += ["Up Delay (ms): 0", "Down Delay (ms): 0", "Peer Notification Delay (ms): 0", ""]
    if bond.mode == 4:
        ports = sum(member.is_up and member.aggregator == bond.aggregator for member in bond.members)
        lines += ["802.3ad info", "LACP active: on", f"LACP rate: {bond.lacp_rate}", "Min links: 0"]
        lines += ["Aggregator selection policy (ad_select): stable", "System priority: 65535"]
        lines += [f"System MAC address: {bond_mac(made, bond)}", "Active Aggregator Info:"]
        lines += [f"\tAggregator ID: {bond.aggregator}", f"\tNumber of ports: {ports}", "\tActor Key: 21"]
        lines += ["\tPartner Key: 13", f"\tPartner Mac Address: {bond.partner_mac or NOBODY}", ""]
    for member in bond.members:
        lines += [*_member(made, bond, member), ""]
    return "\n".join(lines)


def _word(is_up: bool) -> str:
    return "up" if is_up else "down"


def _member(made: Hypervisor, bond: Bond, member: BondMember) -> list[str]:
    nic = made.nic(member.nic)
    up = member.is_up and nic.is_up and nic.carrier
    speed, duplex = (f"{nic.speed} Mbps", nic.duplex) if up else ("Unknown", "Unknown")
    status = _word(up or not bond.miimon)
    lines = [f"Slave Interface: {nic.name}", f"MII Status: {status}", f"Speed: {speed}", f"Duplex: {duplex}"]
    lines += [f"Link Failure Count: {member.failures}", f"Permanent HW addr: {nic.mac}", "Slave queue ID: 0"]
    if bond.mode != 4:
        return lines
    lines += [f"Aggregator ID: {member.aggregator}", f"Actor Churn State: {member.actor_churn}"]
    lines += [f"Partner Churn State: {member.partner_churn}", "Actor Churned Count: 0", "Partner Churned Count: 0"]
    mine = bond_mac(made, bond)
    lines += ["details actor lacp pdu:", "    system priority: 65535", f"    system mac address: {mine}"]
    lines += [
        "    port key: 21",
        "    port priority: 255",
        "    port number: 1",
        f"    port state: {member.actor_state}",
    ]
    lines += ["details partner lacp pdu:", "    system priority: 32768"]
    lines += [f"    system mac address: {member.partner_mac or NOBODY}", "    oper key: 13", "    port priority: 32768"]
    return [*lines, "    port number: 13", f"    port state: {member.partner_state}"]


def _lldp(made: Hypervisor) -> str:
    """Return ``lldpcli -f json0 show neighbors details``."""
    found = [_neighbour(nic) for nic in made.nics if nic.switch and nic.is_up and nic.carrier]
    return json.dumps({"lldp": [{"interface": found} if found else {}]}, indent=2) + "\n"


def _neighbour(nic: HostNic) -> dict[str, Any]:
    port: dict[str, Any] = {
        "id": [{"type": "ifname", "value": nic.switch_port}],
        "descr": [{"value": nic.switch_port}],
        "ttl": [{"value": "120"}],
    }
    if nic.max_frame:
        port["mfs"] = [{"value": str(nic.max_frame)}]
    told: dict[str, Any] = {
        "name": nic.name,
        "via": "LLDP",
        "rid": "1",
        "age": "40 days, 00:00:03",
        "chassis": [{"id": [{"type": "mac", "value": nic.chassis}], "name": [{"value": nic.switch}]}],
        "port": [port],
    }
    named = [vlan for vlan in nic.lldp_vlans if vlan != nic.pvid]
    vlans = [{"vlan-id": str(vlan), "pvid": False, "value": f"VLAN{vlan:04}"} for vlan in named]
    if nic.pvid is not None:
        vlans.insert(0, {"vlan-id": str(nic.pvid), "pvid": True})
    return told | ({"vlan": vlans} if vlans else {})
