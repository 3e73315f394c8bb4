"""MAC tables that are full, and addresses that jump between ports.

Symptom: frames flooded to everybody, or connections that stall for seconds again and again.
Detect:  ovs-appctl fdb/stats-show of each bridge, three at most: entries against the maximum, moves and evictions.
Fix:     find the loop, the second owner of an address, or a bond that the switch does not know; else a larger table.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, counter, gauge, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.ovs_macs import MOST, OVS_MACS
from exporter.thresholds import OVS_MAC_TABLE_RATIO
from exporter.topology.hosts import names

RATIO = gauge(
    "mac_table_ratio",
    "Entries of the bridge's MAC table, of what it holds at most, by ovs-appctl fdb/stats-show.",
    "bridge",
    problem=above(OVS_MAC_TABLE_RATIO),
)
MOVES = counter(
    "mac_moves_total", "Addresses that the bridge saw move to another port, by ovs-appctl fdb/stats-show.", "bridge"
)
EVICTIONS = counter(
    "mac_evictions_total", "Addresses that the bridge forgot for lack of room, by ovs-appctl fdb/stats-show.", "bridge"
)
UNASKED = gauge(
    "bridges_without_mac_table",
    f"Bridges whose MAC table is not asked, as a visit asks {MOST}: first those that agent.properties names.",
)
ENLARGE = "Look who fills it (ovs-appctl fdb/show BRIDGE); enlarge other_config:mac-table-size of the bridge."


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdict on each bridge whose table was told, and of how many it was not asked."""
    macs = answers[OVS_MACS]
    if macs is None:
        return
    yield UNASKED.sample(*names(target, cloud), value=macs.unasked)
    for bridge, table in macs.tables.items():
        labels = (*names(target, cloud), bridge)
        if table.maximum:
            yield RATIO.sample(
                *labels,
                value=table.current / table.maximum,
                seen=f"{table.current} of {table.maximum} entries",
                expected=f"at most {OVS_MAC_TABLE_RATIO:.0%}",
                remedy=ENLARGE,
            )
        for metric, value in ((MOVES, table.moved), (EVICTIONS, table.evicted)):
            if value is not None:
                yield metric.sample(*labels, value=value)


CHECK = Check(
    title="Open vSwitch MAC tables",
    metrics=(RATIO, MOVES, EVICTIONS, UNASKED),
    remedies=(ENLARGE,),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_MACS,)},
    uses={HostTarget: SEES},
    reads=READS,
)
