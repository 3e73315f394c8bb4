"""Traffic labels that lead nowhere on a KVM host.

Symptom: machines, or only routers and system VMs, start on some hosts and not on others ("Can not find network").
Detect:  listTrafficTypes: the KVM label, else the agent's own device, against ip link and Open vSwitch: is there a
         bridge or interface of that name, with exactly one port that the agent takes for its uplink? CloudStack
         itself looks only when the agent connects, and never for storage.
Fix:     make the bridge with its uplink, or correct the label.
"""

from __future__ import annotations

from collections import defaultdict

from exporter.checks.physical_networks.kvm import (
    CORRECT_LABEL,
    FIX_LABEL,
    PER_HOST,
    READS,
    USED,
    found_places,
    is_kvm,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Sample, Samples, above
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.links import LINKS, Links
from exporter.topology.hosts import is_judged, names
from exporter.topology.labels import Place
from exporter.topology.tagged_vlans import has_untagged_guests
from exporter.topology.vlans import is_untagged
from exporter.topology.zones import has_storage_network

PER_LABEL = (*PER_HOST, "label")

MISSING = Metric(
    "cloudstack_network_physical_networks_label_missing",
    "Whether the host lacks the bridge or interface that management, public or guest traffic is labelled with.",
    labels=PER_LABEL,
    problem=above(0),
    subject="host",
)
STORAGE_MISSING = Metric(
    "cloudstack_network_physical_networks_storage_label_missing",
    "Whether the host lacks the bridge that only storage traffic is labelled with, in a zone with storage addresses.",
    labels=PER_LABEL,
    problem=above(0),
    subject="host",
)
WITHOUT_UPLINK = Metric(
    "cloudstack_network_physical_networks_label_without_uplink",
    "Whether the bridge of management, public or guest traffic has no port that the agent would take for its uplink.",
    labels=PER_LABEL,
    problem=above(0),
    subject="host",
    follows=(
        "cloudstack_network_hypervisor_links_uplink_names_refused",
        "cloudstack_network_open_vswitch_bridge_cut_off",
    ),
)
STORAGE_WITHOUT_UPLINK = Metric(
    "cloudstack_network_physical_networks_storage_label_without_uplink",
    "Whether the bridge of storage traffic alone has no port that the agent would take for its uplink.",
    labels=PER_LABEL,
    problem=above(0),
    subject="host",
)
EXTRA_UPLINKS = Metric(
    "cloudstack_network_physical_networks_label_extra_uplinks",
    "Ports beyond the first of a label's bridge that the agent might take for its uplink; it takes any of them.",
    labels=PER_LABEL,
    problem=above(0),
    subject="host",
)
SWITCHED_OFF = Metric(
    "cloudstack_network_physical_networks_label_switched_off",
    "Whether the bridge, uplink or interface that a traffic label leads to is switched off on the host.",
    labels=PER_LABEL,
    problem=above(0),
    subject="host",
)
UNLIKE_AGENT = Metric(
    "cloudstack_network_physical_networks_labels_unlike_agent",
    "Labels of management and untagged public or guest traffic that differ from agent.properties where that counts.",
    labels=PER_HOST,
    problem=above(0),
)
ADJUST_AGENT = (
    "Set private.network.device, public.network.device and (Open vSwitch) guest.network.device in agent.properties to "
    "the labels and restart cloudstack-agent, or set the labels back: one that is changed later never reaches it."
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Judge every device that the labels of the zone, or the agent in their place, name on this host."""
    if not is_kvm(target):
        return
    found = found_places(target, answers, cloud)
    by_device: defaultdict[str, list[Place]] = defaultdict(list)
    for place in found:
        if place.kind != "unknown":
            by_device[place.device].append(place)
    for device, on_it in by_device.items():
        yield from _judge_device(target, answers, cloud, device, on_it)
    if AGENT in answers.values and not {"listVlanIpRanges", "listNetworks"} & cloud.lacks.keys():
        yield from _judge_agent(target, answers, cloud, found)


def _judge_device(target: HostTarget, answers: Answers, cloud: Cloud, device: str, on_it: list[Place]) -> Samples:
    labels = (*names(target, cloud), device)
    judged = is_judged(target, cloud, answers.now)
    words = _words(on_it)
    metric, without = MISSING, WITHOUT_UPLINK
    if all(place.traffic == "Storage" for place in on_it):
        if not has_storage_network(cloud, target.host.zone_id):
            return  # without addresses of its own, storage traffic is management traffic
        metric, without = STORAGE_MISSING, STORAGE_WITHOUT_UPLINK
    place = on_it[0]
    is_missing = place.kind == "missing"
    if not is_missing or _is_confirmed(target, answers, cloud, device, "missing"):
        yield metric.sample(
            *labels,
            value=int(judged and is_missing),
            seen=f"no {device} on the host",
            expected=f"a bridge for {words}",
            remedy=FIX_LABEL if place.label else CORRECT_LABEL,
        )
    if not is_missing and (place.uplinks or _is_confirmed(target, answers, cloud, device, "without uplink")):
        yield _without(without, place, labels, words, judged=judged)
        yield from _judge_uplinks(answers[LINKS], place, labels, words, judged=judged)


def _is_confirmed(target: HostTarget, answers: Answers, cloud: Cloud, device: str, what: str) -> bool:
    """Return whether the label was not only moved a minute ago."""
    return confirmed(answers, cloud, target.host.id, device, what, shown_by=(LINKS,))


def _without(metric: Metric, place: Place, labels: tuple[str, ...], words: str, *, judged: bool) -> Sample:
    others = f"; other ports: {', '.join(sorted(place.others)[:3])}" if place.others else ""
    return metric.sample(
        *labels,
        value=int(judged and not place.uplinks),
        seen=f"no uplink in {place.device}{others}",
        expected=f"one uplink, named as the agent knows them, for {words}",
    )


def _judge_uplinks(links: Links, place: Place, labels: tuple[str, ...], words: str, *, judged: bool) -> Samples:
    yield EXTRA_UPLINKS.sample(
        *labels,
        value=judged * max(len(place.uplinks) - 1, 0),
        seen=f"uplinks {', '.join(sorted(place.uplinks)[:5])}",
        expected="one uplink; two NICs belong into a bond",
        remedy="Take all but one uplink out of the bridge, or make them one bond: two uplinks are also a loop.",
    )
    off = _switched_off(links, place)
    yield SWITCHED_OFF.sample(
        *labels,
        value=int(judged and bool(off)),
        seen=f"switched off: {', '.join(off)}",
        expected=f"up, for {words}",
        remedy="ip link set up the interface named here, and see why the network configuration left it off.",
    )


def _switched_off(links: Links, place: Place) -> tuple[str, ...]:
    """Return what is off; the own port of an Open vSwitch bridge may be, its traffic does not pass there."""
    ways = place.uplinks if place.kind == "openvswitch" else (place.device, *place.uplinks)
    return tuple(dict.fromkeys(name for name in ways if name in links.by_name and not links.by_name[name].is_up))


def _judge_agent(target: HostTarget, answers: Answers, cloud: Cloud, found: tuple[Place, ...]) -> Samples:
    """Compare labels with the devices that the agent uses whatever the label says."""
    own = {place: device for place in found if place.label and (device := _own(place, answers[AGENT], cloud))}
    unlike = [f"{place.traffic} {device}" for place, device in own.items() if place.label != device]
    if unlike and not confirmed(answers, cloud, target.host.id, "agent", *sorted(unlike), shown_by=(AGENT,)):
        return
    labels = ", ".join(sorted({f"{place.traffic} {place.label}" for place in own}))
    yield UNLIKE_AGENT.sample(
        *names(target, cloud),
        value=len(unlike) if is_judged(target, cloud, answers.now) else 0,
        seen=f"agent.properties: {', '.join(unlike)}",
        expected=f"as labelled: {labels}",
        remedy=ADJUST_AGENT,
    )


def _own(place: Place, agent: Agent, cloud: Cloud) -> str:
    """Return the device that the agent takes instead of the label; empty where there is none, or nobody needs it.

    Source: plug() of BridgeVifDriver and OvsVifDriver: private NICs, untagged public ones, and with Open vSwitch alone
    untagged guest ones.
    """
    if place.traffic == "Management":
        return agent.private
    if place.traffic == "Public":
        zone_id = cloud.physical_networks[place.physical_network_id].zone_id
        ranges = (one for one in cloud.vlan_ranges.values() if one.is_public and one.zone_id == zone_id)
        return agent.public if any(is_untagged(one.vlan) for one in ranges) else ""
    guest = agent.guest or agent.private if place.traffic == "Guest" and agent.is_openvswitch else ""
    return guest if guest != place.label and has_untagged_guests(cloud, place.physical_network_id) else ""


def _words(on_it: list[Place]) -> str:
    """Return which traffic a device is for: Guest, Public (label cloudbr0)."""
    traffic = ", ".join(sorted({place.traffic for place in on_it}))
    return f"{traffic} traffic ({'label' if any(place.label for place in on_it) else 'no label, by the agent'})"


CHECK = Check(
    title="Traffic labels on hosts",
    metrics=(
        MISSING,
        STORAGE_MISSING,
        WITHOUT_UPLINK,
        STORAGE_WITHOUT_UPLINK,
        EXTRA_UPLINKS,
        SWITCHED_OFF,
        UNLIKE_AGENT,
    ),
    remedies=(FIX_LABEL, CORRECT_LABEL),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: USED},
    reads=(*READS, "listStorageNetworkIpRange", "listVlanIpRanges", "listNetworks"),
    judges_cloud=True,
)
