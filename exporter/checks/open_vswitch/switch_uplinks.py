"""Bridges of Open vSwitch whose machines are cut off: none of their uplinks carries.

Symptom: no machine of the host reaches anybody beyond it, while the host itself may look well.
Detect:  ovs-appctl bond/show: no member of the bond is enabled (with LACP active and no fallback a switch that speaks
         none does that, with all links up); columns ofport of table Interface: -1, the switch could not open the NIC,
         and link_state of those that the kernel does not know, as DPDK's.
Fix:     what the members or the port need: LACP on the switch's port channel, cables, the NIC and its driver.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.open_vswitch.watched import READS, SEES, few, gauge, label_places, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase, OvsPort
from exporter.questions.hosts.ovs_bonds import OvsBond
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME
from exporter.thresholds import OVS_LACP_SETTLES_SECONDS
from exporter.topology.hosts import names
from exporter.topology.labels import is_dead, switch_uplinks

CUT_OFF = gauge(
    "bridge_cut_off",
    "Whether no uplink of a bridge for management, public or guest traffic is enabled, opened and (on DPDK) linked.",
    "bridge",
    problem=above(0),
    follows=("bond_members_enabled", "ports_failed"),
)
MEND_BOND = "LACP on the switch's port channel, the same group for all ports of the bond; then cables and optics."
BRING_BACK = "Bring the NIC back (cable, driver, name): ovs-vswitchd opens it as soon as it is there."
Bonds = Mapping[str, OvsBond]


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the verdict on each bridge that a label of machines leads to and that has an uplink, dead or alive.

    A NIC of the kernel without a link is told by ip link, and is not judged here; one uplink that may carry is enough.
    Nothing is said while a bond is still being negotiated, or a port was dead on one visit only.
    """
    database, runtime = answers[OVS_DATABASE], answers[OVS_RUNTIME]
    if database is None or runtime is None:
        return
    for bridge, ports in _uplinks(target, answers, cloud, database).items():
        if runtime.bonds is None and any(_is_bond(port) and not is_dead(port) for port in ports):
            continue
        lost = [_is_lost(port, runtime.bonds or {}, target, answers, cloud) for port in ports]
        if None in lost and False not in lost:
            continue
        yield CUT_OFF.sample(
            *names(target, cloud),
            bridge,
            value=int(all(lost)),
            seen=few([_words(port) for port in ports]),
            expected="an uplink that carries",
            remedy=MEND_BOND if any(map(_is_bond, ports)) and not all(map(is_dead, ports)) else BRING_BACK,
        )


def _uplinks(
    target: HostTarget, answers: Answers, cloud: Cloud, database: OvsDatabase
) -> dict[str, tuple[OvsPort, ...]]:
    """Return the uplinks by the device of a label; storage traffic alone is no machine's."""
    carried = (place for place in label_places(target, answers, cloud) if place.traffic != "Storage")
    found = {place.device: switch_uplinks(place, database) for place in carried}
    return {device: ports for device, ports in found.items() if ports}


def _is_bond(port: OvsPort) -> bool:
    return len(port.interfaces) > 1


def _is_lost(port: OvsPort, bonds: Bonds, target: HostTarget, answers: Answers, cloud: Cloud) -> bool | None:
    """Return whether nothing passes a port; None while that is new.

    It could not be opened, has no link, or is a bond without enabled members.
    """
    if is_dead(port) or _is_unlinked(port, answers):
        return confirmed(answers, cloud, "uplink", target.host.id, port.name, shown_by=(OVS_DATABASE,)) or None
    bond = bonds.get(port.name)
    if bond is None or not bond.members or any(member.is_enabled for member in bond.members):
        return False
    return answers.held("bond", target.host.id, port.name).seconds >= OVS_LACP_SETTLES_SECONDS or None


def _is_unlinked(port: OvsPort, answers: Answers) -> bool:
    """Return whether no interface has a link, of a port whose interfaces Open vSwitch alone knows."""
    links = answers.get(LINKS)
    if links is None or not port.interfaces:
        return False
    return all(one.is_up is False and one.name not in links.by_name for one in port.interfaces)


def _words(port: OvsPort) -> str:
    if is_dead(port):
        return f"{port.name} could not be opened"
    return f"{port.name} has no enabled member" if _is_bond(port) else f"{port.name} has no link"


CHECK = Check(
    title="Open vSwitch uplinks",
    metrics=(CUT_OFF,),
    remedies=(MEND_BOND, BRING_BACK),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_DATABASE, OVS_RUNTIME)},
    uses={HostTarget: SEES},
    reads=READS,
)
