"""What cloud.cfg(.d) says itself of the networks of guests; Ubuntu's installer writes it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.lint.cloud_init import cloud_init, network_settings
from exporter.lint.files import Files
from exporter.lint.reading import part

DHCP4 = ("dhcp", "dhcp4")


async def own_network(files: Files) -> tuple[str, Mapping[str, Any]]:
    """Return the file, and the networks as netplan has them; both empty when nothing stands there, or nobody reads it.

    cloud-init writes the settings of each guest's networks by it, whatever CloudStack says.

    Raises:
        UnreadableError: a file of its settings cannot be read as such.
    """
    path, network = await network_settings(files)
    if not network or network.get("config") == "disabled" or not (await cloud_init(files)).runs:
        return "", {}
    return path, second(network)


def second(network: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings of version 1 as those of version 2, which are netplan's; raises UnreadableError for others.

    **Source**: cloud-init's documentation, "Networking config Version 1".
    """
    config = network.get("config")
    if not isinstance(config, list):
        return network
    found: dict[str, dict[str, Mapping[str, Any]]] = {"ethernets": {}, "bonds": {}, "bridges": {}}
    for one in config:
        entry = part(one, "an entry of config")
        name, kind = str(entry.get("name", "")), entry.get("type")
        if kind == "physical":
            found["ethernets"][name] = dict(_nic(entry))
        elif kind in {"bond", "bridge"}:
            found[f"{kind}s"][name] = {"interfaces": entry.get(f"{kind}_interfaces")}
    return found


def _nic(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the settings of one NIC."""
    if entry.get("mac_address"):
        yield "match", {"macaddress": str(entry["mac_address"])}
    given = entry.get("subnets")
    for one in given if isinstance(given, list) else ():
        subnet = part(one, "a subnet")
        if subnet.get("type") in DHCP4:
            yield "dhcp4", "true"
        if str(subnet.get("type")).startswith(("dhcp6", "ipv6_dhcp")):
            yield "dhcp6", "true"
        if subnet.get("address"):
            yield "addresses", [subnet["address"]]
