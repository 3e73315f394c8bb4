"""Native VLANs (port VLAN ids) of switch ports, as the switches name them by LLDP.

Symptom: one VLAN is dead on one host, or machines meet addresses of another network: its frames come untagged.
Detect:  the port VLAN id against the VLANs that machines of the host use tagged, and against the peers' ports.
Fix:     the native VLAN of the switch port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction

from exporter.checks.vlan_trunking.switch_ports import port_name, told_port, vlans_in_use
from exporter.checks.vlan_trunking.wiring import READS, SEES, Wiring, names_of, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.topology.hosts import absent, is_judged, names
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
    """Yield for each NIC of which the switch tells its native VLAN whether CloudStack sends that VLAN tagged.

    On a host that is held back it does nowhere.
    """
    judged, view = is_judged(target, cloud, answers.now), wiring(target, answers, cloud)
    used = vlans_in_use(cloud, target.host.id) if judged else {}
    for nic, networks, port in _heard(view, answers):
        struck = frozenset(network for network in networks if port.pvid in used.get(network, ()))
        if not struck and any(port.pvid in used.get(network, ()) for network in view.unknown()):
            continue  # nobody told whether the NIC carries that network too
        yield TAGGED.sample(
            *names(target, cloud),
            nic,
            value=int(bool(struck)),
            seen=f"{port_name(port)} gives VLAN {port.pvid} without a tag, {names_of(cloud, struck)} uses it with one",
            expected="a native VLAN that no machine uses",
            remedy=ANOTHER,
        )


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield for each such NIC whether it differs from most NICs that carry the same; without a majority none does.

    Not that it does not while so many hosts have not told that another VLAN may be that of most.
    """
    views = {
        one: wiring(one, answers, cloud)
        for one, answers in members.items()
        if all(question in answers.values for question in ASKED)
    }
    told = {one: view for one, view in views.items() if not view.unknown()}  # else a NIC may carry more than is known
    missing = absent(told, group, cloud)
    carriers: defaultdict[frozenset[str], dict[HostTarget, dict[str, Neighbour]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for target, view in views.items():
        judged = is_judged(target, cloud, members[target].now)
        for nic, networks, port in _heard(view, members[target]):
            if not judged:
                yield DIFFERS.sample(*names(target, cloud), nic, value=0)
            elif target in told:
                carriers[networks][target][nic] = port
    for ports in carriers.values():
        votes = _votes(ports)
        usual = _usual(ports, votes)
        for target, nic, port in ((one, nic, port) for one, own in ports.items() for nic, port in own.items()):
            is_odd = usual is not None and port.pvid != usual
            if not is_odd and _may_differ(port.pvid, votes, len(ports), missing):
                continue
            yield DIFFERS.sample(
                *names(target, cloud),
                nic,
                value=int(is_odd),
                seen=f"native VLAN {port.pvid} at {port_name(port)}",
                expected=f"native VLAN {usual} as on most ports of the cluster",
                remedy=ALIKE,
            )


def _heard(view: Wiring, answers: Answers) -> Iterator[tuple[str, frozenset[str], Neighbour]]:
    """Yield the NICs of which the switch tells the native VLAN: what they carry, and the port."""
    for nic, networks in view.carried().items():
        port = told_port(answers[LLDP].get(nic, ()))
        if port is not None and port.pvid is not None:
            yield nic, networks, port


def _votes(ports: Mapping[HostTarget, Mapping[str, Neighbour]]) -> Mapping[int | None, Fraction]:
    """Return the hosts that have each native VLAN: one vote each, divided among its NICs, however many it has."""
    votes: defaultdict[int | None, Fraction] = defaultdict(Fraction)
    for own in ports.values():
        for port in own.values():
            votes[port.pvid] += Fraction(1, len(own))
    return votes


def _usual(ports: Mapping[HostTarget, Mapping[str, Neighbour]], votes: Mapping[int | None, Fraction]) -> int | None:
    """Return the native VLAN of most hosts; of one or two hosts it must be that of most of at least three NICs too."""
    usual = max(votes, key=votes.__getitem__)
    each = {(target, nic): port.pvid for target, own in ports.items() for nic, port in own.items()}
    is_clear = votes[usual] * 2 > len(ports) and (len(ports) >= 3 or majority(each) == usual)
    return usual if is_clear else None


def _may_differ(pvid: int | None, votes: Mapping[int | None, Fraction], hosts: int, missing: int) -> bool:
    """Return whether missing hosts could make another native VLAN that of most."""
    against = max((votes[vlan] for vlan in votes if vlan != pvid), default=Fraction(0)) + missing
    return bool(missing) and hosts + missing >= 3 and against * 2 > hosts + missing


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
