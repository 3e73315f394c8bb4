"""The NICs of a hypervisor host that carry something: driver, firmware, speed, errors, offloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.model import Question, UnreadableError, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class NicFacts:
    """One NIC (bus device) that is a port of a bridge, bond or switch, or below a VLAN device.

    Attributes:
        pci_id: vendor:device in hex, or empty; firmware is compared only among NICs of one pci_id and driver.
        speed: Mb/s, None when down or not told.
        duplex: full | half | empty.
        carrier_changes: since the NIC was made; None when not told.
        offloads: on or off by name, as ethtool -k names them (large-receive-offload, rx-vlan-offload, ...).
        errors: driver counters of ethtool -S that tell of bad frames, and rx_broadcast/rx_multicast where told.
    """

    name: str
    driver: str = ""
    driver_version: str = ""
    firmware: str = ""
    bus: str = ""
    pci_id: str = ""
    speed: int | None = None
    duplex: str = ""
    carrier_changes: int | None = None
    offloads: Mapping[str, bool] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)


def read_nics(text: str) -> Mapping[str, NicFacts]:
    """Return the NICs by name."""
    raise UnreadableError(text[:0] + "no reader yet")


NICS: Question[Mapping[str, NicFacts]] = Question(
    "host_nics",
    Via.HOST,
    "exit 127",
    read_nics,
    privilege="root for ethtool on some drivers; sysfs is for all",
    why="Driver, firmware, speed, duplex, flaps, offloads and bad frames of the NICs in use.",
    seconds=5.0,
    size=524_288,
)
