"""Which VLAN a NIC of a machine belongs to, by CloudStack, and how that looks on a host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Nic
from exporter.cloud.placement import Placed

URI = re.compile(r"(?:(?P<scheme>[a-z]+)://)?(?P<value>[A-Za-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Segment:
    """What a broadcast URI names.

    Attributes:
        scheme: vlan | vxlan | pvlan | ... ; a bare number is a vlan.
        number: VLAN id, VNI, or the primary VLAN of a private VLAN; None for untagged.
    """

    scheme: str
    number: int | None

    @property
    def is_vlan(self) -> bool:
        """Return whether it is a plain VLAN or untagged, which CloudStack bridges on hosts."""
        return self.scheme == "vlan"


def segment(uri: str) -> Segment | None:
    """Return what ``vlan://123``, ``vlan://untagged``, ``vxlan://5001``, ``pvlan://100-i200`` or ``123`` names.

    None for what is no single segment (trunk lists like 100-110, unknown words).
    """
    found = URI.fullmatch(uri.strip().lower())
    if not found:
        return None
    scheme, value = found["scheme"] or "vlan", found["value"]
    if value == "untagged":
        return Segment(scheme, None)
    if scheme == "pvlan":
        value = value.partition("-")[0]
    return Segment(scheme, int(value)) if value.isdecimal() else None


@dataclass(frozen=True, slots=True)
class ExpectedNic:
    """A NIC that should be plugged on a host, and into which segment of which physical network."""

    machine: Placed
    nic: Nic
    physical_network_id: str
    segment: Segment


def expected_nics(cloud: Cloud, host_id: str) -> Iterator[ExpectedNic]:
    """Yield the guest and public NICs of machines on a host whose segment and physical network CloudStack tells."""
    for machine in cloud.placed_by_host.get(host_id, ()):
        for nic in machine.nics:
            found = segment(nic.broadcast_uri) if nic.broadcast_uri else None
            network = cloud.networks.get(nic.network_id)
            physical = network.physical_network_id if network else cloud.physical_by_network.get(nic.network_id, "")
            if found is not None and physical and nic.mac and nic.traffic_type in ("Guest", "Public"):
                yield ExpectedNic(machine, nic, physical, found)
