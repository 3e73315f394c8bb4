"""VLAN devices without a bridge, and bridges without a machine.

Symptom: machines do not start on this host, "Failed to create br"; or VLANs pile up there.
Detect:  VLAN devices of guest VLANs that are in no bridge; VLAN bridges in which nothing is plugged for a day.
Fix:     an uplink with a shorter name where the bridge's name passes 15 characters; else the agent's log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from exporter.checks.vlan_trunking.wiring import READS, SEES, Wiring, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.links import LINKS, Link, Links
from exporter.thresholds import VLAN_ORPHAN_BRIDGE_SECONDS
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import is_tap
from exporter.topology.vlans import expected_nics, segment

FAILED = Metric(
    "cloudstack_network_vlan_trunking_devices_without_bridge",
    "VLAN devices of guest VLANs that are in no bridge, as a failed creation of a bridge leaves them behind.",
    labels=("zone", "cluster", "host"),
    problem=above(0),
    follows=("cloudstack_network_hypervisor_links_uplink_name_too_long_vlans",),
)
ORPHANS = Metric(
    "cloudstack_network_vlan_trunking_orphan_bridges",
    "VLAN bridges in which nothing has been plugged for a day, and whose VLAN no machine of the host is in.",
    labels=("zone", "cluster", "host"),
)
LONGEST_NAME = 15  # characters of an interface name in Linux
SHORTER = "Rename the uplink so that br<uplink>-<VLAN> has 15 characters at most, or put it into a bond."
LOOK = "Look into the agent's log for 'Failed to create br'; once it names this bridge, remove the VLAN device."
OWN = (
    "No network has this VLAN: if the device is the host's own, take its VLAN out of the guest range, before CloudStack"
    " gives it to guests; remove it only if the agent's log names its bridge."
)
BRIDGE = re.compile(r"br(?P<pif>.+)-(?P<vlan>\d+)", re.ASCII)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many VLAN devices a failed creation left; bridges that the agent leaves are a plain fact."""
    if not is_judged(target, cloud, answers.now):
        return
    view = wiring(target, answers, cloud)
    devices = [link for link in _lonely(view, target, cloud) if _is_confirmed(link, target, answers, cloud)]
    pairs = [(link, f"br{link.parent}-{link.vlan}") for link in devices]
    given = _given(target, cloud) if devices else frozenset()
    remedy = LOOK if any(link.vlan in given for link in devices) else OWN
    yield FAILED.sample(
        *names(target, cloud),
        value=len(devices),
        seen=", ".join(
            f"{link.name} without {name}" if link.vlan in given else f"{link.name}, in no bridge and of no network"
            for link, name in pairs[:3]
        ),
        expected=f"each in a bridge of its own, with a name of at most {LONGEST_NAME} characters",
        remedy=SHORTER if any(len(name) > LONGEST_NAME for _, name in pairs) else remedy,
    )
    used = {expected.segment.number for expected in expected_nics(cloud, target.host.id)}
    held = [answers.held("orphan", name).seconds for name in _empty_bridges(view.links, used)]
    yield ORPHANS.sample(*names(target, cloud), value=sum(seconds >= VLAN_ORPHAN_BRIDGE_SECONDS for seconds in held))


def _is_confirmed(link: Link, target: HostTarget, answers: Answers, cloud: Cloud) -> bool:
    return confirmed(answers, cloud, "device", target.host.id, link.name, shown_by=(LINKS,))


def _given(target: HostTarget, cloud: Cloud) -> frozenset[int | None]:
    """Return the VLANs that networks of the zone have."""
    networks = (one for one in cloud.networks.values() if one.zone_id == target.host.zone_id and one.vlan)
    return frozenset(found.number for one in networks if (found := segment(one.vlan)))


def _management(view: Wiring, target: HostTarget, cloud: Cloud) -> set[int | None]:
    """Return the VLANs that the host itself speaks in: of its pod's management range, and of labels in a VLAN."""
    pod = cloud.pods.get(target.host.pod_id)
    told = [segment(vlan) for vlan in pod.vlan_ids] if pod else []
    return {one.number for one in told if one} | {place.vlan for place in view.places.values()}


def _lonely(view: Wiring, target: HostTarget, cloud: Cloud) -> Iterator[Link]:
    """Yield VLAN devices without a bridge in the guest ranges; those that carry something else are in none of them."""
    below = {link.parent for link in view.links.by_name.values()}
    meant = {place.device for place in view.places.values()}
    own = {one.vlan for one in cloud.storage_ranges.values()} | _management(view, target, cloud)
    ranges = {
        place.pif: cloud.physical_networks[network].vlan_ranges
        for (network, traffic), place in view.places.items()
        if traffic == "Guest" and place.pif and place.kind != "openvswitch"
    }
    for link in view.links.of_kind("vlan"):
        if link.master or link.name in below | meant or link.vlan is None or link.vlan in own:
            continue
        if link.name == f"{link.parent}.{link.vlan}" and any(
            first <= link.vlan <= last for first, last in ranges.get(link.parent, ())
        ):
            yield link


def _empty_bridges(links: Links, used: set[int | None]) -> Iterator[str]:
    """Yield bridges named as the agent names those of VLANs, without a machine by the kernel and by CloudStack."""
    for link in links.of_kind("bridge"):
        found = BRIDGE.fullmatch(link.name)
        if found and int(found["vlan"]) not in used and not any(map(is_tap, links.ports.get(link.name, ()))):
            yield link.name


CHECK = Check(
    title="Leftovers of VLANs",
    metrics=(FAILED, ORPHANS),
    remedies=(LOOK, SHORTER, OWN),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: SEES},
    reads=(*READS, "listStorageNetworkIpRange", "listPods"),
)
