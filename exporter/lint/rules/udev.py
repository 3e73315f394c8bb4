"""Names that udev keeps for the NICs of the machine on which the template was made (the talk's "eth0, eth1")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from exporter.lint.files import Files, Kind
from exporter.lint.reading import first_of, has_content, lines, some, text
from exporter.lint.rule import About, Found, Rule, each

NET = re.compile(r'SUBSYSTEM\s*==\s*"net"')
ADDRESS = re.compile(r'(?:ATTRS?|SYSFS)\{address\}\s*==\s*"([^"]*)"', re.IGNORECASE)
NAMES = re.compile(r'\bNAME\s*:?=\s*"')
A_MAC = re.compile(r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$", re.IGNORECASE)
GENERATOR = "75-persistent-net-generator.rules"


def bound_lines(content: str) -> list[str]:
    """Return the rules that give a NIC with a certain MAC address its name."""
    found = []
    for line in lines(content):
        address = ADDRESS.search(line)
        if address and A_MAC.match(address[1]) and NET.search(line) and NAMES.search(line):
            found.append(line)
    return found


async def persistent(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield rules files that name NICs by MAC address."""

    async def look(path: str) -> AsyncIterator[Found]:
        bound = bound_lines(await text(files, path) or "")
        if bound:
            yield Found(path, bound[0])

    async for found in each(await some(files, "/etc/udev/rules.d", "*.rules"), look):
        yield found


async def generator(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield the generator of such rules where nothing stands over it in /etc: an empty file or /dev/null."""
    mask = f"/etc/udev/rules.d/{GENERATOR}"
    if await files.kind(mask) is Kind.LINK or (await files.kind(mask) and not await has_content(files, mask)):
        return
    path = await first_of(files, f"/lib/udev/rules.d/{GENERATOR}", f"/usr/lib/udev/rules.d/{GENERATOR}")
    if path:
        yield Found(path, "writes 70-persistent-net.rules at each boot")


RULES = (
    Rule(
        name="persistent_net_rules",
        severity="high",
        breaks="The NIC of every guest becomes eth1, because eth0 is kept for the machine the template was made on.",
        remedy="Delete /etc/udev/rules.d/70-persistent-net.rules as the last thing before the machine is shut down.",
        judge=persistent,
    ),
    Rule(
        name="persistent_net_generator",
        severity="info",
        breaks="A guest that gets another MAC address, or a template made of it, has its NIC renamed.",
        remedy=f"ln -s /dev/null /etc/udev/rules.d/{GENERATOR}, and no 70-persistent-net.rules.",
        judge=generator,
    ),
)
