"""What is on the hypervisor of the tests, told once: the machine, the rules and the API are made from it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

HOST = "kvm1"
GUEST_BRIDGE, MANAGEMENT_BRIDGE, CONTROL_BRIDGE = "cloudbr1", "cloudbr0", "cloud0"
GUEST_UPLINK, MANAGEMENT_VLAN = "bond0", 100
INITIAL = ("_initial_", -1)


@dataclass(frozen=True, slots=True)
class Plug:
    """One NIC of a guest.

    Attributes:
        vlan: of its guest network, None for an untagged one; for other traffic not used.
        traffic: Guest | Management | Control.
    """

    tap: str
    mac: str
    address: str
    vlan: int | None = None
    traffic: str = "Guest"

    @property
    def bridge(self) -> str:
        """Return the bridge that the agent plugs it into. Source: BridgeVifDriver."""
        other = {"Management": MANAGEMENT_BRIDGE, "Control": CONTROL_BRIDGE}.get(self.traffic)
        return other or (GUEST_BRIDGE if self.vlan is None else f"br{GUEST_UPLINK}-{self.vlan}")

    @property
    def gateway(self) -> str:
        """Return the first address of its network."""
        return str(ipaddress.ip_interface(f"{self.address}/24").network[1])


@dataclass(frozen=True)
class Guest:
    """A machine on the hypervisor; ``log`` is signature and sequence number of its rules."""

    name: str
    plugs: tuple[Plug, ...]
    secondaries: tuple[str, ...] = ()
    log: tuple[str, int] = ("d41d8cd98f00b204e9800998ecf8427e", 1)

    @property
    def is_instance(self) -> bool:
        """Return whether it belongs to a user."""
        return self.name.startswith("i-")

    @property
    def number(self) -> int:
        """Return CloudStack's number of it."""
        return int(self.name.split("-")[-2])

    @property
    def secured(self) -> tuple[Plug, ...]:
        """Return the NICs in networks with security groups."""
        return tuple(plug for plug in self.plugs if plug.traffic == "Guest")


@dataclass(frozen=True)
class Scene:
    """The guests that run, in libvirt's order, and the VLANs that the switch and CloudStack know."""

    guests: tuple[Guest, ...]

    @cached_property
    def plugs(self) -> tuple[Plug, ...]:
        """Return every NIC."""
        return tuple(plug for guest in self.guests for plug in guest.plugs)

    @cached_property
    def vlans(self) -> tuple[int, ...]:
        """Return the VLANs of guest networks that are in use."""
        return tuple(sorted({plug.vlan for plug in self.plugs if plug.vlan is not None}))

    @cached_property
    def bridges(self) -> dict[str, str]:
        """Return bridge -> uplink of those that guest NICs with security groups are plugged into."""
        found = {GUEST_BRIDGE: GUEST_UPLINK} if any(plug.bridge == GUEST_BRIDGE for plug in self.plugs) else {}
        return found | {f"br{GUEST_UPLINK}-{vlan}": f"{GUEST_UPLINK}.{vlan}" for vlan in self.vlans}


SMALL = Scene(
    (
        Guest(
            "s-1-VM",
            (
                Plug("vnet0", "0e:00:a9:fe:10:01", "169.254.16.1", traffic="Control"),
                Plug("vnet1", "1e:00:0a:00:00:11", "10.100.0.31", traffic="Management"),
                Plug("vnet2", "1e:00:b4:00:00:02", "10.1.1.9"),
            ),
            log=INITIAL,
        ),
        Guest("i-2-55-VM", (Plug("vnet12", "1e:00:b4:00:00:05", "10.1.1.55"),)),
        Guest("i-2-56-VM", (Plug("vnet13", "1e:00:b4:00:00:06", "10.1.1.56"),), ("10.1.1.156", "10.1.1.157")),
        Guest("i-3-61-VM", (Plug("vnet15", "02:00:5c:3a:00:07", "10.12.34.61", 1234),)),
        Guest("i-3-62-VM", (Plug("vnet16", "02:00:5c:3a:00:08", "10.13.0.62", 1300),)),
        Guest(
            "i-2-70-VM",
            (
                Plug("vnet17", "1e:00:b4:00:00:70", "10.1.1.70"),
                Plug("vnet18", "1e:00:b4:00:00:71", "10.12.34.70", 1234),
            ),
        ),
    )
)


def large(vlans: int, guests: int) -> Scene:
    """Return a scene with so many more VLANs and guests, each guest on a VLAN and each VLAN with a NIC."""
    return Scene((*SMALL.guests, *_many(vlans, guests)))


def _many(vlans: int, guests: int) -> Iterator[Guest]:
    numbers = iter(range(vlans))
    for guest in range(guests):
        share = vlans // guests + (guest < vlans % guests)
        plugs = [
            Plug(
                f"vnet{100 + number}",
                f"1e:00:b5:00:{number >> 8:02x}:{number & 255:02x}",
                f"10.{32 + (number >> 8)}.{number & 255}.10",
                2000 + number,
            )
            for number, _ in zip(numbers, range(share), strict=False)
        ]
        yield Guest(f"i-4-{1000 + guest}-VM", tuple(plugs))
