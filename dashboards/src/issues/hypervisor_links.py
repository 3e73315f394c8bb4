"""Rows about NICs, bonds, cables and VLAN devices of hypervisors (issue 2)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import SLOW_COUNTERS, Column, graph, judged, once, selector, stat, table, total, totals
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-hypervisors"
metric = metrics_of(Issue.HYPERVISOR_LINKS)
HOST = ("zone", "cluster", "host")
BOND = (*HOST, "bond")
UPLINK = (*HOST, "uplink")
NIC = (*HOST, "nic")
LINE = "{{host}} {{nic}}"


def _seen(name: str) -> str:
    return selector(metric(name).name)


def _rate(name: str) -> str:
    """Return the ten NICs that count fastest."""
    return f"topk(10, max by ({', '.join(NIC)}) (rate({_seen(name)}[$__rate_interval])))"


NOW = Row(
    title="Links and cabling",
    panels=(
        stat(
            "Uplinks that carry nothing",
            "Below labels of machines: bonds and teams without a member, single NICs without a link. If red: runbook "
            "CloudStackNetUplinkDown. Those of storage alone: table Uplinks, runbook CloudStackNetStorageUplinkDown.",
            total(_seen("uplink_down")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Bond members that carry nothing",
            "Members that are down, split off or out of step: runbook CloudStackNetBondDegraded. Bonds without an LACP "
            "partner: CloudStackNetUplinkLacpMissing. Gone members: table Bonds, CloudStackNetBondMembersMissing.",
            totals(
                _seen("bond_members_down"),
                _seen("bond_members_outside"),
                _seen("bond_members_unsynchronised"),
                _seen("uplink_lacp_partner_missing"),
            ),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Uplinks wired unlike their peers",
            "By LLDP; hosts without it are not counted. If orange: runbook CloudStackNetCablingDiffers.",
            total(_seen("uplink_wiring_differs")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "NICs with wrong settings",
            "Half duplex, merged frames below a bridge, slower than their peers. If orange: table NICs that need care.",
            totals(_seen("nic_half_duplex"), _seen("nic_merges_bridged_frames"), _seen("nics_slower_than_peers")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Hosts with unusable names",
            "Hosts whose interface names leave no room for a VLAN or are not taken by the agent. If orange: runbook "
            "CloudStackNetUplinkNameUnusable.",
            f"count({once(_seen('uplink_name_too_long_vlans'))} > 0 or {once(_seen('uplink_names_refused'))} > 0) "
            f"or (0 * count({once(_seen('uplink_names_refused'))}))",
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Uplinks watched",
            "Bonds and single NICs that were judged; 0 means that nobody looks.",
            f"count({once(_seen('uplink_down'))})",
        ),
    ),
)

BONDS = Row(
    title="Uplinks and bonds",
    collapsed=True,
    panels=(
        table(
            "Uplinks",
            "Does each uplink have a link and an LACP partner, and is it wired as on the peers?",
            (
                judged("Down", metric("uplink_down"), *UPLINK),
                judged("Storage down", metric("storage_uplink_down"), *UPLINK),
                judged("No LACP partner", metric("uplink_lacp_partner_missing"), *UPLINK),
                judged("Wired differently", metric("uplink_wiring_differs"), *UPLINK),
            ),
            size=(12, 8),
        ),
        table(
            "Bonds",
            "Do all members of each bond carry, and would it notice a dead cable?",
            (
                Column(
                    heading="Seen",
                    expr=f"max by ({', '.join(BOND)}, mode, lacp_rate) ({_seen('bond_info')})",
                ),
                judged("Members", metric("bond_members"), *BOND),
                judged("Down", metric("bond_members_down"), *BOND),
                judged("Split off", metric("bond_members_outside"), *BOND),
                judged("Out of step", metric("bond_members_unsynchronised"), *BOND),
                judged("Fewer than peers", metric("bond_members_missing"), *BOND),
                judged("Watches no link", metric("bond_unwatched"), *BOND),
            ),
            hide=("Value #A",),
            size=(12, 8),
        ),
        table(
            "Names and VLANs that do not fit",
            "VLANs whose bridge name would be too long, and interfaces that the agent does not take for an uplink.",
            (
                judged("VLANs", metric("uplink_name_too_long_vlans"), *HOST, "physical_network"),
                judged("Names refused", metric("uplink_names_refused"), *HOST, "physical_network"),
            ),
            size=(12, 8),
        ),
        graph(
            "Failures of bond members",
            "A member that fails again and again: cable, optic, or a switch port that flaps.",
            {LINE: f"topk(10, max by ({', '.join(BOND)}, nic) (increase({_seen('bond_member_failures_total')}[1h])))"},
            unit="short",
        ),
    ),
)

NICS = Row(
    title="NICs",
    collapsed=True,
    panels=(
        table(
            "NICs in use",
            "Which NICs carry something, what are they, and how fast did they negotiate?",
            (
                Column(
                    heading="Seen",
                    expr=f"max by ({', '.join(NIC)}, driver, driver_version, firmware, bus, pci_id) "
                    f"({_seen('nic_info')})",
                ),
                judged("Link", metric("nic_carrier"), *NIC),
                judged("Speed", metric("nic_speed_bits_per_second"), *NIC, unit="bps"),
            ),
            hide=("Value #A",),
        ),
        table(
            "NICs that need care",
            "Half duplex, and frames merged below a bridge.",
            (
                judged("Half duplex", metric("nic_half_duplex"), *NIC),
                judged("Merges frames", metric("nic_merges_bridged_frames"), *NIC),
            ),
            size=(12, 8),
        ),
        table(
            "Hosts unlike their cluster",
            "NIC drivers, firmware, speed and network backend against most hosts of the cluster.",
            (
                Column(heading="Seen", expr=f"max by ({', '.join(HOST)}, backend) ({_seen('network_backend_info')})"),
                judged("Driver", metric("nic_drivers_differ"), *HOST),
                judged("Firmware", metric("nic_firmwares_differ"), *HOST),
                judged("Slower", metric("nics_slower_than_peers"), *HOST),
                judged("Backend", metric("network_backend_differs"), *HOST),
                judged("Not rebooted", metric("network_backend_pending"), *HOST),
                judged("NICs without counters", metric("nics_without_counters"), *HOST),
                judged("NICs without features", metric("nics_without_features"), *HOST),
            ),
            hide=("Value #A",),
            size=(12, 8),
        ),
        table(
            "Clusters and their network backends",
            "Does each cluster have one? With two, migrations between them fail.",
            (judged("Backends", metric("cluster_network_backends"), "zone", "cluster"),),
            size=(12, 8),
        ),
        table(
            "Switch ports by LLDP",
            "Which port of which switch does each NIC hear?",
            (Column(heading="Heard", expr=_seen("nic_neighbour_info")),),
            hide=("job", "instance", "Value"),
            size=(12, 8),
        ),
        graph(
            "Link changes",
            "More than a few in a quarter of an hour: cable, optic, or a switch port that flaps.",
            {LINE: _rate("nic_carrier_changes_total")},
            unit="cps",
            least=SLOW_COUNTERS,
        ),
        graph(
            "CRC errors",
            "Damaged frames: swap cable and optic, then look at the switch port's own counters.",
            {LINE: _rate("nic_crc_errors_total")},
            unit="pps",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Symbol errors",
            "The signal itself is bad: clean or swap the optic.",
            {LINE: _rate("nic_symbol_errors_total")},
            unit="cps",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Frames received",
            "What the damaged frames and the broadcasts are to be compared with.",
            {LINE: _rate("nic_received_frames_total")},
            unit="pps",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Broadcasts received",
            "A step on all hosts at once: a loop. On one VLAN only its machines suffer.",
            {LINE: _rate("nic_received_broadcasts_total")},
            unit="pps",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Multicasts received",
            "Overlays and clusters chat; a step by a hundred is a loop or a stream without snooping.",
            {LINE: _rate("nic_received_multicasts_total")},
            unit="pps",
            least=SLOW_COUNTERS,
        ),
    ),
)

SCALE = Row(
    title="VLAN scaling",
    collapsed=True,
    panels=(
        table(
            "Interfaces by host",
            "How many VLANs, bridges and ports does each host carry?",
            (
                judged("Interfaces", metric("interfaces"), *HOST),
                judged("Bridges", metric("bridges"), *HOST),
                judged("VLAN devices", metric("vlan_devices"), *HOST),
                judged("Ports of the largest bridge", metric("bridge_ports_most"), *HOST),
            ),
            size=(12, 8),
        ),
        graph(
            "VLAN devices over time",
            "A rise that never falls: bridges are left behind.",
            {"{{host}}": f"topk(10, max by ({', '.join(HOST)}) ({_seen('vlan_devices')}))"},
            unit="short",
        ),
    ),
)

ROWS = (NOW, BONDS, NICS, SCALE)
