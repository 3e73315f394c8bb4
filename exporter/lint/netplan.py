"""netplan's files, as they are together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.lint.cloud_init import renews
from exporter.lint.cloud_network import own_network
from exporter.lint.files import Files
from exporter.lint.kernel import is_fixed
from exporter.lint.reading import is_true, mapping, part, some, text
from exporter.model import UnreadableError

STACKED = ("bonds", "bridges")
FOLDER = "/etc/netplan"


@dataclass(frozen=True, slots=True)
class Stacked:
    """A bond or a bridge, and the ids of what it is made of."""

    id: str
    path: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nic:
    """What netplan says of one id below ``ethernets``: all files together, in their order."""

    id: str
    path: str  # of the last file that speaks of it
    settings: Mapping[str, Any]

    @property
    def match(self) -> Mapping[str, Any]:
        """Return by what its NIC is found; empty when the id is the name."""
        return part(self.settings.get("match"), f"match of {self.id}")

    @property
    def is_bound_to_address(self) -> bool:
        """Return whether it fits one MAC address only."""
        return bool(self.match.get("macaddress"))

    @property
    def name(self) -> str:
        """Return the one name that its NIC must have, empty when there is no such."""
        if any(self.match.get(key) for key in ("driver", "macaddress", "path")):
            return ""
        name = str(self.match.get("name") or self.id) if self.match else self.id
        return name if is_fixed(name) else ""

    @property
    def is_dynamic(self) -> bool:
        """Return whether it asks DHCP."""
        return is_true(self.settings.get("dhcp4")) or is_true(self.settings.get("dhcp6"))


def ethernets(content: str) -> dict[str, Mapping[str, Any]]:
    """Return what one file says below network.ethernets; raises UnreadableError when it is no netplan."""
    return _ethernets(part(mapping(content).get("network"), "network"))


def _ethernets(network: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = part(network.get("ethernets"), "ethernets")
    return {id_: part(settings, id_) for id_, settings in found.items()}


def stacked(content: str, path: str) -> tuple[Stacked, ...]:
    """Return the bonds and bridges of one file; raises UnreadableError when it is no netplan."""
    return _stacked(part(mapping(content).get("network"), "network"), path)


async def stacked_by_cloud_init(files: Files) -> tuple[Stacked, ...]:
    """Return the bonds and bridges that cloud-init makes by its settings; raises UnreadableError as ``own_network``."""
    path, network = await own_network(files)
    return _stacked(network, path)


def _stacked(network: Mapping[str, Any], path: str) -> tuple[Stacked, ...]:
    found = []
    for kind in STACKED:
        for id_, settings in part(network.get(kind), kind).items():
            members = part(settings, id_).get("interfaces")
            found.append(Stacked(id_, path, tuple(map(str, members)) if isinstance(members, list) else ()))
    return tuple(found)


async def nics(files: Files) -> tuple[Nic, ...]:
    """Return the NICs that are no members of anything, of all files that cloud-init does not renew.

    Those by which cloud-init writes its file are among them.

    Raises:
        UnreadableError: a file cannot be read as netplan, or one of cloud-init's settings as such.
    """
    own_path, own = await own_network(files)
    found = {id_: Nic(id_, own_path, settings) for id_, settings in _ethernets(own).items()}
    members = {id_ for one in _stacked(own, own_path) for id_ in one.members}
    for path in await some(files, FOLDER, "*.yaml"):
        content = await text(files, path) or ""
        if await renews(files, path, content):
            continue
        members |= {id_ for one in stacked(content, path) for id_ in one.members}
        for id_, settings in _named(path, content).items():
            before = found[id_].settings if id_ in found else {}
            found[id_] = Nic(id_, path, {**before, **settings})
    return tuple(nic for nic in found.values() if nic.id not in members)


def _named(path: str, content: str) -> dict[str, Mapping[str, Any]]:
    try:
        return ethernets(content)
    except UnreadableError as error:
        message = f"{path}: {error}"
        raise UnreadableError(message) from error
