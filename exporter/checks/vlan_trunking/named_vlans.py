"""VLANs that a switch does not name by LLDP at one host's port, while it names them at the others'.

Symptom: machines in one VLAN work on all hosts but this one.
Detect:  the VLAN names of LLDP. What is named is there; what is not named may be there all the same, so this is a hint.
Fix:     the list of allowed VLANs of the switch port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.checks.vlan_trunking.switch_ports import port_name, told_port, vlans_in_use
from exporter.checks.vlan_trunking.wiring import READS, SEES, held_back, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.lldp import LLDP
from exporter.topology.hosts import absent, is_judged, names

UNNAMED = Metric(
    "cloudstack_network_vlan_trunking_unnamed_vlans",
    "VLANs in use on the host that its switch port does not name by LLDP while it names others, and most peers do.",
    labels=("zone", "cluster", "host", "physical_network"),
    problem=above(0),
    subject="host",
)
ALLOW = "Compare the VLANs that the switch port allows with those of the other hosts' ports."
FEWEST_PEERS = 2  # hosts whose ports must name the VLAN before its absence means anything
ASKED = (LINKS, LLDP)
Naming = Mapping[int, set[str]]  # VLAN -> ids of the hosts whose ports name it


@dataclass(frozen=True, slots=True)
class _Port:
    """What one switch port names of one physical network."""

    target: HostTarget
    name: str
    vlans: frozenset[int]


def judge_cluster(group: ClusterGroup, members: Mapping[HostTarget, Answers], cloud: Cloud) -> Samples:
    """Yield per host and physical network how many of its VLANs a port leaves out; ports that name none say nothing.

    Not that it leaves out none while hosts that have not told might be the peers that name more.
    """
    told = [one for one, answers in members.items() if all(question in answers.values for question in ASKED)]
    missed = absent(told, group, cloud)
    judged = [one for one in told if is_judged(one, cloud, members[one].now)]
    for target in told:
        yield from held_back(UNNAMED, target, members[target], cloud) if target not in judged else ()
    ports, untold = _ports_of(judged, members, cloud)
    for network, found in ports.items():
        silent = missed + len(untold[network])
        used = {target: vlans_in_use(cloud, target.host.id).get(network, frozenset()) for target in _hosts(found)}
        everything = frozenset().union(*used.values())
        speaking = [port for port in found if port.vlans & everything]
        naming = _naming(speaking)
        for target in _hosts(speaking):
            missing = _missing(target, used[target], speaking, naming)
            may_miss = target in untold[network] or (
                silent > 0 and _missing(target, used[target], speaking, naming, silent)
            )
            if not missing and may_miss:
                continue
            yield UNNAMED.sample(
                *names(target, cloud),
                network_name(cloud, network),
                value=len(missing),
                seen="; ".join(f"VLAN {vlan} not at {port}" for vlan, port in sorted(missing.items())[:3]),
                expected="the VLANs that the ports of the other hosts name",
            )


def _naming(ports: list[_Port]) -> Naming:
    naming: defaultdict[int, set[str]] = defaultdict(set)
    for port in ports:
        for vlan in port.vlans:
            naming[vlan].add(port.target.host.id)
    return naming


def _hosts(ports: list[_Port]) -> tuple[HostTarget, ...]:
    return tuple(dict.fromkeys(port.target for port in ports))


def _ports_of(
    told: list[HostTarget], members: Mapping[HostTarget, Answers], cloud: Cloud
) -> tuple[Mapping[str, list[_Port]], Mapping[str, set[HostTarget]]]:
    """Return by physical network the ports of the NICs that carry it, and the hosts whose NICs may be more."""
    ports: defaultdict[str, list[_Port]] = defaultdict(list)
    untold: defaultdict[str, set[HostTarget]] = defaultdict(set)
    for target in told:
        view = wiring(target, members[target], cloud)
        for network in view.unknown():
            untold[network].add(target)
        for nic, networks in view.carried().items():
            port = told_port(members[target][LLDP].get(nic, ()))
            if port is not None:
                vlans = port.vlans | ({port.pvid} if port.pvid else set())
                for network in networks:
                    ports[network].append(_Port(target, f"{port_name(port)} ({nic})", vlans))
    return ports, untold


def _missing(
    target: HostTarget, used: frozenset[int], speaking: list[_Port], naming: Naming, silent: int = 0
) -> dict[int, str]:
    """Return the VLANs that a port of the host leaves out and the ports of most other hosts name.

    With ``silent`` as if so many more hosts had ports that name all VLANs.
    """
    own = [port for port in speaking if port.target is target]
    peers = len(_hosts(speaking)) - 1 + silent
    missing = {}
    for vlan in used if silent else used & naming.keys():
        others = len(naming.get(vlan, set()) - {target.host.id}) + silent
        lacking = next((port.name for port in own if vlan not in port.vlans), None)
        if lacking is not None and others >= FEWEST_PEERS and 2 * others > peers:
            missing[vlan] = lacking
    return missing


CHECK = Check(
    title="VLANs named by switches",
    metrics=(UNNAMED,),
    remedies=(ALLOW,),
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (*ASKED, *SEES)}),),
    reads=READS,
)
