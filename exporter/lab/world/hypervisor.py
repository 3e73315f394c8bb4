"""What is true of one KVM hypervisor: its links, its switches, its agent, its machines, its firewall.

Plain mutable records, built healthy from the world by racking.py and changed by faults. What the stub tools
print is rendered from them, so that every tool of a host tells the same story. ``Hypervisor.nic("eth0")``,
``.bond``, ``.bridge``, ``.vlan``, ``.tap`` (by MAC), ``.domain`` and ``.rules`` (by machine name) find one record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.lab.world.hypervisor_firewall import Firewall, MachineRules
from exporter.lab.world.hypervisor_ovs import Ovs, OvsBridge, OvsInterface, OvsPort

__all__ = [
    "Bond",
    "BondMember",
    "Bridge",
    "Domain",
    "Firewall",
    "HostNic",
    "Hypervisor",
    "MachineRules",
    "Ovs",
    "OvsBridge",
    "OvsInterface",
    "OvsPort",
    "Tap",
    "Traffic",
    "VlanDevice",
]


@dataclass(slots=True, eq=False)
class Traffic:
    """Frames per second that an interface counts, and what it had counted when the lab began.

    ``heard``: whether it had received any of these.
    """

    rx: int = 40
    tx: int = 40
    rx_multicast: int = 1
    rx_broadcast: int = 1
    rx_errors: int = 0
    rx_crc_errors: int = 0
    rx_dropped: int = 0
    tx_errors: int = 0
    base: int = 1_000_000
    heard: bool = True


@dataclass(slots=True, eq=False)
class HostNic:
    """A physical NIC, and the switch port that it hears by LLDP (``switch`` empty: it hears none).

    ``errors`` are driver counters as ethtool -S names them; ``offloads`` those that are on, of ethtool -k.
    """

    name: str
    mac: str
    driver: str = "i40e"
    driver_version: str = "6.1.0-28-amd64"
    firmware: str = "9.20 0x8000d8c5 22.0.9"
    pci_id: str = "8086:158b"
    bus: str = "0000:3b:00.0"
    speed: int = 25000
    duplex: str = "full"
    is_up: bool = True
    carrier: bool = True
    mtu: int = 1500
    carrier_changes: int = 2
    lro: bool = False
    rx_vlan_offload: bool = True
    errors: dict[str, int] = field(default_factory=lambda: {"rx_crc_errors": 0, "rx_symbol_errors": 0})
    traffic: Traffic = field(default_factory=Traffic)
    switch: str = ""
    chassis: str = ""  # MAC of the switch
    switch_port: str = ""
    lldp_vlans: list[int] = field(default_factory=list)
    pvid: int | None = None
    max_frame: int | None = 9236


@dataclass(slots=True, eq=False)
class BondMember:
    """One member of a kernel bond; the LACP state bits 63 say in sync, collecting, distributing."""

    nic: str
    is_up: bool = True
    failures: int = 0
    aggregator: int = 1
    actor_churn: str = "none"
    partner_churn: str = "none"
    actor_state: int = 63
    partner_state: int = 63
    partner_mac: str = "00:23:04:ee:be:0a"


@dataclass(slots=True, eq=False)
class Bond:
    """A kernel bond; ``mode`` is the kernel's number (4: 802.3ad). No partner: 00:00:00:00:00:00.

    One whose ``miimon`` is 0 watches no links: it calls itself and all its members up, whatever their cables.
    """

    name: str
    members: list[BondMember] = field(default_factory=list)
    mode: int = 4
    is_up: bool = True
    miimon: int = 100  # milliseconds
    mtu: int = 1500
    active: str = ""
    primary: str = ""
    lacp_rate: str = "fast"
    aggregator: int = 1
    partner_mac: str = "00:23:04:ee:be:0a"
    traffic: Traffic = field(default_factory=Traffic)

    def member(self, nic: str) -> BondMember:
        """Return the member on this NIC."""
        return next(one for one in self.members if one.nic == nic)


@dataclass(slots=True, eq=False)
class Bridge:
    """A Linux bridge; its ports are the interfaces named here, and the taps that name it. STP blocks those named so."""

    name: str
    ports: list[str] = field(default_factory=list)
    mtu: int = 1500
    is_up: bool = True
    nf_call_iptables: int = 0
    nf_call_ip6tables: int = 0
    blocked: list[str] = field(default_factory=list)
    traffic: Traffic = field(default_factory=Traffic)


@dataclass(slots=True, eq=False)
class VlanDevice:
    """A VLAN device such as bond0.101."""

    name: str
    parent: str
    vlan: int
    mtu: int = 1500
    is_up: bool = True
    traffic: Traffic = field(default_factory=Traffic)


@dataclass(slots=True, eq=False)
class Tap:
    """The host's end of a machine's NIC. ``bridge`` may be a Linux bridge or one of Open vSwitch, then with a tag.

    ``source`` is what libvirt says the NIC is plugged into, where that differs from the bridge; ``kind`` is libvirt's
    word for how: bridge, or direct for a macvtap, which is in no bridge.
    """

    name: str
    machine: str
    mac: str
    bridge: str
    address: str = ""
    traffic_type: str = "Guest"
    tag: int | None = None
    mtu: int = 1500
    trunks: list[int] = field(default_factory=list)  # of its port of Open vSwitch
    is_up: bool = True
    source: str = ""
    kind: str = "bridge"
    traffic: Traffic = field(default_factory=Traffic)


@dataclass(slots=True, eq=False)
class Domain:
    """A machine as libvirt lists it; gone while CloudStack's machine of this name does not run, unless it stays."""

    name: str
    number: int
    state: str = "running"
    stays: bool = False


NF = "net/bridge/bridge-nf-call-"


@dataclass(slots=True, eq=False)
class Hypervisor:
    """One KVM host. ``ovs`` and ``firewall`` are None where the host has neither; tools by name in ``missing``.

    ``refused`` are tools that fail as without privilege; ``agent`` and ``libvirt`` are systemd's words (activating: it
    ended and waits to be started again, ``agent_restarts`` times so far); ``agent_readable`` is whether
    agent.properties is there to be read; ``agent_connected`` whether its connection to the first address there stands;
    ``lldp``: up | down | absent; ``libvirt_tls``: up | refused | silent |
    dropped, the port of libvirt with TLS, which shows ``certificate`` (see certificates.py); ``dropped`` names ports,
    migration | vnc, that a firewall closes.
    """

    nics: list[HostNic] = field(default_factory=list)
    bonds: list[Bond] = field(default_factory=list)
    bridges: list[Bridge] = field(default_factory=list)
    vlans: list[VlanDevice] = field(default_factory=list)
    taps: list[Tap] = field(default_factory=list)
    domains: list[Domain] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    agent: str = "active"
    agent_restarts: int = 0
    agent_readable: bool = True
    agent_connected: bool = True
    libvirt: str = "active"
    libvirt_tls: str = "up"
    libvirt_tcp: bool = False  # it also listens without TLS, as that of a host without certificates does
    certificate: str = "agent"
    dropped: set[str] = field(default_factory=set)
    secured: bool = True  # CloudStack gave its agent a certificate
    lost_networks: set[str] = field(default_factory=set)  # bridges that have lost their address, and so their network
    lldp: str = "up"
    sysctls: dict[str, str] = field(default_factory=lambda: {f"{NF}{name}": "1" for name in ("iptables", "ip6tables")})
    netfilter: bool = True  # the module br_netfilter is there; without it the sysctls do not exist
    connections: int = 4200  # that its kernel tracks, of 262144
    ovs: Ovs | None = None
    firewall: Firewall | None = None
    missing: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    era: str = "current"  # current | old (iproute2 without JSON)

    def nic(self, name: str) -> HostNic:
        """Return a NIC."""
        return next(one for one in self.nics if one.name == name)

    def bond(self, name: str) -> Bond:
        """Return a bond."""
        return next(one for one in self.bonds if one.name == name)

    def bridge(self, name: str) -> Bridge:
        """Return a bridge."""
        return next(one for one in self.bridges if one.name == name)

    def vlan(self, name: str) -> VlanDevice:
        """Return a VLAN device."""
        return next(one for one in self.vlans if one.name == name)

    def tap(self, mac: str) -> Tap:
        """Return the tap of the NIC with this MAC."""
        return next(one for one in self.taps if one.mac == mac)

    def domain(self, name: str) -> Domain:
        """Return a domain."""
        return next(one for one in self.domains if one.name == name)
