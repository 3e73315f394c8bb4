"""Rows about security groups on hypervisors (issue 4)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import Column, graph, judged, selector, stat, table, total
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-hypervisors"
metric = metrics_of(Issue.SECURITY_GROUPS)
HOST = ("zone", "cluster", "host")


def _seen(name: str) -> str:
    return selector(metric(name).name)


NOW = Row(
    title="Security groups",
    panels=(
        stat(
            "Machines open",
            "Machines whose frames pass without their security groups. If red: runbook "
            "CloudStackNetSecurityGroupsOpen.",
            total(_seen("machines_open")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Clusters that cannot enforce",
            "Clusters in zones with security groups whose hypervisor or back-end has none. If red: runbook "
            "CloudStackNetSecurityGroupsUnenforceable.",
            total(_seen("cluster_unenforceable")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Machines cut off",
            "Machines to which nothing gets, or from which nothing leaves. If orange: runbook "
            "CloudStackNetSecurityGroupsCutOff.",
            total(_seen("machines_cut_off")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Machines that may spoof",
            "Machines that may use MAC, ARP or IP addresses of others. If orange: runbook "
            "CloudStackNetSecurityGroupsSpoofing.",
            total(_seen("machines_spoofing")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Rule logs invalid",
            "Machines of which the agent cannot tell what it has applied. If orange: runbook "
            "CloudStackNetSecurityGroupsLogInvalid.",
            total(_seen("rule_logs_invalid")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Rules never applied",
            "Machines that have had only the rules of their start for five minutes. If red: runbook "
            "CloudStackNetSecurityGroupsOpen.",
            total(_seen("rules_never_applied")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Machines guarded",
            "Running machines in networks with security groups that were judged; 0 means that nobody looks.",
            total(_seen("machines")),
        ),
    ),
)

HOSTS = Row(
    title="Security groups by host",
    collapsed=True,
    panels=(
        table(
            "What machines get",
            "On which hosts are machines open or cut off, and for what reason of the whole host?",
            (
                judged("Machines", metric("machines"), *HOST),
                judged("Open", metric("machines_open"), *HOST),
                judged("Cut off", metric("machines_cut_off"), *HOST),
                judged("Rules behind", metric("rules_behind"), *HOST),
                judged("Bridges unfiltered", metric("bridges_unfiltered"), *HOST),
                judged("Bridges incomplete", metric("bridges_incomplete"), *HOST),
                judged("Rules above", metric("rules_above"), *HOST),
                judged("Tools missing", metric("tools_missing"), *HOST),
                judged("Other firewalls", metric("native_chains_dropping"), *HOST),
                judged("Connections used", metric("connections_used_ratio"), *HOST, unit="percentunit"),
            ),
        ),
        table(
            "What the agent keeps",
            "Are addresses guarded, are logs in order, and are there rules that must not be?",
            (
                judged("May spoof", metric("machines_spoofing"), *HOST),
                judged("Logs invalid", metric("rule_logs_invalid"), *HOST),
                judged("Only first rules", metric("rule_logs_initial"), *HOST),
                judged("Never applied", metric("rules_never_applied"), *HOST),
                judged("Unexpected", metric("machines_unexpected"), *HOST),
                judged("Left behind", metric("machines_left"), *HOST),
                judged("Flavours mixed", metric("flavours_mixed"), *HOST),
            ),
            size=(14, 8),
        ),
        table(
            "Firewall of each host",
            "Which flavour and version of iptables, and are bridged frames led through it?",
            (
                Column(
                    heading="Firewall",
                    expr=f"max by (zone, cluster, host, flavour, version) ({_seen('firewall_info')})",
                ),
                judged("Filtered (worst family)", metric("bridge_netfilter_enabled"), *HOST, worst="min"),
            ),
            hide=("Value #A",),
            size=(10, 8),
        ),
        table(
            "Firewalls beside iptables",
            "Which chains of nft, made by others, do frames pass too? One that accepts may still reject by its rules.",
            (Column(heading="Chain", expr=_seen("native_chain_info")),),
            hide=("job", "Value"),
            size=(24, 7),
        ),
    ),
)

MACHINES = Row(
    title="Security groups by machine",
    collapsed=True,
    panels=(
        table(
            "Machines that are open",
            "Which machines? The findings page says which chain or rule is missing.",
            (Column(heading="Open", expr=_seen("machine_open")),),
            hide=("job", "Value"),
            size=(8, 8),
        ),
        table(
            "Machines that are cut off",
            "Which machines get or send nothing?",
            (Column(heading="Cut off", expr=_seen("machine_cut_off")),),
            hide=("job", "Value"),
            size=(8, 8),
        ),
        table(
            "Machines with other faults",
            "Which machines may spoof, have an invalid log, or rules that they must not have?",
            (
                Column(
                    heading="Fault",
                    expr=f"{_seen('machine_spoofing')} or {_seen('rule_log_invalid')} or {_seen('machine_unexpected')}",
                ),
            ),
            hide=("job", "Value"),
            size=(8, 8),
        ),
        table(
            "Clusters",
            "Can each cluster enforce the security groups of its zone?",
            (judged("Cannot", metric("cluster_unenforceable"), "zone", "cluster"),),
            size=(12, 7),
        ),
        table(
            "Providers",
            "Is the provider of security groups on where it is needed?",
            (judged("Off", metric("provider_disabled"), "zone", "physical_network"),),
            size=(12, 7),
        ),
        graph(
            "Machines open over time",
            "A step on one host: a reload of a firewall or a reset sysctl. A slow rise: rules that were not written.",
            {"{{zone}} {{host}}": f"{total(_seen('machines_open'), 'zone', 'host')} > 0"},
            unit="short",
            size=(24, 7),
        ),
    ),
)

ROWS = (NOW, HOSTS, MACHINES)
