"""Open vSwitch of a host: its database as ovs-vsctl lists it, its daemons as ovs-appctl tells of them.

Source of the formats: Open vSwitch 3.1 (before 2.16 members of bonds were called slaves).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from exporter.clock import SystemClock
from exporter.lab.inside.host_links import growing
from exporter.lab.inside.tree import Tree
from exporter.lab.world.hypervisor import Hypervisor, Ovs, OvsBridge, OvsInterface, OvsPort, Tap
from exporter.lab.world.places import identity

Row = dict[str, Any]
RUN = "var/run/openvswitch"
PIDS = {"ovsdb-server": 701, "ovs-vswitchd": 702}
BOOTED = 1000
"""Seconds from the host's boot to the first start of the daemons; each restart adds an hour."""


def put_ovs(tree: Tree, made: Hypervisor) -> None:
    """Add Open vSwitch to a host that has it; what its log tells happened a minute ago, however old the lab is."""
    ovs = made.ovs
    if ovs is None:
        return
    tree.put("sys/class/net/ovs-system/operstate", "unknown\n", mode=0o444)
    for name, pid in PIDS.items():
        state = ovs.ovsdb if name == "ovsdb-server" else ovs.vswitchd
        if state == "dead":
            continue
        tree.put(f"{RUN}/{name}.pid", f"{pid}\n")
        ticks = 100 * (BOOTED + 3600 * ovs.restarts)
        tree.put(
            f"proc/{pid}/stat", f"{pid} ({name}) S 1 {pid} {pid} 0 -1 4194624 {'0 ' * 12}{ticks} 0 0\n", mode=0o444
        )
    if ovs.ovsdb != "dead":
        tree.put(f"{RUN}/db.sock", "")
    if ovs.vswitchd != "dead":
        for bridge in ovs.bridges:
            tree.put(f"{RUN}/{bridge.name}.mgmt", "")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(SystemClock().unix() - 60))
    lines = [f"{stamp}.{place:03}Z|{place:05}|{line}\n" for place, line in enumerate(ovs.log, 100)]
    first = "2026-10-01T08:00:00.000Z|00001|vlog|INFO|opened log file /var/log/openvswitch/ovs-vswitchd.log\n"
    tree.put("var/log/openvswitch/ovs-vswitchd.log", first + "".join(lines), mode=0o640)
    tree.knows |= {f"ovs-{table}": _table(rows) for table, rows in _tables(made, ovs).items()}
    tree.knows["ovs-daemons"] = f"ovsdb-server {ovs.ovsdb} {ovs.version}\novs-vswitchd {ovs.vswitchd} {ovs.version}\n"
    tree.knows["ovs-appctl"] = "".join(f"@ {asked}\n{text}" for asked, text in _told(made, ovs).items())


def _table(rows: list[Row]) -> str:
    """Return the rows as lines of column, tab and JSON value, with an empty line behind each row."""
    return "".join(
        "".join(f"{name}\t{json.dumps(value, separators=(',', ':'))}\n" for name, value in row.items()) + "\n"
        for row in rows
    )


def _uuid(*words: object) -> list[str]:
    return ["uuid", identity("ovs", *words)]


def _set(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else ["set", values]


def _tables(made: Hypervisor, ovs: Ovs) -> dict[str, list[Row]]:
    ports = {bridge.name: list(_ports(made, ovs, bridge)) for bridge in ovs.bridges}
    every = [port for found in ports.values() for port in found]
    return {
        "Open_vSwitch": [{"_uuid": _uuid("root"), "ovs_version": ovs.version, "db_version": "8.3.1"}],
        "Bridge": [_bridge(bridge, ports[bridge.name]) for bridge in ovs.bridges],
        "Port": [_port(port) for port in every],
        "Interface": [_interface(port, one) for port in every for one in port.interfaces],
        "Controller": [
            {"_uuid": _uuid("controller", bridge.name, target), "target": target, "is_connected": is_connected}
            for bridge in ovs.bridges
            for target, is_connected in bridge.controllers.items()
        ],
    }


def _ports(made: Hypervisor, ovs: Ovs, bridge: OvsBridge) -> Iterator[OvsPort]:
    """Yield all ports of a bridge: its own one, those of its record, and those of machines."""
    own = OvsInterface(bridge.name, "internal", ofport=65534, mac="92:c4:11:00:01:00")
    yield OvsPort(bridge.name, [own])
    yield from bridge.ports
    for place, tap in enumerate(made.taps):
        if tap.bridge == bridge.name:
            yield OvsPort(tap.name, [_plugged(ovs, tap, 10 + place)], tag=tap.tag, trunks=tap.trunks)


def _plugged(ovs: Ovs, tap: Tap, ofport: int) -> OvsInterface:
    error = ovs.tap_errors.get(tap.name, "")
    made = OvsInterface(tap.name, mac=f"fe{tap.mac[2:]}", mtu=tap.mtu, attached_mac=tap.mac, error=error)
    made.ofport = -1 if error else ofport
    made.link_state = "down" if error or not tap.is_up else "up"
    return made


def _bridge(bridge: OvsBridge, ports: list[OvsPort]) -> Row:
    return {
        "_uuid": _uuid("bridge", bridge.name),
        "name": bridge.name,
        "datapath_type": "" if bridge.datapath == "system" else bridge.datapath,
        "fail_mode": _set([] if bridge.fail_mode == "standalone" else [bridge.fail_mode]),
        "controller": _set([_uuid("controller", bridge.name, target) for target in bridge.controllers]),
        "ports": _set([_uuid("port", port.name) for port in ports]),
        "stp_enable": False,
        "external_ids": ["map", []],
        "other_config": ["map", []],
    }


def _port(port: OvsPort) -> Row:
    return {
        "_uuid": _uuid("port", port.name),
        "name": port.name,
        "tag": _set([] if port.tag is None else [port.tag]),
        "trunks": _set(list(port.trunks)),
        "vlan_mode": _set([port.vlan_mode] if port.vlan_mode else []),
        "bond_mode": _set([port.bond_mode] if port.bond_mode else []),
        "lacp": _set([port.lacp] if port.lacp else []),
        "interfaces": _set([_uuid("interface", port.name, one.name) for one in port.interfaces]),
        "external_ids": ["map", []],
        "other_config": ["map", []],
        "status": ["map", []],
    }


def _interface(port: OvsPort, one: OvsInterface) -> Row:
    return {
        "_uuid": _uuid("interface", port.name, one.name),
        "name": one.name,
        "type": one.kind,
        "ofport": _set([one.ofport]),
        "error": _set([one.error] if one.error else []),
        "admin_state": _set(["up"]),
        "link_state": _set([one.link_state] if one.link_state else []),
        "mac_in_use": _set([one.mac] if one.mac else []),
        "mtu": _set([one.mtu]),
        "external_ids": ["map", [["attached-mac", one.attached_mac]] if one.attached_mac else []],
        "other_config": ["map", []],
        "statistics": ["map", []],
    }


def _told(made: Hypervisor, ovs: Ovs) -> dict[str, str]:
    """Return what ovs-vswitchd answers, by command."""
    bonds = [port for bridge in ovs.bridges for port in bridge.ports if len(port.interfaces) > 1]
    names = [port.name for bridge in ovs.bridges for port in _ports(made, ovs, bridge)]
    ports = "".join(f"  port {number}: {name}\n" for number, name in enumerate(names, 1))
    lookups = (
        f"hit:{growing(ovs.hits, 900)} missed:{growing(ovs.missed, 3)} lost:{growing(ovs.lost, ovs.lost_a_second)}"
    )
    told = {
        "upcall/show": (
            "system@ovs-system:\n"
            f"  flows         : (current {ovs.flows}) (avg {ovs.flows}) (max {ovs.flows}) (limit {ovs.flows_limit})\n"
            f"  offloaded flows : 0\n  dump duration : {ovs.dump_ms}ms\n  ufid enabled : true\n"
            f"\n  3: (keys {ovs.flows})\n"
        ),
        "dpctl/show": (
            f"system@ovs-system:\n  lookups: {lookups}\n  flows: {ovs.flows}\n"
            f"  masks: hit:27000000 total:4 hit/pkt:3.01\n  port 0: ovs-system (internal)\n{ports}"
        ),
        "bond/show": "".join(_bond(port, ovs.old_words) for port in bonds),
        "lacp/show": "".join(_lacp(port, ovs.old_words) for port in bonds if port.lacp_status != "off"),
    }
    return told | {f"fdb/stats-show {bridge.name}": _macs(bridge) for bridge in ovs.bridges}


def _bond(port: OvsPort, old: bool) -> str:
    word = "slave" if old else "member"
    active = next((one for one in port.interfaces if one.enabled), None)
    shown = f"{active.mac}({active.name})" if active else "00:00:00:00:00:00(none)"
    lines = [f"---- {port.name} ----", f"bond_mode: {port.bond_mode}", "bond may use recirculation: no, Recirc-ID : -1"]
    lines += ["bond-hash-basis: 0", "updelay: 0 ms", "downdelay: 0 ms", f"lacp_status: {port.lacp_status}"]
    lines += ["lacp_fallback_ab: false", f"active {word} mac: {shown}", ""]
    for one in port.interfaces:
        lines.append(f"{word} {one.name}: {'enabled' if one.enabled else 'disabled'}")
        lines += [f"  active {word}"] if one is active else []
        lines += [f"  may_enable: {str(one.enabled).lower()}", ""]
    return "\n".join(lines) + "\n"


def _lacp(port: OvsPort, old: bool) -> str:
    word = "slave" if old else "member"
    lines = [f"---- {port.name} ----", "  status: active negotiated", f"  sys_id: {port.interfaces[0].mac}"]
    lines += ["  sys_priority: 65534", "  aggregation key: 1", "  lacp_time: slow", ""]
    for one in port.interfaces:
        attached = "attached" if one.lacp == "current" else "detached"
        lines += [f"{word}: {one.name}: {one.lacp} {attached}", f"  port_id: {one.ofport}", "  port_priority: 65535"]
        lines += [f"  may_enable: {str(one.enabled).lower()}", "", f"  actor sys_id: {port.interfaces[0].mac}"]
        lines += ["  actor key: 1", "  actor state: activity aggregation synchronized collecting distributing", ""]
        lines += [f"  partner sys_id: {one.partner_mac or '00:00:00:00:00:00'}", "  partner key: 11"]
        lines += ["  partner state: activity aggregation synchronized collecting distributing", ""]
    return "\n".join(lines)


def _macs(bridge: OvsBridge) -> str:
    moved = growing(bridge.macs_moved, bridge.moves_a_second)
    return (
        f'Statistics for bridge "{bridge.name}":\n'
        f"  Current/maximum MAC entries in the table: {bridge.macs}/{bridge.macs_max}\n"
        "  Current static MAC entries in the table : 0\n"
        f"  Total number of learned MAC entries     : {bridge.macs + 100}\n"
        "  Total number of expired MAC entries     : 100\n"
        f"  Total number of evicted MAC entries     : {bridge.macs_evicted}\n"
        f"  Total number of port moved MAC entries  : {moved}\n"
    )
