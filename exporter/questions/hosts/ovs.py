"""Open vSwitch of a hypervisor host: what its database says."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

from exporter.model import Question, UnreadableError, Via

ABSENT = "absent"
"""What the texts print on a host without Open vSwitch."""

PRESENCE = r"""
run=$ROOT/var/run/openvswitch
export OVS_RUNDIR="$run"
agent=$ROOT/etc/cloudstack/agent/agent.properties

# The agent says so, or the kernel still forwards for it although the daemons are stopped.
is_wanted() {
    [ ! -e "$ROOT/sys/class/net/ovs-system" ] || return 0
    [ -r "$agent" ] || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            '#'*) ;;
            *network.bridge.type*openvswitch* | *libvirt.vif.driver*OvsVifDriver*) return 0 ;;
        esac
    done <"$agent"
    return 1
}

is_running() {
    [ -e "$run/db.sock" ] || [ -e "$run/ovsdb-server.pid" ] || [ -e "$run/ovs-vswitchd.pid" ]
}
"""
"""Functions of both texts: whether this host has Open vSwitch, by shell alone. Stopped and unwanted is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsInterface:
    """One row of table Interface. ``ofport`` -1: the switch could not open it; None: not yet told."""

    name: str
    kind: str = ""  # empty (system) | internal | patch | vxlan | gre | dpdk | ...
    ofport: int | None = None
    error: str = ""
    is_up: bool | None = None  # link_state
    mac: str = ""  # mac_in_use, or attached-mac of external_ids
    mtu: int | None = None
    attached_mac: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsPort:
    """One row of table Port; more than one interface makes it a bond."""

    name: str
    bridge: str
    tag: int | None = None
    trunks: tuple[int, ...] = ()
    vlan_mode: str = ""
    bond_mode: str = ""
    lacp: str = ""
    interfaces: tuple[OvsInterface, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsBridge:
    """One row of table Bridge. ``fail_mode`` is standalone when the row is empty."""

    name: str
    datapath: str = ""  # system | netdev
    fail_mode: str = "standalone"
    controllers: Mapping[str, bool] = field(default_factory=dict)  # target -> is_connected
    ports: tuple[OvsPort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OvsDatabase:
    """Everything the database told; ``ports`` are those of all bridges, by name."""

    version: str = ""  # as the start script wrote it; empty where no script did
    bridges: Mapping[str, OvsBridge] = field(default_factory=dict)
    ports: Mapping[str, OvsPort] = field(default_factory=dict)


class Table(msgspec.Struct):
    """One table as ``ovs-vsctl --format=json list`` prints it."""

    headings: list[str]
    data: list[list[Any]]


Row = Mapping[str, Any]
TABLES = msgspec.json.Decoder(Table)


def read_database(text: str) -> OvsDatabase | None:
    """Return the database, or None on a host without Open vSwitch (neither command nor service is there)."""
    if text.strip() == ABSENT:
        return None
    try:  # beside the tables there may be warnings, one a line
        switch, bridges, ports, interfaces, controllers = (
            _rows(line) for line in text.splitlines() if line.startswith("{")
        )
        return _database(switch, bridges, ports, interfaces, controllers)
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        message = f"not the five tables of ovs-vsctl: {error}"
        raise UnreadableError(message) from None


def _rows(line: str) -> tuple[Row, ...]:
    """Return the rows of one table, each value in its plain form."""
    table = TABLES.decode(line)
    return tuple(
        {heading: _plain(value) for heading, value in zip(table.headings, row, strict=True)} for row in table.data
    )


def _plain(value: Any) -> Any:
    """Return a value of the OVSDB protocol: an atom, a tuple for a set, a dict for a map.

    A set of one element is written as the element alone, so every reader of sets takes both.
    """
    match value:
        case ["uuid" | "named-uuid", str(name)]:
            return name
        case ["set", [*members]]:
            return tuple(_plain(member) for member in members)
        case ["map", [*pairs]]:
            return {_plain(key): _plain(held) for key, held in pairs}
        case str() | int() | float():
            return value
        case _:
            message = f"not a value: {str(value)[:60]}"
            raise ValueError(message)


def _many(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _text(value: Any) -> str:
    """Return an optional string: the empty set is an absent one. Names stand in thousands of answers, kept once."""
    if value == ():
        return ""
    if not isinstance(value, str):
        message = f"not a string: {str(value)[:60]}"
        raise TypeError(message)
    return sys.intern(value)


def _number(value: Any) -> int | None:
    if value == ():
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        message = f"not a number: {str(value)[:60]}"
        raise TypeError(message)
    return value


def _database(
    switch: tuple[Row, ...],
    bridges: tuple[Row, ...],
    ports: tuple[Row, ...],
    interfaces: tuple[Row, ...],
    controllers: tuple[Row, ...],
) -> OvsDatabase:
    """Return the database from its rows; they name each other by uuid."""
    by_uuid = {_text(row["_uuid"]): _interface(row) for row in interfaces}
    reached = {_text(row["_uuid"]): (_text(row["target"]), row["is_connected"] is True) for row in controllers}
    rows = {_text(row["_uuid"]): row for row in ports}
    found = {}
    for row in bridges:
        name = _text(row["name"])
        held = (rows[uuid] for uuid in _many(row["ports"]))
        found[name] = OvsBridge(
            name=name,
            datapath=_text(row["datapath_type"]) or "system",
            fail_mode=_text(row["fail_mode"]) or "standalone",
            controllers=MappingProxyType(dict(reached[uuid] for uuid in _many(row["controller"]))),
            ports=tuple(sorted(_ports(name, held, by_uuid), key=lambda one: one.name)),
        )
    all_ports = {port.name: port for bridge in found.values() for port in bridge.ports}
    version = _text(switch[0]["ovs_version"])
    return OvsDatabase(version=version, bridges=MappingProxyType(found), ports=MappingProxyType(all_ports))


def _ports(bridge: str, rows: Iterator[Row], interfaces: Mapping[str, OvsInterface]) -> Iterator[OvsPort]:
    for row in rows:
        members = (interfaces[uuid] for uuid in _many(row["interfaces"]))
        yield OvsPort(
            name=_text(row["name"]),
            bridge=bridge,
            tag=_number(row["tag"]),
            trunks=tuple(sorted(vlan for vlan in map(_number, _many(row["trunks"])) if vlan is not None)),
            vlan_mode=_text(row["vlan_mode"]),
            bond_mode=_text(row["bond_mode"]),
            lacp=_text(row["lacp"]),
            interfaces=tuple(sorted(members, key=lambda one: one.name)),
        )


def _interface(row: Row) -> OvsInterface:
    attached = _text(dict(row["external_ids"]).get("attached-mac", "")).lower()
    state = _text(row["link_state"])
    return OvsInterface(
        name=_text(row["name"]),
        kind=_text(row["type"]),
        ofport=_number(row["ofport"]),
        error=_text(row["error"]),
        is_up=state == "up" if state else None,
        mac=_text(row["mac_in_use"]).lower() or attached,
        mtu=_number(row["mtu"]),
        attached_mac=attached,
    )


COLUMNS = (
    ("Open_vSwitch", "ovs_version"),
    ("Bridge", "name,datapath_type,fail_mode,controller,ports"),
    ("Port", "_uuid,name,tag,trunks,vlan_mode,bond_mode,lacp,interfaces"),
    ("Interface", "_uuid,name,type,ofport,error,link_state,mac_in_use,mtu,external_ids"),
    ("Controller", "_uuid,target,is_connected"),
)
"""Tables in the order in which they are asked and read, and the columns that we use."""

ASKED = " ".join(f"-- --columns={columns} list {table}" for table, columns in COLUMNS)

OVS_DATABASE: Question[OvsDatabase | None] = Question(
    "host_ovs_database",
    Via.HOST,
    # Reading neither locks nor waits for ovs-vswitchd. A database that should be there and does not answer makes the
    # command, and so the question, fail: nobody then takes the host for one without bridges.
    PRESENCE
    + f"""
is_running || is_wanted || {{ echo {ABSENT}; exit 0; }}
exec ovs-vsctl --timeout=4 --format=json {ASKED}
""",
    read_database,
    privilege="root: the database socket",
    why="Bridges, ports, tags, bonds, controllers and port errors of Open vSwitch.",
    seconds=5.0,
    size=1 << 20,
    processes=1,
)
