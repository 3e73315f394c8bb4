"""Native VLANs (port VLAN ids) of switch ports, as the switches name them by LLDP.

Symptom: one VLAN is dead on one host, or machines meet addresses of another network: its frames come untagged.
Detect:  the port VLAN id against the VLANs that machines of the host use tagged, and against the peers' ports.
Fix:     the native VLAN of the switch port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from exporter.checks.vlan_trunking.switch_ports import port_name, tagged_vlans, told_port
from exporter.checks.vlan_trunking.wiring import READS, SEES, names_of, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.host_links import LINKS
from exporter.questions.host_lldp import LLDP, Neighbour
from exporter.topology.hosts import is_judged, names
from exporter.topology.majority import majority

TAGGED = Metric(
    "cloudstack_network_vlan_trunking_native_vlan_conflicts",
    "Whether the native VLAN of the NIC's switch port, by LLDP, is one that machines of the host use with a tag.",
    labels=("zone", "cluster", "host", "nic"),
    problem=above(0),
    subject="host",
)
DIFFERS = Metric(
    "cloudstack_network_vlan_trunking_native_vlan_differs",
    "Whether the native VLAN of the NIC's switch port, by LLDP, is another one than on most ports of the cluster.",
    labels=("zone", "cluster", "host", "nic"),
    problem=above(0),
    subject="host",
)
ANOTHER = "Give the switch port a native VLAN that carries nothing, or the one of its peers."
ALIKE = "Compare the switch port's native VLAN with those of the other hosts."
ASKED = (LINKS, LLDP)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield for each NIC of which the switch tells its native VLAN whether CloudStack sends that VLAN tagged."""
    if not is_judged(target, cloud, answers.now):
        return
    view = wiring(target, answers, cloud)
    used = tagged_vlans(cloud, target.host.id)
    for nic, networks in view.carried().items():
        port = told_port(answers[LLDP].get(nic, ()))
        if port is None or port.pvid is None:
            continue
        struck = frozenset(network for network in networks if port.pvid in used.get(network, ()))
        yield TAGGED.sample(
            *names(target, cloud),
            nic,
            value=int(bool(struck)),
            seen=f"{port_name(port)} gives VLAN {port.pvid} without a tag, {names_of(cloud, struck)} uses it with one",
            expected="a native VLAN that no machine uses",
            remedy=ANOTHER,
        )


def judge_cluster(_: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each such NIC whether it differs from most NICs that carry the same; without a majority none does."""
    carriers: defaultdict[frozenset[str], dict[tuple[HostTarget, str], Neighbour]] = defaultdict(dict)
    for target, answers in members.items():
        if all(question in answers.values for question in ASKED) and is_judged(target, cloud, answers.now):
            for nic, networks in wiring(target, answers, cloud).carried().items():
                port = told_port(answers[LLDP].get(nic, ()))
                if port is not None and port.pvid is not None:
                    carriers[networks][target, nic] = port
    for ports in carriers.values():
        common = majority({place: port.pvid for place, port in ports.items()})
        usual = {target.host.id for (target, _nic), port in ports.items() if port.pvid == common}
        for (target, nic), port in ports.items():
            yield DIFFERS.sample(
                *names(target, cloud),
                nic,
                value=int(common is not None and port.pvid != common and _is_alone(target, usual)),
                seen=f"native VLAN {port.pvid} at {port_name(port)}",
                expected=f"native VLAN {common} as on most ports of the cluster",
                remedy=ALIKE,
            )


def _is_alone(target: HostTarget, usual: set[str]) -> bool:
    """Return whether the usual hosts outvote this one: several NICs of one other host are one voice."""
    return len(usual) > 1 or target.host.id in usual


CHECK = Check(
    title="Native VLANs",
    metrics=(TAGGED, DIFFERS),
    remedies=(ANOTHER, ALIKE),
    judges={HostTarget: judge},
    asks={HostTarget: ASKED},
    uses={HostTarget: SEES},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (*ASKED, *SEES)}),),
    reads=READS,
)
