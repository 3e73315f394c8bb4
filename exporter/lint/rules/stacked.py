"""Bonds and bridges in an image: a guest of CloudStack has one plain NIC per network."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.files import Files
from exporter.lint.interfaces import ifaces
from exporter.lint.netplan import FOLDER, stacked, stacked_by_cloud_init
from exporter.lint.reading import assignments, entries, some, text
from exporter.lint.rule import About, Found, Rule, each
from exporter.lint.rules.ifcfg import paths

KEYS = ("MASTER", "BRIDGE", "OVS_BRIDGE", "TEAM_MASTER", "BONDING_MASTER", "BONDING_OPTS")
TYPES = ("bond", "bridge", "team", "ovs-bridge")


async def bonds(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield every file that makes a bond or bridge, or puts a NIC into one."""
    async for found in each(
        (_ifcfg, _profiles, _netplan, _cloud_init, _interfaces, _networkd), lambda one: one(files, about)
    ):
        yield found


async def _ifcfg(files: Files, _about: About) -> AsyncIterator[Found]:
    for path in await paths(files):
        settings = assignments(await text(files, path) or "")
        key = next((key for key in KEYS if settings.get(key)), "")
        if key:
            yield Found(path, f"{key}={settings[key]}")
        elif settings.get("TYPE", "").lower() in TYPES:
            yield Found(path, f"TYPE={settings['TYPE']}")


async def _profiles(files: Files, _about: About) -> AsyncIterator[Found]:
    for path in await some(files, "/etc/NetworkManager/system-connections", "*"):
        for section, key, value in entries(await text(files, path) or ""):
            if (section, key) == ("connection", "type") and value in TYPES:
                yield Found(path, f"type={value}")


async def _netplan(files: Files, _about: About) -> AsyncIterator[Found]:
    for path in await some(files, FOLDER, "*.yaml"):
        for one in stacked(await text(files, path) or "", path):
            yield Found(path, f"{one.id} of {', '.join(one.members) or 'nothing'}")


async def _cloud_init(files: Files, _about: About) -> AsyncIterator[Found]:
    for one in await stacked_by_cloud_init(files):
        yield Found(one.path, f"{one.id} of {', '.join(one.members) or 'nothing'}")


async def _interfaces(files: Files, _about: About) -> AsyncIterator[Found]:
    for one in await ifaces(files):
        if one.stacked:
            yield Found(one.path, f"{one.name}: {one.stacked}")


async def _networkd(files: Files, _about: About) -> AsyncIterator[Found]:
    for path in await some(files, "/etc/systemd/network", "*.netdev"):
        for section, key, value in entries(await text(files, path) or ""):
            if (section, key) == ("NetDev", "Kind") and value in TYPES:
                yield Found(path, f"Kind={value}")


RULES = (
    Rule(
        name="bond_or_bridge",
        severity="high",
        breaks="The bond or bridge waits for NICs that a guest does not have, or stands in for the one that it has.",
        remedy="Delete bonds and bridges: hosts have them, guests have one plain NIC per network.",
        judge=bonds,
    ),
)
