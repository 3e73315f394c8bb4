"""Ports of machines in another VLAN than CloudStack's.

Symptom: a machine without network, or in the network of somebody else.
Detect:  tag, mode and trunks of the port with the NIC's MAC (attached-mac, else libvirt's word) against its VLAN.
Fix:     stop and start the machine: libvirt writes the tag again. Nothing else may set tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.checks.open_vswitch.watched import READS, SEES, few, gauge, label_places, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase, OvsPort
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import names
from exporter.topology.labels import Place
from exporter.topology.vlans import ExpectedNic, expected_nics

WRONG = gauge(
    "tags_wrong",
    "Ports of running machines that are in Open vSwitch not, or not only, in the VLAN of the NIC in CloudStack.",
    problem=above(0),
)
ROW = gauge(
    "tag_wrong",
    "The tag (0 for none) of a port that is not in the VLAN of the label vlan, or not only in it; only while it is so.",
    "vm",
    "port",
    "vlan",
)
RESTART = "Stop and start the machine, or migrate it: libvirt plugs it with the VLAN of CloudStack again."
LOOK = "Look who set the tag: ovs-vsctl list Port PORT, and the shell history of the host. CloudStack writes it once."
PLUGGED = ("bridge", "network", "vhostuser")
"""Kinds of NICs that are plugged into a switch; libvirt passes others through (hostdev, direct)."""
Ways = frozenset[tuple[str, str]]  # physical network id and traffic type


@dataclass(frozen=True, slots=True)
class Plugged:
    """A NIC that should be in a VLAN, and the port it is in."""

    expected: ExpectedNic
    port: OvsPort

    @property
    def vlan(self) -> str:
        """Return the VLAN of CloudStack."""
        number = self.expected.segment.number
        return "untagged" if number is None else str(number)

    @property
    def is_wrong(self) -> bool:
        """Return whether the port is anything but an access port of the VLAN, as libvirt makes it; tag 0 is none.

        A port that was made a trunk hears and may send in VLANs of others, even where its tag is right.
        """
        return (self.port.tag or None) != (self.expected.segment.number or None) or bool(self.trunk)

    @property
    def trunk(self) -> str:
        """Return what makes more of the port than an access port, in words of Open vSwitch."""
        mode = "" if self.port.vlan_mode in ("", "access") else f"vlan_mode {self.port.vlan_mode}"
        trunks = f"trunks {','.join(map(str, self.port.trunks[:5]))}" if self.port.trunks else ""
        return ", ".join(filter(None, (mode, trunks)))


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many ports are in a wrong VLAN, on two visits with a refresh of the Cloud between them.

    Not that none is while nobody tells which port a NIC is in, or where its traffic lies.
    """
    database = answers[OVS_DATABASE]
    if database is None:
        return
    wrong = [
        one
        for one in _plugged(target, answers, cloud, database)
        if one.is_wrong and _is_confirmed(target, answers, cloud, one)
    ]
    if not wrong and not _is_told(target, answers, cloud, database):
        return
    host = names(target, cloud)
    words = [f"{one.expected.machine.name} at {one.port.name}: {_seen(one)}" for one in wrong]
    yield WRONG.sample(
        *host, value=len(wrong), seen=few(words), expected="each port in the VLAN of its NIC alone", remedy=RESTART
    )
    for one in wrong[:ROWS_PER_TARGET]:
        yield ROW.sample(*host, one.expected.machine.name, one.port.name, one.vlan, value=one.port.tag or 0)


def _seen(one: Plugged) -> str:
    tag = f"tag {one.port.tag or 'none'}, not {one.vlan}"
    return f"{one.trunk}, not only {one.vlan}" if one.trunk else tag


def _is_confirmed(target: HostTarget, answers: Answers, cloud: Cloud, one: Plugged) -> bool:
    key = ("tag", target.host.id, one.expected.nic.mac, one.vlan, str(one.port.tag), one.trunk)
    return confirmed(answers, cloud, *key, shown_by=(OVS_DATABASE,))


def _plugged(target: HostTarget, answers: Answers, cloud: Cloud, database: OvsDatabase) -> Iterator[Plugged]:
    """Yield the NICs in plain VLANs of running machines that have a port in a bridge which a label names.

    A label that names a bridge inside a VLAN of another (a fake bridge) has tags of its own and is left out, as are
    private VLANs, which flows make.
    """
    switched, _ = _ways(target, answers, cloud, database)
    ports = _ports(answers, database)
    for expected in expected_nics(cloud, target.host.id):
        port = ports.get(expected.nic.mac.lower())
        is_here = (expected.physical_network_id, expected.nic.traffic_type) in switched
        if port and is_here and expected.segment.is_vlan and expected.machine.is_running:
            yield Plugged(expected, port)


def _is_told(target: HostTarget, answers: Answers, cloud: Cloud, database: OvsDatabase) -> bool:
    """Return whether each place is known, and the port of each NIC that is plugged into the switch."""
    switched, unknown = _ways(target, answers, cloud, database)
    ports = _ports(answers, database)
    return not any(
        (way := (one.physical_network_id, one.nic.traffic_type)) in unknown
        or (way in switched and one.nic.mac.lower() not in ports and _is_plugged(one, answers))
        for one in expected_nics(cloud, target.host.id)
        if one.segment.is_vlan and one.machine.is_running
    )


def _is_plugged(one: ExpectedNic, answers: Answers) -> bool:
    """Return whether a NIC should have a port: not where libvirt has no such NIC, or passes it through.

    Of a machine on DPDK libvirt may tell no name of the port, and nothing else tells it.
    """
    if DOMAINS not in answers.values:
        return True
    domain = answers[DOMAINS].get(one.machine.name)
    interfaces = domain.interfaces if domain and domain.is_running else ()
    return any(card.mac == one.nic.mac.lower() and card.kind in PLUGGED for card in interfaces)


def _ways(target: HostTarget, answers: Answers, cloud: Cloud, database: OvsDatabase) -> tuple[Ways, Ways]:
    """Return the traffic types whose label names a bridge of Open vSwitch, and those of which nobody told."""
    found = label_places(target, answers, cloud)
    switched = [place for place in found if place.kind == "openvswitch" and place.device in database.bridges]
    unknown = [place for place in found if place.kind == "unknown"]
    return _types(switched), _types(unknown)


def _types(found: list[Place]) -> Ways:
    return frozenset((place.physical_network_id, place.traffic) for place in found)


def _ports(answers: Answers, database: OvsDatabase) -> Mapping[str, OvsPort]:
    """Return the ports of machines by MAC: what libvirt wrote into the database counts before what it says."""
    taps = {
        interface.mac: interface.tap
        for domain in (answers.get(DOMAINS) or {}).values()
        for interface in domain.interfaces
        if interface.tap
    }
    said = {mac: database.ports[tap] for mac, tap in taps.items() if tap in database.ports}
    attached = {
        interface.attached_mac: port
        for port in database.ports.values()
        for interface in port.interfaces
        if interface.attached_mac and interface.ofport != -1
    }
    return {**said, **attached}


CHECK = Check(
    title="Open vSwitch tags",
    metrics=(WRONG, ROW),
    remedies=(RESTART, LOOK),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_DATABASE,)},
    uses={HostTarget: (*SEES, DOMAINS)},
    reads=(*READS, "listNetworks", "listVirtualMachines", "listRouters", "listVlanIpRanges"),
    judges_cloud=True,
)
