"""What is true of Open vSwitch on one hypervisor: plain mutable records, changed by faults."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class OvsInterface:
    """A row of table Interface; ``enabled`` and the LACP words matter for members of a bond only."""

    name: str
    kind: str = ""  # empty | internal | patch | vxlan
    ofport: int = 1
    error: str = ""
    link_state: str = "up"
    mac: str = ""
    mtu: int = 1500
    attached_mac: str = ""
    enabled: bool = True
    lacp: str = "current"  # current | expired | defaulted
    partner_mac: str = "00:23:04:ee:be:0a"


@dataclass(slots=True, eq=False)
class OvsPort:
    """A row of table Port; more than one interface makes it a bond."""

    name: str
    interfaces: list[OvsInterface] = field(default_factory=list)
    tag: int | None = None
    trunks: list[int] = field(default_factory=list)
    vlan_mode: str = ""
    bond_mode: str = ""
    lacp: str = ""  # of a bond: active | passive | off
    lacp_status: str = "negotiated"  # negotiated | configured | off

    def interface(self, name: str) -> OvsInterface:
        """Return one of its interfaces."""
        return next(one for one in self.interfaces if one.name == name)


@dataclass(slots=True, eq=False)
class OvsBridge:
    """A row of table Bridge. Ports of machines follow from the taps that name it and are not listed here."""

    name: str
    ports: list[OvsPort] = field(default_factory=list)
    fail_mode: str = "standalone"
    datapath: str = "system"
    controllers: dict[str, bool] = field(default_factory=dict)  # target -> is_connected
    macs: int = 40
    macs_max: int = 8192
    macs_moved: int = 3
    macs_evicted: int = 0
    moves_a_second: int = 0

    def port(self, name: str) -> OvsPort:
        """Return one of its ports."""
        return next(one for one in self.ports if one.name == name)


@dataclass(slots=True, eq=False)
class Ovs:
    """Open vSwitch of one host. Daemons: up | dead | hangs. ``..._a_second`` make totals grow between visits.

    ``tap_errors`` (tap name -> error) makes ports of machines that could not be opened (ofport -1);
    ``log`` are lines of ovs-vswitchd.log, without their time; ``old_words`` prints slave instead of member.
    """

    bridges: list[OvsBridge] = field(default_factory=list)
    version: str = "3.1.0"
    vswitchd: str = "up"
    ovsdb: str = "up"
    old_words: bool = False
    started: int = 40 * 86400  # seconds before the lab began
    restarts: int = 0
    flows: int = 220
    flows_limit: int = 10_000
    dump_ms: int = 4
    hits: int = 9_000_000
    missed: int = 120_000
    lost: int = 0
    lost_a_second: int = 0
    tap_errors: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def bridge(self, name: str) -> OvsBridge:
        """Return one of its bridges."""
        return next(one for one in self.bridges if one.name == name)
