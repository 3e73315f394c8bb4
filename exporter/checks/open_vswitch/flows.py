"""A switch that does not keep up with its flows.

Symptom: new connections are slow or lost while existing ones work; CPU of ovs-vswitchd is high.
Detect:  ovs-appctl upcall/show (flows, their limit, duration of a dump) and dpctl/show (lost lookups).
Fix:     find who makes so many flows: scans, floods, a loop; then more handlers or a larger flow limit.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, counter, gauge, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.ovs_datapath import Datapath
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME
from exporter.thresholds import OVS_FLOW_DUMP_SECONDS, OVS_FLOWS_RATIO
from exporter.topology.hosts import names

RATIO = gauge(
    "flows_ratio",
    "Flows in the datapath, of the limit that ovs-vswitchd sets itself, by ovs-appctl upcall/show.",
    "datapath",
    problem=above(OVS_FLOWS_RATIO),
)
FLOWS = gauge("flows", "Flows in the datapath, by ovs-appctl upcall/show.", "datapath")
DUMP = gauge(
    "flow_dump_seconds",
    "How long the last walk of ovs-vswitchd over all flows took, by ovs-appctl upcall/show.",
    "datapath",
    problem=above(OVS_FLOW_DUMP_SECONDS),
)
LOST = counter(
    "lost_lookups_total", "Packets for which no handler of ovs-vswitchd had time, by ovs-appctl dpctl/show.", "datapath"
)
MISSED = counter(
    "missed_lookups_total", "Packets without a flow, handed to ovs-vswitchd, by ovs-appctl dpctl/show.", "datapath"
)
FIND = "Find who makes the flows: ovs-appctl dpctl/dump-flows | head, a machine that scans or is flooded, a loop."
TUNE = "Give the switch more: other_config:flow-limit, n-handler-threads, n-revalidator-threads; then an upgrade."


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdicts on each datapath, as far as they were told."""
    runtime = answers[OVS_RUNTIME]
    if runtime is None or runtime.datapaths is None:
        return
    for datapath in runtime.datapaths.values():
        yield from _verdicts((*names(target, cloud), datapath.name), datapath)


def _verdicts(labels: tuple[str, ...], datapath: Datapath) -> Samples:
    if datapath.flows is not None and datapath.limit:
        yield FLOWS.sample(*labels, value=datapath.flows)
        yield RATIO.sample(
            *labels,
            value=datapath.flows / datapath.limit,
            seen=f"{datapath.flows} flows, limit {datapath.limit}",
            expected=f"below {OVS_FLOWS_RATIO:.0%} of the limit",
            remedy=FIND,
        )
    if datapath.dump_seconds is not None:
        yield DUMP.sample(
            *labels,
            value=datapath.dump_seconds,
            seen=f"a dump of all flows takes {datapath.dump_seconds:.1f} s",
            expected=f"at most {OVS_FLOW_DUMP_SECONDS} s",
            remedy=TUNE,
        )
    for metric, value in ((LOST, datapath.lost), (MISSED, datapath.missed)):
        if value is not None:
            yield metric.sample(*labels, value=value)


CHECK = Check(
    title="Open vSwitch flows",
    metrics=(RATIO, FLOWS, DUMP, LOST, MISSED),
    remedies=(FIND, TUNE),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_RUNTIME,)},
    uses={HostTarget: SEES},
    reads=READS,
)
