"""systemd-networkd and systemd's .link files: settings that fit only one machine."""

from __future__ import annotations

import fnmatch
from collections.abc import AsyncIterator
from dataclasses import dataclass

from exporter.lint.cloud_init import cloud_init, renews
from exporter.lint.files import Files
from exporter.lint.kernel import is_fixed, only_for_others
from exporter.lint.network_setup import setup
from exporter.lint.reading import entries, is_true, some, text
from exporter.lint.rule import About, Found, Rule, each

FOLDER = "/etc/systemd/network"
GUEST_NICS = ("eth0", "ens3", "enp1s0")
"""Names that a guest's first NIC may have."""
ABOVE = ("Bridge", "Bond", "VRF", "BatmanAdvanced", "MACVLAN", "VLAN")
"""Where one of these is given, what stands on the NIC has the address."""
OF_ANY = frozenset({"Name", "OriginalName", "Type"})
"""By what a file may be for the NIC of every guest; by others, as Driver or Virtualization, it may be for none."""
MERGED = ("Name", "OriginalName", "MACAddress", "PermanentMACAddress")
"""What several lines say together; an empty one takes back what was said."""
LONGEST = 128  # letters of a NIC's name, alternative ones too; a longer pattern fits none and may be made to cost
VIRTUAL = ("bridge", "bond", "vlan", "loopback", "wlan", "veth", "dummy", "wireguard")


@dataclass(frozen=True, slots=True)
class Unit:
    """One .network or .link file of a wired NIC."""

    path: str
    match: dict[str, str]
    network: dict[str, str]
    own_address: str = ""
    is_managed: bool = True

    @property
    def address(self) -> str:
        """Return the MAC address to which it is bound, empty when to none."""
        return self.match.get("MACAddress") or self.match.get("PermanentMACAddress") or ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names or patterns to which it is bound."""
        given = self.match.get("Name") or self.match.get("OriginalName") or ""
        return tuple(given.split())

    def fits(self, nic: str) -> bool:
        """Return whether it is for a NIC of this name, whatever its address; behind ! stands what is left out."""
        kept = [name for name in self.names if not name.startswith("!")]
        left = [name[1:] for name in self.names if name.startswith("!")]
        return not self.address and _is_among(nic, kept or ["*"]) and not _is_among(nic, left)

    @property
    def is_dynamic(self) -> bool:
        """Return whether it asks DHCP for an IPv4 address."""
        asks = self.network.get("DHCP", "no").lower()
        return is_true(asks) or asks in {"ipv4", "both"}

    @property
    def is_left_alone(self) -> bool:
        """Return whether it asks nobody for an address, nor leaves that to a bridge on top of it, or to others.

        Of a file that may be for no guest at all that is not said.
        """
        if not self.is_managed or not self.match.keys() <= OF_ANY:
            return False
        asks = self.network.get("DHCP", "no").lower() == "ipv6" or is_true(self.network.get("IPv6AcceptRA"))
        return not asks and not self.is_dynamic and not any(self.network.get(key) for key in ABOVE)

    @property
    def is_loopback(self) -> bool:
        """Return whether it is about nothing but lo, or about devices that are no NICs."""
        kinds = (self.match.get("Type", ""), self.match.get("Kind", ""))
        return self.names == ("lo",) or any(kind in VIRTUAL for kind in kinds)


def unit(path: str, content: str) -> Unit:
    """Return what a file says."""
    said: dict[str, dict[str, str]] = {}
    for section, key, value in entries(content):
        here = said.setdefault(section, {})
        here[key] = f"{here.get(key, '')} {value}".strip() if value and key in MERGED else value
    network = said.get("Network", {})
    own = network.get("Address") or said.get("Address", {}).get("Address", "")
    managed = not is_true(said.get("Link", {}).get("Unmanaged"))
    return Unit(path, said.get("Match", {}), network, own, managed)


def _is_among(nic: str, patterns: list[str]) -> bool:
    return any(len(pattern) <= LONGEST and fnmatch.fnmatchcase(nic, pattern) for pattern in patterns)


async def _units(files: Files, pattern: str) -> list[Unit]:
    """Return the files of wired NICs that cloud-init does not renew."""
    found = []
    for path in await some(files, FOLDER, pattern):
        content = await text(files, path) or ""
        for more in await some(files, f"{path}.d", "*.conf"):
            content += f"\n{await text(files, more) or ''}"
        one = unit(path, content)
        if one.match and not one.is_loopback and not await renews(files, path, content):
            found.append(one)
    return found


async def bound(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield files for one MAC address; and for a name that guests will hardly have, if none is for all NICs."""
    units = await _units(files, "*.network")
    for one in units:
        if one.address:
            yield Found(one.path, f"MACAddress={one.address}")
    named = [one for one in units if not one.address]
    names = {name for one in named for name in one.names}
    if all(one.names for one in named) and all(map(is_fixed, names)) and await only_for_others(files, names):
        for one in named:
            yield Found(one.path, f"Name={' '.join(one.names)}")


async def static(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield files that set an address and do not ask for one, and files for guests' NICs that do neither."""
    left, alone = {*GUEST_NICS}, list[str]()  # the first file that fits counts
    for one in await _units(files, "*.network"):
        fitting = {nic for nic in left if one.fits(nic)}
        left -= fitting
        if one.own_address and not one.is_dynamic:
            yield Found(one.path, f"Address={one.own_address}")
        elif not one.own_address and fitting and one.is_left_alone:
            alone.append(one.path)
    if alone and not await _others_come_first(files):
        for path in alone:
            yield Found(path, "no DHCP=yes")


async def _others_come_first(files: Files) -> bool:
    """Return whether a guest's NIC has settings of netplan or cloud-init, whose files come before, or is others'."""
    return (await setup(files)).manager not in {"networkd", ""} or (await cloud_init(files)).writes_network


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
        breaks="Guests do not ask DHCP and take the address of the machine the template was made on, or none.",
        remedy="Set DHCP=yes below [Network] and delete Address, Gateway and the section [Address].",
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
