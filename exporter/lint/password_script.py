"""The script that asks the router for a guest's password, in any of its versions, and how it finds the router."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.lint.files import Files
from exporter.lint.network_setup import Setup
from exporter.lint.reading import lines, some, text

NAME = "*cloud-set-guest-password*"
FOLDERS = (
    "/etc/init.d", "/etc/rc.d/init.d", "/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/opt",
    "/etc/cloud", "/etc/network/if-up.d", "/var/lib/cloud/scripts/per-boot", "/usr/lib/cloud", "/root",
)  # fmt: skip
UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
OTHER_NAMES = ("/etc/rc.local", "/etc/rc.d/rc.local")
SPEAKS = re.compile(r"DomU_Request:\s*send_my_password")
IP_ROUTE = re.compile(r"ip\s+(?:-4\s+)?r(?:oute)?\b")
LEASE_FILES = re.compile(r"/var/(?:lib|db)/(?:dhclient|dhcp3|dhcp|dhcpcd5?|NetworkManager)\b[^\s\"';)]*")


@dataclass(frozen=True, slots=True)
class Script:
    """What a password script rests on.

    Attributes:
        lease_files: paths or patterns in which it looks for dhcp-server-identifier.
        asks: tools that it asks for the server: netplan, nmcli, networkctl, dhcpcd.
        falls_back: it takes the name data-server, or the gateway, when nothing else tells.
        fetches: the program with which it speaks to the router: wget or curl, empty when with neither.
    """

    path: str
    lease_files: tuple[str, ...]
    asks: frozenset[str]
    falls_back: bool
    fetches: str

    def finds_router(self, setup: Setup) -> bool:
        """Return whether it can find the router in a guest whose addresses come as ``setup`` says."""
        if self.falls_back:
            return True
        known = {
            "dhclient": self._knows(setup),
            "dhcpcd": "dhcpcd" in self.asks or any("dhcpcd" in path for path in self.lease_files),
            "network_manager": "nmcli" in self.asks,
            "networkd": bool(self.asks & {"networkctl"}) or (setup.manager == "netplan" and "netplan" in self.asks),
        }
        return known.get(setup.client, False)

    def _knows(self, setup: Setup) -> bool:
        """Return whether it looks where dhclient writes, for a NIC that is called eth0 at least."""
        if setup.manager in {"network_manager", "netplan"}:
            own = ("/var/lib/NetworkManager",)
            return "nmcli" in self.asks or any(path.startswith(own) for path in self.lease_files)
        return any(path.startswith(("/var/lib/dhclient", "/var/lib/dhcp", "/var/db/dh")) for path in self.lease_files)


def script(path: str, content: str) -> Script:
    """Return what the text of a script says; comments do not count."""
    said = "\n".join(lines(content))
    tools = {"netplan": r"netplan\s+ip\s+leases", "nmcli": r"\bnmcli\b", "networkctl": r"networkctl|systemd/netif"}
    tools["dhcpcd"] = r"\bdhcpcd\b\s+(?:-U|--dumplease)"
    return Script(
        path=path,
        lease_files=tuple(dict.fromkeys(LEASE_FILES.findall(said))),
        asks=frozenset(name for name, words in tools.items() if re.search(words, said)),
        falls_back="data-server" in said or any(map(_asks_gateway, lines(content))),
        fetches=next((tool for tool in ("wget", "curl") if re.search(rf"\b{tool}\b", said)), ""),
    )


def _asks_gateway(line: str) -> bool:
    """Return whether a line takes the third word of the default route: ``ip route | awk '/default/ {print $3}'``.

    Word by word, as one pattern for all of it would try every pair of them in a line that somebody made long.
    """
    asks = IP_ROUTE.search(line)
    return asks is not None and "$3" in line[asks.end() :].partition("default")[2]


async def scripts(files: Files) -> tuple[Script, ...]:
    """Return every password script of an image: by its name, or by what it says."""
    paths = [path for folder in FOLDERS for path in await some(files, folder, NAME)]
    found = []
    for path in (*paths, *OTHER_NAMES):
        content = await text(files, path) or ""
        if SPEAKS.search(content) or (path in paths and content.startswith("#!")):
            found.append(script(path, content))
    return tuple(found)


async def units(files: Files) -> tuple[str, ...]:
    """Return the units that run such a script."""
    return tuple([path for folder in UNITS for path in await some(files, folder, NAME)])
