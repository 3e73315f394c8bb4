"""VLAN devices without a bridge, and bridges without a machine.

Symptom: machines do not start on this host, "Failed to create br"; or VLANs pile up there.
Detect:  VLAN devices of networks, in the guest range or chosen by hand, that are in no bridge; VLAN bridges in which
         nothing is plugged for a day. A device in a guest range whose VLAN no network has is the host's own, or left by
         a network that is gone: a fact.
Fix:     an uplink with a shorter name where the bridge's name passes 15 characters; else the agent's log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from exporter.checks.vlan_trunking.wiring import READS, SEES, Wiring, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network, PhysicalNetwork, PrivateGateway
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.thresholds import ROWS_PER_TARGET, VLAN_ORPHAN_BRIDGE_SECONDS
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import is_tap
from exporter.topology.vlans import expected_nics, segment

FAILED = Metric(
    "cloudstack_network_vlan_trunking_devices_without_bridge",
    "VLAN devices of networks that are in no bridge, as a failed creation of a bridge leaves them behind.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
    follows=("cloudstack_network_hypervisor_links_uplink_name_too_long_vlans",),
)
OWN = Metric(
    "cloudstack_network_vlan_trunking_host_vlans_in_guest_range",
    "VLAN devices in no bridge whose VLAN lies in the guest range and is no network's: the host's own, or left behind.",
    labels=("zone", "cluster", "host"),
)
OWN_ROW = Metric(
    "cloudstack_network_vlan_trunking_host_vlan_in_guest_range",
    "A VLAN device in no bridge whose VLAN lies in the guest range and is no network's; only while there are any.",
    labels=("zone", "cluster", "host", "vlan_device"),
)
ORPHANS = Metric(
    "cloudstack_network_vlan_trunking_orphan_bridges",
    "VLAN bridges in which nothing has been plugged for a day, and whose VLAN no machine of the host is in.",
    labels=("zone", "cluster", "host"),
)
LONGEST_NAME = 15  # characters of an interface name in Linux
SHORTER = "Rename the uplink so that br<uplink>-<VLAN> has 15 characters at most, or put it into a bond."
LOOK = (
    "Look into the agent's log for 'Failed to create br'; once it names this bridge, remove the VLAN device."
    " One in which the host itself speaks must have another VLAN: the agent puts it into the network's bridge."
)
UNPLACED = ""  # the physical network of a network of which CloudStack does not tell one
BRIDGE = re.compile(r"br(?P<pif>.+)-(?P<vlan>\d+)", re.ASCII)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many VLAN devices a failed creation left; bridges that the agent leaves are a plain fact.

    Not that there are none while nobody tells where guest traffic lies.
    """
    judged = is_judged(target, cloud, answers.now)
    view, host = wiring(target, answers, cloud), names(target, cloud)
    alone = _alone(view, target, cloud)
    given = _given(target, cloud) if alone else frozenset()
    lonely = list(_lonely(alone, view, given, cloud))
    own = [link for link, networks in lonely if not any((one, link.vlan) in given for one in (*networks, UNPLACED))]
    wrong = [link for link, _ in lonely if judged and link not in own]
    failed = [link for link in wrong if _is_confirmed(link, target, answers, cloud)]
    is_told = not any(place.kind == "unknown" for (_, traffic), place in view.places.items() if traffic == "Guest")
    pairs = [(link, f"br{link.parent}-{link.vlan}") for link in failed]
    if failed or is_told or not judged:
        yield FAILED.sample(
            *host,
            value=len(failed),
            seen=", ".join(f"{link.name} without {name}" for link, name in pairs[:3]),
            expected=f"each in a bridge of its own, with a name of at most {LONGEST_NAME} characters",
            remedy=SHORTER if any(len(name) > LONGEST_NAME for _, name in pairs) else LOOK,
        )
    if is_told:
        yield OWN.sample(*host, value=len(own))
    for link in own[:ROWS_PER_TARGET]:
        yield OWN_ROW.sample(*host, link.name, value=1)
    used = {expected.segment.number for expected in expected_nics(cloud, target.host.id)}
    held = [answers.held("orphan", name).seconds for name in _empty_bridges(view.links, used)]
    yield ORPHANS.sample(*host, value=sum(seconds >= VLAN_ORPHAN_BRIDGE_SECONDS for seconds in held))


def _is_confirmed(link: Link, target: HostTarget, answers: Answers, cloud: Cloud) -> bool:
    return confirmed(answers, cloud, "device", target.host.id, link.name, shown_by=(LINKS,))


def _given(target: HostTarget, cloud: Cloud) -> frozenset[tuple[str, int | None]]:
    """Return the VLANs that networks and private gateways of the zone have, each with its physical network's id."""
    networks: list[Network | PrivateGateway] = [*cloud.networks.values(), *cloud.private_gateways.values()]
    return frozenset(
        (one.physical_network_id, found.number)
        for one in networks
        if one.zone_id == target.host.zone_id and one.vlan and (found := segment(one.vlan)) and found.is_vlan
    )


def _management(view: Wiring, target: HostTarget, cloud: Cloud) -> set[int | None]:
    """Return the VLANs that the host itself speaks in: of its pod's management range, and of labels in a VLAN."""
    pod = cloud.pods.get(target.host.pod_id)
    told = [segment(vlan) for vlan in pod.vlan_ids] if pod else []
    return {one.number for one in told if one} | {place.vlan for place in view.places.values()}


def _alone(view: Wiring, target: HostTarget, cloud: Cloud) -> list[Link]:
    """Return VLAN devices, named as the agent names them, in no bridge, that carry nothing of the host's own."""
    below = {link.parent for link in view.links.by_name.values()}
    meant = {place.device for place in view.places.values()}
    storage = {one.vlan for one in cloud.storage_ranges.values() if one.zone_id == target.host.zone_id}
    own = storage | _management(view, target, cloud)
    return [
        link
        for link in view.links.of_kind("vlan")
        if not link.master and link.name not in below | meant and link.vlan is not None and link.vlan not in own
        if link.name == f"{link.parent}.{link.vlan}"
    ]


def _lonely(
    alone: list[Link], view: Wiring, given: frozenset[tuple[str, int | None]], cloud: Cloud
) -> Iterator[tuple[Link, list[str]]]:
    """Yield those of the devices that are of guests, with the ids of the physical networks that this is known by.

    By the guest range, or by a network whose VLAN was chosen outside of it.
    """
    guests = [
        (place.pif, cloud.physical_networks[network])
        for (network, traffic), place in view.places.items()
        if traffic == "Guest" and place.pif and place.kind != "openvswitch"
    ]
    for link in alone:
        inside = [
            network.id
            for pif, network in guests
            if pif == link.parent and ((network.id, link.vlan) in given or _is_inside(link, network))
        ]
        if inside:
            yield link, inside


def _is_inside(link: Link, network: PhysicalNetwork) -> bool:
    return link.vlan is not None and any(first <= link.vlan <= last for first, last in network.vlan_ranges)


def _empty_bridges(links: Links, used: set[int | None]) -> Iterator[str]:
    """Yield bridges named as the agent names those of VLANs, without a machine by the kernel and by CloudStack."""
    for link in links.of_kind("bridge"):
        found = BRIDGE.fullmatch(link.name)
        if found and int(found["vlan"]) not in used and not any(map(is_tap, links.ports.get(link.name, ()))):
            yield link.name


CHECK = Check(
    title="Leftovers of VLANs",
    metrics=(FAILED, OWN, OWN_ROW, ORPHANS),
    remedies=(LOOK, SHORTER),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: SEES},
    reads=(*READS, "listStorageNetworkIpRange", "listPods"),
)
