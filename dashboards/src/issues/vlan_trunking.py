"""Rows about VLANs: on hosts, on switch ports, in ranges (issue 1)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, graph, judged, selector, stat, table, totals
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-hypervisors"
metric = metrics_of(Issue.VLAN_TRUNKING)
HOST = ("zone", "cluster", "host")
NETWORK = (*HOST, "physical_network")
NIC = (*HOST, "nic")
POOL = ("zone", "physical_network")


def _seen(name: str) -> str:
    return selector(metric(name).name)


def _sum(*names: str) -> str:
    return totals(*(_seen(name) for name in names))


NOW = Row(
    title="VLANs",
    panels=(
        stat(
            "VLANs not on their host",
            "VLANs of running machines that a host does not provide. If red: runbook CloudStackNetVlanNotOnHost.",
            _sum("mismatches"),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "VLANs silent on one host",
            "Nobody answers there, others do elsewhere. If orange: runbook CloudStackNetVlanSilentOnHost.",
            _sum("silent_vlans"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "One-way VLANs",
            "Hosts that send and hear nobody. If orange: runbook CloudStackNetVlanOneWay.",
            _sum("one_way_vlans"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Ports with a wrong native VLAN",
            "Used with a tag, or unlike the peers. If orange: runbook CloudStackNetNativeVlanInUse.",
            _sum("native_vlan_conflicts", "native_vlan_differs"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "MTU conflicts",
            "Interfaces whose frames are too long for what is below. If orange: runbook CloudStackNetMtuTooLarge.",
            _sum("mtu_conflicts"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Hosts judged",
            "Hosts whose VLANs were compared with CloudStack; 0 means that nobody looks.",
            f"count(max by (zone, host) ({_seen('mismatches')}))",
        ),
    ),
)

HOSTS = Row(
    title="VLANs by host",
    collapsed=True,
    panels=(
        table(
            "VLANs by host and physical network",
            "Does the host provide the VLANs of its machines, in both directions, and does the switch name them?",
            (
                judged("Not on the host", metric("mismatches"), *NETWORK),
                judged("One-way", metric("one_way_vlans"), *NETWORK),
                judged("Not named by the switch", metric("unnamed_vlans"), *NETWORK),
                judged("MTU unlike peers", metric("mtu_differs"), *NETWORK),
            ),
        ),
        table(
            "Hosts",
            "Which hosts are silent on a VLAN, send frames that are too long, or keep leftovers?",
            (
                judged("Released VLANs in use", metric("released_vlans"), *HOST),
                judged("Silent VLANs", metric("silent_vlans"), *HOST),
                judged("MTU conflicts", metric("mtu_conflicts"), *HOST),
                judged("VLAN devices without bridge", metric("devices_without_bridge"), *HOST),
                judged("Left bridges", metric("orphan_bridges"), *HOST),
                judged("Own VLANs in the guest range", metric("host_vlans_in_guest_range"), *HOST),
                judged("VLANs of two networks", metric("uplink_overlaps"), *HOST),
            ),
            size=(14, 9),
        ),
        table(
            "Switch ports",
            "Is the native VLAN of each port one that nobody uses with a tag, and the same as at the peers?",
            (
                judged("Used with a tag", metric("native_vlan_conflicts"), *NIC),
                judged("Unlike peers", metric("native_vlan_differs"), *NIC),
            ),
            size=(10, 9),
        ),
        table(
            "Failing VLANs by number",
            "Which VLANs are missing on which host, and how many NICs suffer?",
            (Column(heading="NICs", expr=_seen("vlan_mismatch")),),
            hide=("job", "instance"),
            size=(8, 8),
        ),
        table(
            "Silent VLANs by number",
            "On which VLAN of which host does nobody answer, and how many machines are that?",
            (Column(heading="Machines", expr=_seen("silent_vlan_machines")),),
            hide=("job", "instance"),
            size=(8, 8),
        ),
        table(
            "One-way VLANs by number",
            "On which VLAN does a host send in vain?",
            (Column(heading="Frames sent", expr=_seen("one_way_sent_frames")),),
            hide=("job", "instance"),
            size=(8, 8),
        ),
        table(
            "VLAN devices of no network",
            "Which VLAN devices of a guest range belong to no network: the host's own, or left behind?",
            (Column(heading="Device", expr=_seen("host_vlan_in_guest_range")),),
            hide=("job", "instance"),
            size=(24, 6),
        ),
    ),
)

RANGES = Row(
    title="VLAN ranges and addresses",
    collapsed=True,
    panels=(
        table(
            "VLAN pools",
            "How many guest VLANs has each physical network left, and does its range collide with another?",
            (
                judged("VLANs", metric("pool_vlans"), *POOL),
                judged("Allocated", metric("pool_allocated_vlans"), *POOL),
                judged("Of one account", metric("pool_dedicated_vlans"), *POOL),
                judged("Free", metric("pool_free_vlans"), *POOL),
                judged("Free part", metric("pool_free_ratio"), *POOL, unit="percentunit"),
                judged("Also elsewhere", metric("range_overlaps"), *POOL),
                judged("Public VLANs inside", metric("public_in_guest_range"), *POOL),
            ),
            size=(14, 8),
        ),
        graph(
            "Allocated guest VLANs",
            "How fast are the VLANs of each physical network used up?",
            {"{{zone}} {{physical_network}}": _seen("pool_allocated_vlans")},
            unit="short",
            size=(10, 8),
        ),
        table(
            "MACs on two hosts",
            "Which MACs run on more than one host of a zone?",
            (
                judged("MACs", metric("duplicate_macs"), "zone"),
                judged("Hosts", metric("duplicate_mac_hosts"), "zone", "mac"),
            ),
            size=(12, 8),
        ),
        table(
            "Addresses with a foreign MAC",
            "Behind which router does another machine answer for an address?",
            (
                judged("Addresses", metric("foreign_macs"), "zone", "router"),
                judged("Address", metric("address_foreign_mac"), "zone", "router", "address"),
            ),
            size=(12, 8),
        ),
        table(
            "DHCP offers left untaken",
            "Behind which router do machines take the offers of another DHCP server, or hear none?",
            (judged("Machines", metric("untaken_dhcp_offers"), "zone", "router"),),
            size=(12, 8),
        ),
    ),
)

ROWS = (NOW, HOSTS, RANGES)
