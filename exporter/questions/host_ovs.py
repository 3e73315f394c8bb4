"""Open vSwitch of a hypervisor host: what its database says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.model import Question, UnreadableError, Via


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
    """Everything the database told; ``port(name)`` finds a port in any bridge."""

    version: str = ""
    bridges: Mapping[str, OvsBridge] = field(default_factory=dict)
    ports: Mapping[str, OvsPort] = field(default_factory=dict)


def read_database(text: str) -> OvsDatabase | None:
    """Return the database, or None on a host without Open vSwitch (neither command nor service is there)."""
    raise UnreadableError(text[:0] + "no reader yet")


OVS_DATABASE: Question[OvsDatabase | None] = Question(
    "host_ovs_database",
    Via.HOST,
    "exit 127",
    read_database,
    privilege="root: the database socket",
    why="Bridges, ports, tags, bonds, controllers and port errors of Open vSwitch.",
    seconds=7.0,
    size=2_000_000,
)
