"""Which NICs on a host must be guarded by security groups now, and what every check of them needs for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exporter.checks.security_groups.chains import is_named
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Nic
from exporter.cloud.placement import Placed
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Metric, Question, Samples
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.links import LINKS, Links
from exporter.topology.hosts import Hypervisor, is_judged, names
from exporter.topology.labels import is_uplink

NEEDED: tuple[Question[Any], ...] = (DOMAINS, LINKS)
"""The questions without which the functions of this module cannot tell."""
READS = ("listNetworks", "listVirtualMachines")
"""The API commands that they rest on."""
HOST = ("zone", "cluster", "host")
VM = (*HOST, "vm")
OVS = "ovs-system"
PASSED_THROUGH = frozenset({"direct", "hostdev", "vdpa", "vhostuser"})
"""Kinds of NICs, by libvirt, whose frames never come to the host's own network: no rule of it reaches them."""


@dataclass(frozen=True, slots=True)
class PluggedNic:
    """A NIC of a machine that runs on the host, by CloudStack and by libvirt.

    Attributes:
        network: None when CloudStack does not tell which.
        kind: how it is plugged, by libvirt: bridge | network | direct | hostdev | ...
        tap: empty where it has none.
        bridge: the bridge that its tap is a port of; ``ovs-system`` for any of Open vSwitch; empty when it is in none.
        domain: libvirt's number for this run.
    """

    machine: Placed
    nic: Nic
    network: Network | None
    kind: str
    tap: str
    bridge: str
    domain: int

    @property
    def is_guarded(self) -> bool:
        """Return whether security groups must guard it: a user's machine in a network with that service."""
        return self.machine.kind == "instance" and self.network is not None and has_groups(self.network)

    @property
    def passed_through(self) -> str:
        """Return why no rule of the host reaches it, however it is guarded; empty when rules can."""
        if self.kind not in PASSED_THROUGH:
            return ""
        return f"{self.nic.mac} is passed through to the machine ({self.kind}), no rule of the host reaches it"


def has_groups(network: Network) -> bool:
    """Return whether a network has the service; it is a property of each network, not of the zone."""
    return "SecurityGroup" in network.services


def uses_groups(cloud: Cloud, zone_id: str) -> bool:
    """Return whether there is any network with security groups in the zone."""
    return any(network.zone_id == zone_id and has_groups(network) for network in cloud.networks.values())


def is_watched(target: Hypervisor, answers: Answers, cloud: Cloud) -> bool:
    """Return whether faults of this host are judged: one that is in use."""
    return is_judged(target, cloud, answers.now)


def held_back(target: Hypervisor, cloud: Cloud, *metrics: Metric) -> Samples:
    """Yield that nothing is wrong with a host that is held back on purpose and answers: so an alert of before ends."""
    for metric in metrics:
        yield metric.sample(*names(target, cloud), value=0)


def plugged_nics(target: HostTarget, answers: Answers, cloud: Cloud) -> Iterator[PluggedNic]:
    """Yield the NICs of machines that run here by both words; one that starts, is paused or migrates is not judged."""
    domains, links = answers[DOMAINS], answers[LINKS]
    for machine in cloud.placed_by_host.get(target.host.id, ()):
        domain = domains.get(machine.name)
        if domain is None or not domain.is_running or not machine.is_running or not is_named(machine.name):
            continue
        by_mac = {interface.mac: interface for interface in domain.interfaces}
        for nic in machine.nics:
            if (interface := by_mac.get(nic.mac.lower())) is not None:
                tap = links.by_name.get(interface.tap)
                network, bridge = cloud.networks.get(nic.network_id), tap.master if tap else ""
                yield PluggedNic(machine, nic, network, interface.kind, interface.tap, bridge, domain.id)


def guarded_nics(target: HostTarget, answers: Answers, cloud: Cloud) -> tuple[PluggedNic, ...]:
    """Return the NICs on this host that security groups must guard."""
    return tuple(nic for nic in plugged_nics(target, answers, cloud) if nic.is_guarded)


def is_certain(target: HostTarget, answers: Answers, cloud: Cloud, *key: str, by: Question[Any]) -> bool:
    """Return whether a fault was shown twice, with a refresh of the Cloud between; rules come as a machine starts."""
    return confirmed(answers, cloud, *key, target.host.id, shown_by=(by, DOMAINS))


def uplinks(links: Links, bridge: str) -> tuple[str, ...]:
    """Return the ports of a bridge that lead out of the host."""
    return tuple(port for port in links.ports.get(bridge, ()) if is_uplink(port))


def listed(words: list[str], most: int = 5) -> str:
    """Return words for people: the first ones, and how many there are more."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return "; ".join(words[:most]) + more
