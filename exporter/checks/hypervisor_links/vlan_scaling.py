"""How many VLANs, bridges and ports a host carries, against what it can.

Symptom: starts of instances get slower and slower, then fail: the kernel takes no port more into a bridge.
Detect:  ip link: VLAN devices, bridges, interfaces of every kind, ports of the largest bridge.
Fix:     spread networks over more hosts; remove bridges that were left behind.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.links import LINKS
from exporter.thresholds import BRIDGE_PORTS_MANY, HOST_BRIDGES_MANY, HOST_INTERFACES_MANY, HOST_VLANS_MANY
from exporter.topology.hosts import is_judged, names

INTERFACES = gauge(
    "interfaces",
    "Network interfaces of the host of every kind, by ip link; 0 while the host is held back.",
    problem=above(HOST_INTERFACES_MANY),
)
BRIDGES = gauge(
    "bridges",
    "Linux bridges of the host, by ip link; 0 while the host is held back.",
    problem=above(HOST_BRIDGES_MANY),
)
VLANS = gauge(
    "vlan_devices",
    "VLAN devices of the host, by ip link; 0 while the host is held back.",
    problem=above(HOST_VLANS_MANY),
)
PORTS = gauge(
    "bridge_ports_most",
    "Ports of the Linux bridge that has most of them, of 1023, by ip link; 0 while the host is held back.",
    problem=above(BRIDGE_PORTS_MANY),
)
SPREAD = "Spread networks over more hosts or clusters, and look for bridges that were left behind without machines."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the numbers of one host; zero while it is held back, so that an alert that fired ends."""
    host, links, judged = names(target, cloud), answers[LINKS], is_judged(target, cloud, answers.now)
    bridges = {bridge.name: len(links.ports.get(bridge.name, ())) for bridge in links.of_kind("bridge")}
    numbers = (
        (INTERFACES, len(links.by_name), HOST_INTERFACES_MANY, "interfaces"),
        (BRIDGES, len(bridges), HOST_BRIDGES_MANY, "Linux bridges"),
        (VLANS, len(links.of_kind("vlan")), HOST_VLANS_MANY, "VLAN devices"),
    )
    for metric, number, most, what in numbers:
        yield metric.sample(
            *host, value=judged * number, seen=f"{number} {what}", expected=f"at most {most}", remedy=SPREAD
        )
    largest = max(bridges, key=bridges.__getitem__, default="")
    ports = bridges.get(largest, 0)
    yield PORTS.sample(
        *host,
        value=judged * ports,
        seen=f"{largest} has {ports} of 1023",
        expected=f"at most {BRIDGE_PORTS_MANY}",
        remedy=SPREAD,
    )


CHECK = Check(
    title="VLAN scaling",
    metrics=(INTERFACES, BRIDGES, VLANS, PORTS),
    remedies=(SPREAD,),
    judges={HostTarget: judge},
    asks={HostTarget: (LINKS,)},
)
