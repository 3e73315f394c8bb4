"""Management traffic in another VLAN than CloudStack says, or than the other hosts of the cluster.

Symptom: system VMs that start on one host never connect to the management server; their agent stays Disconnected.
Detect:  the tag of the private bridge's uplink (bond0.30 is VLAN 30) against the VLAN of the pod's system VM range
         (listPods: vlanid), where that names one, and against most hosts of the cluster. A tagged or an untagged
         management network is neither right nor wrong by itself: in which VLAN untagged frames are only the switch
         knows, so an untagged uplink is judged where each of its NICs hears a port VLAN id by LLDP.
Fix:     the uplink of the private bridge, or the VLAN of the range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.physical_networks.kvm import PER_HOST, READS, USED, is_kvm, management
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Question, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.lldp import LLDP
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.hosts import absent, is_judged, names
from exporter.topology.labels import Place
from exporter.topology.majority import differs, majority
from exporter.topology.vlans import segment

MISMATCH = Metric(
    "cloudstack_network_physical_networks_management_vlan_mismatch",
    "Whether the uplink of the private bridge is in another VLAN than the pod's system VM range (vlanid) names.",
    labels=PER_HOST,
    problem=above(0),
)
UNLIKE = Metric(
    "cloudstack_network_physical_networks_management_vlan_unlike_peers",
    "Whether the uplink of the private bridge is in another VLAN than that of most hosts of the cluster.",
    labels=PER_HOST,
    problem=above(0),
)
FIX_UPLINK = "Make a VLAN device of that VLAN the only uplink of the private bridge (for VLAN 30: bond0.30)."
FIX_RANGE = "If the hosts are right: the VLAN of the pod's management address range is wrong; make the range again."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Compare the private bridge's VLAN with the pod's, where the pod's ranges all name one."""
    place = management(target, answers, cloud) if is_kvm(target) else None
    if place is None or len(place.uplinks) != 1:
        return
    wanted = _pod_vlans(target, cloud)
    vlans = frozenset({place.vlan}) if place.vlan is not None else _native(place, answers)
    if wanted and not vlans:
        return  # the switch does not say where untagged frames are
    agrees = not wanted or vlans <= wanted
    expected = " or ".join(f"VLAN {vlan}" for vlan in sorted(wanted)) + ", of the pod's range"
    seen = f"{place.device} is {_words(place.vlan)} on {place.uplinks[0]}"
    shown_by: tuple[Question[Any], ...] = (LINKS,)
    if place.vlan is None and wanted:
        seen += f", native VLAN {', '.join(map(str, sorted(vlans)))}"
        shown_by = (LINKS, LLDP)
    if agrees or confirmed(answers, cloud, target.host.id, seen, expected, shown_by=shown_by):
        value = int(not agrees and is_judged(target, cloud, answers.now))
        yield MISMATCH.sample(*names(target, cloud), value=value, seen=seen, expected=expected)


def _pod_vlans(target: HostTarget, cloud: Cloud) -> frozenset[int]:
    """Return the VLANs of the pod's ranges; none when one of them is untagged, which is what nobody chose.

    KVM plugs system VMs untagged into the private bridge either way, so untagged says nothing of the bridge's uplink.
    """
    pod = cloud.pods.get(target.host.pod_id)
    found = [segment(vlan) for vlan in pod.vlan_ids] if pod else []
    numbers = [one.number for one in found if one is not None and one.is_vlan]
    return frozenset() if None in numbers else frozenset(number for number in numbers if number is not None)


def _native(place: Place, answers: Answers) -> frozenset[int]:
    """Return the VLANs that switches put untagged frames of the uplink into; none unless each NIC of it heard one."""
    heard, ovs = answers.get(LLDP) or {}, answers.get(OVS_DATABASE)
    port = ovs.ports.get(place.pif) if ovs else None
    members = answers[LINKS].ports.get(place.pif, ()) or (tuple(one.name for one in port.interfaces) if port else ())
    told = [
        frozenset(one.pvid for one in heard.get(nic, ()) if one.pvid is not None) for nic in members or (place.pif,)
    ]
    return frozenset().union(*told) if all(told) else frozenset()


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Compare the private bridges' VLANs of the hosts of one cluster; nothing is said while those silent may decide."""
    known = {target: answers for target, answers in members.items() if is_kvm(target) and LINKS in answers.values}
    vlans: dict[HostTarget, str] = {}
    for target, answers in known.items():
        place = management(target, answers, cloud)
        if place is not None and len(place.uplinks) == 1:
            vlans[target] = _words(place.vlan)
    judged = {target: vlan for target, vlan in vlans.items() if is_judged(target, cloud, known[target].now)}
    common, missing = majority(judged), absent(known, group, cloud)
    for target, vlan in vlans.items():
        is_odd = differs(vlan, judged, missing) if target in judged else False
        if is_odd is None:
            continue
        yield UNLIKE.sample(
            *names(target, cloud),
            value=int(is_odd),
            seen=f"management traffic is {vlan}",
            expected=f"{common or vlan}, as on most hosts of the cluster",
        )


def _words(vlan: int | None) -> str:
    return "untagged" if vlan is None else f"VLAN {vlan}"


CHECK = Check(
    title="VLAN of the management network",
    metrics=(MISMATCH, UNLIKE),
    remedies=(FIX_UPLINK, FIX_RANGE),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: (*USED, LLDP)},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (LINKS, *USED)}),),
    reads=(*READS, "listPods"),
    judges_cloud=True,
)
