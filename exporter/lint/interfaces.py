"""/etc/network/interfaces and what it includes, as ifupdown reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from exporter.lint.cloud_init import renews
from exporter.lint.files import Files
from exporter.lint.reading import lines, some, text

MAIN = "/etc/network/interfaces"
FOLDER = "/etc/network/interfaces.d"
STACKED = ("bond-slaves", "bond_slaves", "bridge_ports", "bridge-ports", "ovs_bonds", "slaves", "bond-members")
UNTOLD = "manual"
"""The method of ``iface <name>`` alone, as ifupdown-ng (Alpine) has it: the lines below say more."""


@dataclass(frozen=True, slots=True)
class Iface:
    """One stanza ``iface <name> inet <method>``, or ``iface <name>`` of ifupdown-ng; not of the loopback.

    Attributes:
        stacked: the line that makes a bond or bridge of it, empty when none does.
        starts: it is brought up at boot.
        renewed: it stands in a file that cloud-init writes anew in a new guest.
    """

    path: str
    name: str
    method: str
    stacked: str = ""
    starts: bool = False
    renewed: bool = False


def stanzas(content: str, path: str) -> tuple[list[Iface], set[str]]:
    """Return the IPv4 stanzas of one file, and the names that it brings up at boot."""
    found: list[Iface] = []
    started: set[str] = set()
    for line in lines(content):
        words = line.split()
        if words[0] == "auto" or words[0].startswith("allow-"):
            started |= set(words[1:])
        elif words[0] == "iface" and len(words) > 1:
            found.append(Iface(path, words[1], _method(words)))
        elif found and found[-1].method == UNTOLD and (words[:2] == ["use", "dhcp"] or words[0] == "address"):
            found[-1] = replace(found[-1], method="dhcp" if words[0] == "use" else "static")
        elif words[0] in STACKED and found and words[1:] != ["none"]:
            found[-1] = replace(found[-1], stacked=line)
    return [one for one in found if one.name != "lo"], started


def _method(words: list[str]) -> str:
    """Return the IPv4 method of a stanza, empty when it is about something else."""
    if len(words) == 2 or words[2] == "inherits":
        return UNTOLD
    return words[3] if words[2] == "inet" and len(words) > 3 else ""


async def ifaces(files: Files) -> tuple[Iface, ...]:
    """Return the IPv4 stanzas of the main file and of the folder, if that is included."""
    main = await text(files, MAIN)
    if main is None:
        return ()
    found, started = stanzas(main, MAIN)
    renewed: set[str] = set()
    if any(line.startswith("source") for line in lines(main)):
        for path in await some(files, FOLDER, "*"):
            content = await text(files, path) or ""
            more, names = stanzas(content, path)
            found, started = [*found, *more], started | names
            if more and await renews(files, path, content):
                renewed.add(path)
    return tuple(
        replace(one, starts=_is_started(one.name, started), renewed=one.path in renewed) for one in found if one.method
    )


def _is_started(name: str, started: set[str]) -> bool:
    """Return whether ``auto`` or ``allow-`` lines name it; a pattern there may stand for it."""
    return name in started or any(set("/*?[") & set(pattern) for pattern in started)
