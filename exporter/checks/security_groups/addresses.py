"""The addresses that CloudStack gave to a NIC, and the sets of addresses that its machine may send from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address

from exporter.checks.security_groups.chains import chains_of
from exporter.cloud.objects import Nic
from exporter.cloud.placement import Placed

Sets = Mapping[str, tuple[str, ...]]
MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII)


def of_nic(nic: Nic) -> tuple[str, ...]:
    """Return the IPv4 addresses of a NIC."""
    return (nic.address, *nic.secondary) if nic.address else nic.secondary


def of_nic6(nic: Nic) -> tuple[str, ...]:
    """Return the IPv6 addresses of a NIC that the agent lets it use: also the link-local one that its MAC makes."""
    mac = nic.mac.lower()
    if not MAC.fullmatch(mac):
        return nic.addresses6
    octets = bytes.fromhex(mac.replace(":", ""))
    made = IPv6Address(b"\xfe\x80" + bytes(6) + bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:])
    return (str(made), *nic.addresses6)


def missing(machine: Placed, nic: Nic, sets: Sets) -> str:
    """Return which addresses of a NIC its machine may not send from, with why; empty when it may from all.

    Only where CloudStack gave it an address of that family: nobody misses the link-local address of the others.
    """
    chains = chains_of(machine.name)
    for name, given, wanted in (
        (chains.addresses, nic.address, of_nic(nic)),
        (chains.addresses6, nic.addresses6, of_nic6(nic)),
    ):
        if given and name not in sets:
            return f"the address set {name} is missing"
        if given and (lacks := [one for one in wanted if one not in sets[name]]):
            return f"{' and '.join(lacks[:3])} is missing in the address set {name}"
    return ""


def strange(machine: Placed, sets: Sets) -> str:
    """Return from which addresses that are not its own a machine may send; empty when none. Its NICs share the sets."""
    chains = chains_of(machine.name)
    for name, own in (
        (chains.addresses, [address for nic in machine.nics for address in of_nic(nic)]),
        (chains.addresses6, [address for nic in machine.nics for address in of_nic6(nic)]),
    ):
        if foreign := {*sets.get(name, ())} - {*own}:
            return f"the address set {name} holds {some(foreign)}, which CloudStack did not give to the machine"
    return ""


def some(addresses: Iterable[str]) -> str:
    """Return the first addresses for people, and how many there are more."""
    shown = sorted(addresses)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
