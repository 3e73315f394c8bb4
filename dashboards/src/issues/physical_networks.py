"""Rows about traffic labels and physical networks (issue 6)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, above, judged, selector, stat, table, totals
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-hypervisors"
metric = metrics_of(Issue.PHYSICAL_NETWORKS)
HOST = ("zone", "cluster", "host")
LABEL = (*HOST, "label")
NETWORK = ("zone", "physical_network")


def _seen(name: str) -> str:
    return selector(metric(name).name)


def _sum(*names: str) -> str:
    return totals(*(_seen(name) for name in names))


NOW = Row(
    title="Physical networks",
    panels=(
        stat(
            "Labels that lead nowhere",
            "Labels without a bridge or uplink on a host. If red: runbook CloudStackNetTrafficLabelMissing.",
            _sum("label_missing", "label_without_uplink"),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Hosts unlike their peers",
            "Hosts whose traffic lies elsewhere. If orange: runbook CloudStackNetTrafficLabelUnlikePeers.",
            above(_seen("labels_unlike_peers")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Management in another VLAN",
            "Hosts whose management VLAN disagrees with the pod. If orange: runbook CloudStackNetManagementVlanWrong.",
            _sum("management_vlan_mismatch"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Traffic types wrong",
            "Missing or doubled in a zone. If orange: runbook CloudStackNetTrafficTypesWrong.",
            _sum("traffic_types_missing", "traffic_types_doubled"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Networks or providers disabled",
            "That something needs. If orange: runbook CloudStackNetPhysicalNetworkDisabled.",
            _sum("network_disabled", "providers_disabled"),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Labels judged",
            "Labels of management, public and guest traffic that were looked for on hosts; 0 means that nobody looks.",
            f"count(max by (zone, host, label) ({_seen('label_missing')}))",
        ),
    ),
)

LABELS = Row(
    title="Traffic labels by host",
    collapsed=True,
    panels=(
        table(
            "Traffic labels",
            "Does each label lead to one bridge with one uplink that is up?",
            (
                judged("Missing", metric("label_missing"), *LABEL),
                judged("Missing for storage", metric("storage_label_missing"), *LABEL),
                judged("Without uplink", metric("label_without_uplink"), *LABEL),
                judged("Storage without uplink", metric("storage_label_without_uplink"), *LABEL),
                judged("Uplinks too many", metric("label_extra_uplinks"), *LABEL),
                judged("Switched off", metric("label_switched_off"), *LABEL),
            ),
        ),
        table(
            "Labels, peers and management traffic",
            "Does the agent follow the labels, do hosts agree, where is management, and whose are the host's VLANs?",
            (
                judged("Agent differs", metric("labels_unlike_agent"), *HOST),
                judged("Unlike peers", metric("labels_unlike_peers"), *HOST),
                judged("Management VLAN wrong", metric("management_vlan_mismatch"), *HOST),
                judged("Management VLAN unlike peers", metric("management_vlan_unlike_peers"), *HOST),
                judged("System VMs misplaced", metric("management_nics_misplaced"), *HOST),
                judged("Own VLANs in guest range", metric("own_vlans_in_guest_range"), *HOST),
            ),
        ),
        table(
            "Map of traffic types",
            "Which bridge, uplink and VLAN carries which traffic on which host?",
            (
                Column(
                    heading="Seen",
                    expr="max by (zone, cluster, host, physical_network, traffic, label, kind, uplink, vlan) "
                    f"({_seen('uplink_info')})",
                ),
            ),
            hide=("Value",),
            size=(16, 9),
        ),
        table(
            "Traffic types by uplink",
            "How many traffic types share each uplink? Sharing is a choice.",
            (judged("Traffic types", metric("uplink_traffic_types"), *HOST, "uplink"),),
            size=(8, 9),
        ),
    ),
)

ZONES = Row(
    title="Physical networks by zone",
    collapsed=True,
    panels=(
        table(
            "Traffic types and tags by zone",
            "Does each zone have its traffic types, tags that tell its guest networks apart, and offerings that fit?",
            (
                judged("Traffic types missing", metric("traffic_types_missing"), "zone"),
                judged("Traffic types doubled", metric("traffic_types_doubled"), "zone"),
                judged("Guest networks without tags", metric("guest_networks_untagged"), "zone"),
                judged("Offerings that fit nowhere", metric("offerings_without_network"), "zone"),
                judged("Storage shares management", metric("storage_shares_management"), "zone"),
            ),
        ),
        table(
            "Configuration of physical networks",
            "Is each physical network enabled, with the providers it needs and VLANs to give?",
            (
                judged("Disabled", metric("network_disabled"), *NETWORK),
                judged("Providers disabled", metric("providers_disabled"), *NETWORK),
                judged("No VLAN range", metric("vlan_range_missing"), *NETWORK),
            ),
            size=(14, 8),
        ),
        table(
            "Labels not set",
            "For how many traffic types do the hosts of a hypervisor use their own default?",
            (judged("Not set", metric("labels_unset"), "zone", "hypervisor"),),
            size=(10, 8),
        ),
    ),
)

ROWS = (NOW, LABELS, ZONES)
