"""Names of interfaces that cannot carry VLANs of CloudStack.

Symptom: instances on this host do not start ("Failed to create br: ..."), VLAN devices stay behind without a bridge;
         or the agent finds no uplink ("Can not find network", "Failed to get private nic name").
Detect:  ip link: br<uplink>-<VLAN> may have 15 characters; the agent takes only names that begin as it knows.
Fix:     rename the interface (systemd .link file, udev), or put a bond with a short name over it.
"""

from __future__ import annotations

from collections import defaultdict

from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place, places, switches
from exporter.topology.tagged_vlans import VLAN_LAST, tagged_vlans
from exporter.topology.zones import physical_name

TOO_LONG = gauge(
    "uplink_name_too_long_vlans",
    "VLANs of the physical network whose bridge cannot be made here, as its name would pass 15 characters, by ip link.",
    "physical_network",
    problem=above(0),
)
REFUSED = gauge(
    "uplink_names_refused",
    "Interfaces in labelled bridges without uplink that the agent does not take for one, because of their name.",
    "physical_network",
    problem=above(0),
)
NAME_MOST = 15
"""Characters of an interface name in Linux (IFNAMSIZ without the final zero)."""
RENAME = "Rename the interface (systemd .link file), or put a bond with a short name over it, and restart the agent."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield both verdicts for each physical network whose labels lead to bridges of the kernel on this host.

    Not that nothing is wrong while nobody tells where another traffic type of the physical network lies.
    """
    links, judged = answers[LINKS], is_judged(target, cloud, answers.now)
    found: defaultdict[str, list[Place]] = defaultdict(list)
    unknown = set()
    for place in places(target, cloud, links, answers.get(AGENT), switches(answers)):
        if place.kind in ("bridge", "interface"):
            found[place.physical_network_id].append(place)
        elif place.kind == "unknown":
            unknown.add(place.physical_network_id)
    for physical_id, lying in found.items():
        label = (*names(target, cloud), physical_name(cloud, physical_id))
        long = _too_long(physical_id, lying, cloud) if judged else {}
        refused = sorted({name for place in lying for name in _refused(place, links)}) if judged else []
        is_told = physical_id not in unknown or not judged
        if long or is_told:
            yield TOO_LONG.sample(
                *label,
                value=len(long),
                seen=_evidence(long, links),
                expected=f"at most {NAME_MOST} characters",
                remedy=RENAME,
            )
        if refused or is_told:
            yield REFUSED.sample(
                *label,
                value=len(refused),
                seen=", ".join(refused[:4]),
                expected="names that begin with eth, bond, en, em, team, p<n>p<n>, vlan, ...",
                remedy=RENAME,
            )


def _too_long(physical_id: str, lying: list[Place], cloud: Cloud) -> dict[int, str]:
    """Return the VLANs that pass the limit, with the uplink below which they would lie."""
    return {
        vlan: place.pif
        for place in lying
        if len(f"br{place.pif}-{VLAN_LAST}") > NAME_MOST
        for vlan in tagged_vlans(cloud, physical_id, place.traffic)
        if len(f"br{place.pif}-{vlan}") > NAME_MOST
    }


def _evidence(long: dict[int, str], links: Links) -> str:
    """Return the name that would be needed, and the sign that it was tried already."""
    if not long:
        return ""
    vlan, uplink = max(long.items())
    left = sorted(f"{below}.{one}" for one, below in long.items() if _is_left(f"{below}.{one}", links))
    behind = f"; {', '.join(left[:3])} without a bridge" if left else ""
    return f"br{uplink}-{vlan} has {len(f'br{uplink}-{vlan}')} characters{behind}"


def _is_left(name: str, links: Links) -> bool:
    link = links.by_name.get(name)
    return link is not None and link.vlan is not None and not link.master


def _refused(place: Place, links: Links) -> list[str]:
    """Return the ports that could be uplinks if they had another name, of a bridge that has no uplink."""
    if place.kind != "bridge" or place.uplinks:
        return []
    known = ((name, links.by_name[name]) for name in place.others if name in links.by_name)
    return [name for name, link in known if link.is_nic or link.kind in ("bond", "team", "vlan")]


CHECK = Check(
    title="Names of uplinks",
    metrics=(TOO_LONG, REFUSED),
    remedies=(RENAME,),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: (AGENT, OVS_DATABASE)},
    reads=(
        "listPhysicalNetworks",
        "listTrafficTypes",
        "listVlanIpRanges",
        "listStorageNetworkIpRange",
        "listNetworks",
    ),
    judges_cloud=True,
)
