"""Settings of networks that cloud-init wrote on the machine the template was made on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from exporter.lint.cloud_init import renews
from exporter.lint.files import Files
from exporter.lint.reading import lines, some, text
from exporter.lint.rule import About, Found, Rule, each

A_MAC = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b", re.IGNORECASE)
PLACES = (
    ("/etc/netplan", "*.yaml"),
    ("/etc/sysconfig/network-scripts", "ifcfg-*"),
    ("/etc/sysconfig/network", "ifcfg-*"),
    ("/etc/network/interfaces.d", "*"),
    ("/etc/systemd/network", "*.network"),
    ("/etc/NetworkManager/system-connections", "*"),
)


async def baked(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield files that cloud-init wrote, and will write anew, that hold a MAC address."""

    async def look(path: str) -> AsyncIterator[Found]:
        content = await text(files, path) or ""
        bound = next((line for line in lines(content) if A_MAC.search(line)), "")
        if bound and await renews(files, path, content):
            yield Found(path, bound)

    paths = [path for folder, pattern in PLACES for path in await some(files, folder, pattern)]
    async for found in each(paths, look):
        yield found


RULES = (
    Rule(
        name="cloud_init_network",
        severity="medium",
        breaks="Until cloud-init writes the file anew the guest has no network; it does so only for a new instance id.",
        remedy="Delete the file and run cloud-init clean before the machine is shut down.",
        judge=baked,
    ),
)
