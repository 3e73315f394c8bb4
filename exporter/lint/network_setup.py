"""Which program of an image sets up its networks, and which DHCP client it runs."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.lint.files import Files
from exporter.lint.interfaces import Iface, ifaces
from exporter.lint.profile_settings import configured
from exporter.lint.reading import first_of, program, some, text

WANTS = ("/etc/systemd/system/multi-user.target.wants", "/etc/systemd/system/sysinit.target.wants")


@dataclass(frozen=True, slots=True)
class Setup:
    """How an image gets its addresses.

    Attributes:
        manager: netplan | ifupdown | network_manager | network_scripts | networkd; empty when none was found.
        client: dhclient | dhcpcd | udhcpc | network_manager | networkd; empty when none was found.
    """

    manager: str = ""
    client: str = ""


async def setup(files: Files) -> Setup:
    """Return which manager is in force, and with which DHCP client: the first that has settings, or is switched on."""
    if await some(files, "/etc/netplan", "*.yaml"):
        renderer = await _netplan_renderer(files)
        return Setup("netplan", await _of_network_manager(files) if renderer == "NetworkManager" else "networkd")
    if dynamic(await ifaces(files)):
        return Setup("ifupdown", await _of_scripts(files))
    if await _is_wanted(files, "NetworkManager.service"):
        return Setup("network_manager", await _of_network_manager(files))
    if await _is_wanted(files, "systemd-networkd.service"):
        return Setup("networkd", "networkd")
    if await some(files, "/etc/sysconfig/network-scripts", "ifcfg-*"):
        return await _red_hat(files)
    return Setup("", await _of_scripts(files))


def dynamic(found: tuple[Iface, ...]) -> tuple[Iface, ...]:
    """Return the interfaces that ask DHCP."""
    return tuple(one for one in found if one.method == "dhcp")


async def _netplan_renderer(files: Files) -> str:
    """Return the renderer that the last file names; a line of text is enough to see it."""
    found = ""
    for path in await some(files, "/etc/netplan", "*.yaml"):
        for line in (await text(files, path) or "").splitlines():
            key, _, value = line.strip().partition(":")
            found = value.strip().strip("'\"") if key == "renderer" else found
    return found


async def _is_wanted(files: Files, unit: str) -> bool:
    return await first_of(files, *(f"{folder}/{unit}" for folder in WANTS)) is not None


async def _of_network_manager(files: Files) -> str:
    """Return its client: its own, unless dhcp= names another one that is installed."""
    _, chosen = await configured(files, "dhcp")
    if chosen in {"dhclient", "dhcpcd"} and await program(files, chosen):
        return chosen
    return "network_manager"


async def _of_scripts(files: Files) -> str:
    """Return the client that ifupdown and scripts take: the first of these that is installed."""
    for client in ("dhclient", "udhcpc", "dhcpcd"):
        if await program(files, client):
            return client
    return ""


async def _red_hat(files: Files) -> Setup:
    if await first_of(files, "/etc/rc.d/init.d/network", "/etc/init.d/network"):
        return Setup("network_scripts", await _of_scripts(files))
    if await program(files, "NetworkManager"):
        return Setup("network_manager", await _of_network_manager(files))
    return Setup("", await _of_scripts(files))
