"""VLANs of which a host only sends.

Symptom: a machine asks for its gateway for ever; others hear it, and it hears nobody.
Detect:  counters of the VLAN device: frames sent between visits and none received, while others of its network run.
Fix:     the switch port: VLAN pruned in one direction, a private VLAN, port security or storm control.
"""

from __future__ import annotations

from collections import defaultdict

from exporter.checks.vlan_trunking.wiring import READS, SEES, Wiring, network_name, wiring
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance, Router
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.links import LINKS, Link
from exporter.thresholds import ROWS_PER_TARGET, VLAN_ONE_WAY_FRAMES
from exporter.topology.hosts import is_judged, names
from exporter.topology.vlans import expected_nics

ONE_WAY = Metric(
    "cloudstack_network_vlan_trunking_one_way_vlans",
    "VLANs on which the host sends and has heard nothing on several visits while others of the network run elsewhere.",
    labels=("zone", "cluster", "host", "physical_network"),
    problem=above(0),
    subject="host",
    follows=("cloudstack_network_vlan_trunking_mismatches",),
)
ROW = Metric(
    "cloudstack_network_vlan_trunking_one_way_sent_frames",
    "Frames sent between the last two visits on a VLAN that the host hears nothing of; only while there are any.",
    labels=("zone", "cluster", "host", "physical_network", "vlan"),
)
SWITCH = (
    "Look at this VLAN on the switch port of the host: allowed in both directions, no port security, no private VLAN."
)
TAP = "On the host: tcpdump -eni <VLAN device>; frames that arrive at the NIC and not here are lost on the host."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield per physical network how many VLANs are one-way; a VLAN on which nothing is sent is quiet, not broken."""
    before = answers.before(LINKS)
    if before is None or not is_judged(target, cloud, answers.now):
        return
    view, host = wiring(target, answers, cloud), target.host.id
    devices = {(link.parent, link.vlan): link for link in view.links.of_kind("vlan")}
    rows: list[tuple[int, str, str]] = []
    for (network, pif, vlan), members in _used(view, host, cloud).items():
        device = devices.get((pif, vlan))
        sent = _sent_in_vain(device, before[0].by_name.get(device.name)) if device else 0
        if not device or sent < VLAN_ONE_WAY_FRAMES or not _runs_elsewhere(members, host, cloud):
            continue
        if confirmed(answers, cloud, "one-way", host, device.name, shown_by=(LINKS,)):
            rows.append((sent, network, device.name))
    rows.sort(key=lambda row: (-row[0], row[1:]))
    for network, found in view.found().items():
        if all(place.kind == "openvswitch" for place in found):
            continue  # its VLANs have no devices that count
        silent = [(sent, device) for sent, own, device in rows if own == network]
        yield ONE_WAY.sample(
            *names(target, cloud),
            network_name(cloud, network),
            value=len(silent),
            seen=", ".join(f"{device} sent {sent} frames and heard none" for sent, device in silent[:3]),
            expected="frames in both directions while others of the network run on other hosts",
        )
    for sent, network, device_name in rows[:ROWS_PER_TARGET]:
        vlan_text = device_name.rpartition(".")[2]
        yield ROW.sample(*names(target, cloud), network_name(cloud, network), vlan_text, value=sent)


def _used(view: Wiring, host_id: str, cloud: Cloud) -> dict[tuple[str, str, int], set[str]]:
    """Return the networks in each VLAN in which a machine of this host speaks: by physical network, pif and VLAN.

    Routers of a pair speak all the time without asking for an answer, so they alone prove nothing.
    """
    used: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    for expected in expected_nics(cloud, host_id):
        place = view.place(expected.physical_network_id, expected.nic.traffic_type)
        router = cloud.routers.get(expected.machine.id)
        number = expected.segment.number
        if not (place and place.pif and expected.segment.is_vlan and number and expected.machine.is_running):
            continue
        if router is None or not router.is_redundant:
            used[expected.physical_network_id, place.pif, number].add(expected.nic.network_id)
    return used


def _sent_in_vain(now: Link, before: Link | None) -> int:
    """Return the frames sent between two visits, 0 when any was received or the device was made anew."""
    if before is None or before.index != now.index or now.counters.rx_packets != before.counters.rx_packets:
        return 0
    return max(now.counters.tx_packets - before.counters.tx_packets, 0)


def _runs_elsewhere(network_ids: set[str], host_id: str, cloud: Cloud) -> bool:
    """Return whether a machine that speaks of itself runs in one of the networks on another host.

    Looked for only when a VLAN is suspected, so that its cost does not follow the number of visits.
    """
    instances = (vm for one in network_ids for vm in cloud.instances_by_network.get(one, ()))
    routers = (
        router
        for router in cloud.routers.values()
        if not router.is_redundant and any(nic.network_id in network_ids for nic in router.nics)
    )
    return any(_is_elsewhere(vm, host_id) for vm in instances) or any(_is_elsewhere(vm, host_id) for vm in routers)


def _is_elsewhere(machine: Instance | Router, host_id: str) -> bool:
    return machine.is_running and bool(machine.host_id) and machine.host_id != host_id


CHECK = Check(
    title="One-way VLANs",
    metrics=(ONE_WAY, ROW),
    remedies=(SWITCH, TAP),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
    uses={HostTarget: SEES},
    reads=READS,
    judges_cloud=True,
)
