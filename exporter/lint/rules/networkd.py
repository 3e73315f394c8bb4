"""systemd-networkd and systemd's .link files: settings that fit only one machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from exporter.lint.cloud_init import renews
from exporter.lint.files import Files
from exporter.lint.kernel import is_fixed, names_are_classic, only_for_others
from exporter.lint.reading import entries, is_true, some, text
from exporter.lint.rule import About, Found, Rule, each

FOLDER = "/etc/systemd/network"
VIRTUAL = ("bridge", "bond", "vlan", "loopback", "wlan", "veth", "dummy", "wireguard")


@dataclass(frozen=True, slots=True)
class Unit:
    """One .network or .link file of a wired NIC."""

    path: str
    match: dict[str, str]
    network: dict[str, str]

    @property
    def address(self) -> str:
        """Return the MAC address to which it is bound, empty when to none."""
        return self.match.get("MACAddress") or self.match.get("PermanentMACAddress") or ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names or patterns to which it is bound."""
        given = self.match.get("Name") or self.match.get("OriginalName") or ""
        return tuple(given.split())

    @property
    def is_loopback(self) -> bool:
        """Return whether it is about nothing but lo, or about devices that are no NICs."""
        kinds = (self.match.get("Type", ""), self.match.get("Kind", ""))
        return self.names == ("lo",) or any(kind in VIRTUAL for kind in kinds)


def unit(path: str, content: str) -> Unit:
    """Return what a file says."""
    said: dict[str, dict[str, str]] = {}
    for section, key, value in entries(content):
        said.setdefault(section, {})[key] = value
    return Unit(path, said.get("Match", {}), said.get("Network", {}))


async def _units(files: Files, pattern: str) -> list[Unit]:
    """Return the files of wired NICs that cloud-init does not renew."""
    found = []
    for path in await some(files, FOLDER, pattern):
        content = await text(files, path) or ""
        one = unit(path, content)
        if one.match and not one.is_loopback and not await renews(files, path, content):
            found.append(one)
    return found


async def bound(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield files for one MAC address; and for a name that guests will hardly have, if none is for all NICs."""
    units, classic = await _units(files, "*.network"), await names_are_classic(files)
    for one in units:
        if one.address:
            yield Found(one.path, f"MACAddress={one.address}")
    named = [one for one in units if not one.address]
    names = {name for one in named for name in one.names}
    if all(one.names for one in named) and all(map(is_fixed, names)) and only_for_others(names, classic=classic):
        for one in named:
            yield Found(one.path, f"Name={' '.join(one.names)}")


async def static(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield files that set an address and do not ask for one."""
    for one in await _units(files, "*.network"):
        asks = one.network.get("DHCP", "no").lower()
        if one.network.get("Address") and not (is_true(asks) or asks in {"ipv4", "both"}):
            yield Found(one.path, f"Address={one.network['Address']}")


async def links(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield .link files that give a name to one MAC address."""

    async def look(path: str) -> AsyncIterator[Found]:
        one = unit(path, await text(files, path) or "")
        if one.address:
            yield Found(path, f"MACAddress={one.address}")

    async for found in each(await some(files, FOLDER, "*.link"), look):
        yield found


RULES = (
    Rule(
        name="networkd_bound",
        severity="high",
        breaks="The NIC of a guest has another MAC address or another name, so nothing is set up for it.",
        remedy="Match by pattern: Name=e* below [Match], with DHCP=yes.",
        judge=bound,
    ),
    Rule(
        name="networkd_static",
        severity="high",
        breaks="Guests do not ask DHCP and take the address of the machine the template was made on.",
        remedy="Set DHCP=yes below [Network] and delete Address and Gateway.",
        judge=static,
    ),
    Rule(
        name="networkd_link",
        severity="high",
        breaks="The name is kept for the NIC of the machine the template was made on; a guest's NIC gets another one.",
        remedy="Delete the .link file.",
        judge=links,
    ),
)
