"""The switch ports behind a host's NICs, as LLDP names them, and the VLANs that should pass them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from exporter.cloud.cloud import Cloud
from exporter.questions.hosts.lldp import Neighbour
from exporter.topology.vlans import expected_nics


def told_port(neighbours: tuple[Neighbour, ...]) -> Neighbour | None:
    """Return the switch port of a NIC; none where several speak, because nobody can tell which one it is."""
    return neighbours[0] if len(neighbours) == 1 else None


def port_name(port: Neighbour) -> str:
    """Return switch and port for people."""
    return f"{port.chassis_name or port.chassis} {port.port}".strip()


def vlans_in_use(cloud: Cloud, host_id: str) -> Mapping[str, frozenset[int]]:
    """Return the VLANs that running machines of a host use with a tag, by physical network id."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    for expected in expected_nics(cloud, host_id):
        if expected.machine.is_running and expected.segment.is_vlan and expected.segment.number:
            used[expected.physical_network_id].add(expected.segment.number)
    return {network: frozenset(vlans) for network, vlans in used.items()}
