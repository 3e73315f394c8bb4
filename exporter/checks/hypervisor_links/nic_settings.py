"""Settings of NICs that break what runs above them: half duplex, and frames merged below a bridge.

Symptom: slow in one direction with collisions; or guests that receive frames longer than their MTU and drop them.
Detect:  duplex by sysfs, large-receive-offload by ethtool -k, of NICs that lie below a bridge.
Fix:     auto-negotiation on both ends; ethtool -K <nic> lro off (and where it is set at boot).
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.remedies import CABLE
from exporter.checks.hypervisor_links.wires import bridged, gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.nic_counters import NIC_COUNTERS
from exporter.questions.hosts.nics import NICS
from exporter.topology.hosts import is_judged, names

HALF_DUPLEX = gauge(
    "nic_half_duplex", "Whether a NIC in use has a link in half duplex, by sysfs.", "nic", problem=above(0)
)
MERGES = gauge(
    "nic_merges_bridged_frames",
    "Whether a NIC below a bridge merges received frames (large-receive-offload), by ethtool.",
    "nic",
    problem=above(0),
)
UNASKED = gauge(
    "nics_without_features",
    "NICs in use whose offloads are not asked, as ethtool is missing or a visit makes ten calls at most (OVS: six).",
)
LRO = "large-receive-offload"
NEGOTIATE = "Let both ends negotiate: a port with a fixed speed makes the other end fall back to half duplex."
SWITCH_OFF = "Switch it off: ethtool -K <nic> lro off, and take it out of what sets it at boot."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield both verdicts for each NIC in use for which they can be told."""
    host, links = names(target, cloud), answers[LINKS]
    judged, below = is_judged(target, cloud, answers.now), bridged(links)
    for nic in answers[NIC_COUNTERS].values():
        link = links.by_name.get(nic.name)
        if nic.duplex:
            value = int(judged and nic.duplex == "half" and link is not None and link.has_carrier)
            seen = f"{nic.speed or '?'} Mb/s in half duplex"
            yield HALF_DUPLEX.sample(*host, nic.name, value=value, seen=seen, expected="full duplex", remedy=NEGOTIATE)
    told = answers[NICS].values()
    yield UNASKED.sample(*host, value=sum(not fact.is_asked for fact in told))
    for fact in told:
        if LRO in fact.offloads:
            value = int(judged and fact.offloads[LRO] and fact.name in below)
            seen = f"{LRO} on, driver {fact.driver or 'unknown'}"
            yield MERGES.sample(
                *host, fact.name, value=value, seen=seen, expected="off below a bridge", remedy=SWITCH_OFF
            )


CHECK = Check(
    title="NIC settings",
    metrics=(HALF_DUPLEX, MERGES, UNASKED),
    remedies=(NEGOTIATE, SWITCH_OFF, CABLE),
    judges={HostTarget: judge},
    asks={HostTarget: (NICS, NIC_COUNTERS, LINKS)},
)
