"""Rows about Open vSwitch on hypervisor hosts (issue 3)."""

from __future__ import annotations

from dashboards.src.board import Row
from dashboards.src.metrics import metrics_of
from dashboards.src.panels import SLOW_COUNTERS, Column, failing, graph, judged, selector, stat, table, total
from dashboards.src.style import CRITICAL, WARNING, steps
from exporter.model import Issue

BOARD = "csnet-hypervisors"
metric = metrics_of(Issue.OPEN_VSWITCH)
HOST = ("zone", "cluster", "host")


def _seen(name: str) -> str:
    return selector(metric(name).name)


def _rate(name: str, part: str) -> dict[str, str]:
    """Return how fast a counter rises for each host and part of it."""
    return {f"{{{{host}}}} {{{{{part}}}}}": total(f"rate({_seen(name)}[$__rate_interval])", "host", part)}


NOW = Row(
    title="Open vSwitch",
    panels=(
        stat(
            "Switch daemons down",
            "Daemons that do not run or do not answer in time. If red: runbook CloudStackNetSwitchDaemonDown.",
            failing(_seen("daemon_up")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Bridges cut off",
            "Bridges of machines none of whose uplinks carries. If red: runbook CloudStackNetSwitchUplinkDown.",
            total(_seen("bridge_cut_off")),
            thresholds=steps((1, CRITICAL)),
        ),
        stat(
            "Bond members disabled",
            "Members of bonds of Open vSwitch that carry nothing. If orange: runbook CloudStackNetSwitchBondDegraded.",
            total(_seen("bond_members_disabled")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Wrong tags",
            "Machines in another VLAN than CloudStack says. If orange: runbook CloudStackNetSwitchTagWrong.",
            total(_seen("tags_wrong")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Ports that failed",
            "Ports that Open vSwitch could not open. If orange: runbook CloudStackNetSwitchPortFailed.",
            total(_seen("ports_failed")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Controllers lost",
            "Controllers without which a bridge learns nothing. If orange: runbook CloudStackNetSwitchControllerLost.",
            total(_seen("controllers_lost")),
            thresholds=steps((1, WARNING)),
        ),
        stat(
            "Hosts with Open vSwitch",
            "Hosts on which it was found, used by CloudStack or not; 0 means that there is none.",
            f"count(max by (zone, host) ({_seen('info')}))",
        ),
    ),
)

SWITCHES = Row(
    title="Open vSwitch by host",
    collapsed=True,
    panels=(
        table(
            "Switches",
            "Do both daemons answer, does the switch keep up, and does it run what its peers run?",
            (
                Column(heading="Seen", expr=f"max by (zone, cluster, host, version) ({_seen('info')})"),
                judged("Daemons", metric("daemon_up"), *HOST),
                judged("Longest poll", metric("poll_interval_seconds"), *HOST, unit="s"),
                judged("Other version", metric("version_differs"), *HOST),
                judged("Ports failed", metric("ports_failed"), *HOST),
                judged("Tags wrong", metric("tags_wrong"), *HOST),
                judged("Controllers lost", metric("controllers_lost"), *HOST),
            ),
            hide=("Value #A",),
        ),
        table(
            "Bonds of Open vSwitch",
            "How many members of each bond carry traffic, and which hear no LACP partner?",
            (
                judged("Enabled", metric("bond_members_enabled"), *HOST, "bond"),
                judged("Disabled", metric("bond_members_disabled"), *HOST, "bond"),
                judged("Without partner", metric("bond_members_without_partner"), *HOST, "bond"),
            ),
            size=(12, 8),
        ),
        table(
            "Bridges by their uplinks",
            "Which bridge of machines has no uplink that carries?",
            (judged("Cut off", metric("bridge_cut_off"), *HOST, "bridge"),),
            size=(12, 8),
        ),
        table(
            "Flows and MAC tables",
            "How full is the flow table, how long does a dump take, and how full are the MAC tables?",
            (
                judged("Flows", metric("flows"), *HOST),
                judged("Of the limit", metric("flows_ratio"), *HOST, unit="percentunit"),
                judged("Dump", metric("flow_dump_seconds"), *HOST, unit="s"),
                judged("MAC table", metric("mac_table_ratio"), *HOST, unit="percentunit"),
                judged("Bridges not asked", metric("bridges_without_mac_table"), *HOST),
            ),
            size=(12, 8),
        ),
        table(
            "Failed ports by name",
            "Which port? One of a machine: look whether the machine is still there. An uplink: bring it back.",
            (Column(heading="Failed", expr=_seen("port_failed")),),
            hide=("job", "Value"),
            size=(12, 8),
        ),
        table(
            "Wrong tags by machine",
            "Which machine is in which VLAN (the value), instead of the one named here? Stop and start it.",
            (Column(heading="Tag", expr=_seen("tag_wrong")),),
            hide=("job",),
            size=(12, 8),
        ),
        graph(
            "Lost and missed lookups",
            "Lost ones are packets of new connections that are gone. If there are any: CloudStackNetSwitchLookupsLost.",
            {
                "{{host}} lost": total(f"rate({_seen('lost_lookups_total')}[$__rate_interval])", "host"),
                "{{host}} missed": total(f"rate({_seen('missed_lookups_total')}[$__rate_interval])", "host"),
            },
            unit="pps",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Moves of addresses",
            "An address that jumps between ports is a loop, a bond unknown to the switch, or there twice.",
            _rate("mac_moves_total", "bridge"),
            unit="ops",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Evicted addresses",
            "Above zero the MAC table is full, and frames are flooded.",
            _rate("mac_evictions_total", "bridge"),
            unit="ops",
            least=SLOW_COUNTERS,
        ),
        graph(
            "Restarts",
            "How often each daemon was started within an hour.",
            {"{{host}} {{daemon}}": total(f"changes({_seen('daemon_started_seconds')}[1h])", "host", "daemon")},
            unit="short",
        ),
    ),
)

ROWS = (NOW, SWITCHES)
