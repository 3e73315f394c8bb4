"""Rows about hosts and secondary storage VMs, as CloudStack and they themselves see them (issue 5)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, Panel, above, failing, graph, judged, seen, stat, table, total
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-connectivity"
metric = metrics_of(Issue.HOST_CONNECTIVITY)
HOST = ("zone", "cluster", "host")
CLUSTER = ("zone", "cluster")
STORAGE_VM = ("zone", "secondary_storage_vm")
SYSTEM_VM = ("zone", "system_vm")
DEVICE = ("zone", "physical_network", "nvp_device", "address")


def _seen(name: str) -> str:
    return seen(metric(name))


def _states(title: str, question: str, name: str, *by: str, but: str = "") -> Panel:
    """Return a table of the states that are 1, without the usual one."""
    unusual = (f'state!="{but}"',) if but else ()
    expr = f"max by ({', '.join((*by, 'state'))}) ({seen(metric(name), *unusual)}) == 1"
    return table(title, question, (Column(heading="State", expr=expr),), hide=("Value",), size=(12, 8))


NOW = Row(
    title="Hosts now",
    panels=(
        stat(
            "Clusters struck",
            "Clusters that lost many hosts at once. If red: runbook CloudStackNetClusterHostsLost.",
            above(_seen("cluster_hosts_lost_ratio")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Hosts Down",
            "Hosts that should work and are dead by CloudStack's word. If red: runbook CloudStackNetHostDown.",
            total(_seen("host_down")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Hosts not Up",
            "Down, in Alert or Disconnected, without those held back. If orange: runbook CloudStackNetHostNotUp.",
            failing(_seen("host_up")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Agents not running",
            "Hosts whose systemd says so. If orange: runbook CloudStackNetAgentServiceDown.",
            failing(_seen("agent_service_up")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Two stories",
            "Hosts that contradict CloudStack at two visits. If orange: runbook CloudStackNetHostStateDisagrees.",
            total(_seen("host_state_disagreement")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Zones without secondary storage",
            "Zones in which no secondary storage VM works. If orange: runbook CloudStackNetSecondaryStorageUnserved.",
            failing(_seen("zone_secondary_storage_served")),
            thresholds=steps((1, WARNING)),
        ),
    ),
)

HOSTS = Row(
    title="Hosts",
    panels=(
        table(
            "Each host",
            "What do CloudStack and the host itself say? Empty: not judged (maintenance, disabled, new) or not known.",
            (
                Column(
                    heading="Seen",
                    expr=f"max by ({', '.join(HOST)}, hypervisor, address, version) ({_seen('host_info')})",
                ),
                judged("Down", metric("host_down"), *HOST),
                judged("Up", metric("host_up"), *HOST),
                judged("Connecting for", metric("host_changing_seconds"), *HOST, unit="s"),
                judged("Maintenance failed", metric("host_resource_fault"), *HOST),
                judged("Lost in an hour", metric("host_disconnects_last_hour"), *HOST),
                judged("Two stories", metric("host_state_disagreement"), *HOST),
                judged("Agent runs", metric("agent_service_up"), *HOST),
                judged("Wrong servers", metric("agent_servers_unusable"), *HOST),
                judged("Other release", metric("host_version_differs"), *HOST),
                Column(
                    heading="Agent lost",
                    expr=f"1000 * max by ({', '.join(HOST)}) ({_seen('host_disconnected_timestamp_seconds')})",
                    settings={"unit": "dateTimeFromNow"},
                ),
            ),
            hide=("Value #A",),
            size=(24, 9),
        ),
        _states("Other states than Up", "What does listHosts say of hosts?", "host_state", *HOST, but="Up"),
        _states("Not enabled", "Which hosts did somebody take out?", "host_resource_state", *HOST, but="Enabled"),
        table(
            "Clusters",
            "How many hosts has each cluster lost, and is that a share of it?",
            (
                judged("Lost", metric("cluster_hosts_lost"), *CLUSTER),
                judged("Share", metric("cluster_hosts_lost_ratio"), *CLUSTER, unit="percentunit"),
            ),
            size=(10, 8),
        ),
        graph(
            "Agents lost within an hour",
            "Several hosts at once: the management server or the network. One: that host. Runbook"
            " CloudStackNetHostFlapping.",
            {"{{host}}": f"max by (host) ({_seen('host_disconnects_last_hour')}) > 0"},
            unit="short",
            size=(14, 8),
        ),
    ),
)

SYSTEM_VMS = Row(
    title="Secondary storage VMs, releases, controllers",
    collapsed=True,
    panels=(
        table(
            "Secondary storage VMs by CloudStack",
            "Does it run, is its agent Up? Runbook CloudStackNetSecondaryStorageVmDown.",
            (
                judged("Runs", metric("secondary_storage_vm_running"), *STORAGE_VM),
                judged("Agent Up", metric("secondary_storage_vm_agent_up"), *STORAGE_VM),
                judged("Settling", metric("secondary_storage_vm_settling"), *STORAGE_VM),
            ),
            size=(12, 8),
        ),
        table(
            "Zones",
            "How many work, and is the zone served? Runbook CloudStackNetSecondaryStorageUnserved.",
            (
                judged("Usable", metric("secondary_storage_vms_usable"), "zone"),
                judged("Served", metric("zone_secondary_storage_served"), "zone"),
            ),
            size=(12, 8),
        ),
        _states("States of VMs", "What does listSystemVms say?", "secondary_storage_vm_state", *STORAGE_VM),
        _states(
            "States of agents",
            "What does CloudStack say of their agents?",
            "secondary_storage_vm_agent_state",
            *STORAGE_VM,
        ),
        table(
            "System VMs and their templates",
            "Do templates differ inside a zone and hypervisor, and is one left over from before an upgrade?",
            (
                Column(
                    heading="Seen",
                    expr=f"max by ({', '.join(SYSTEM_VM)}, kind, hypervisor, host, version, template)"
                    f" ({_seen('system_vm_info')})",
                ),
                judged("Other release", metric("system_vm_version_differs"), *SYSTEM_VM),
                judged("Template too old", metric("system_vm_template_too_old"), *SYSTEM_VM),
            ),
            hide=("Value #A",),
        ),
        table(
            "Nicira NVP controllers",
            "Does CloudStack reach them? Runbook CloudStackNetNvpControllerDown.",
            (judged("Up", metric("nvp_controller_up"), "zone", "nvp_controller"),),
            size=(12, 8),
        ),
        table(
            "Nicira NVP devices",
            "Which devices are there, and is one asked by nobody?",
            (
                Column(heading="Seen", expr=f"max by ({', '.join(DEVICE)}) ({_seen('nvp_device_info')})"),
                judged("Unattended", metric("nvp_device_unattended"), *DEVICE),
            ),
            hide=("Value #A",),
            size=(12, 8),
        ),
    ),
)

ROWS = (NOW, HOSTS, SYSTEM_VMS)
