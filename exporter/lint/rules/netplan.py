"""netplan: settings that fit only the machine on which the template was made."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.files import Files
from exporter.lint.kernel import are_old_and_new, names_are_classic
from exporter.lint.netplan import nics
from exporter.lint.rule import About, Found, Rule


async def bound(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield NICs bound to a MAC address; and names, when every NIC has one and none is a guest's."""
    found = await nics(files)
    for nic in found:
        if nic.is_bound_to_address:
            yield Found(nic.path, f"{nic.id}: match: macaddress: {nic.match['macaddress']}")
    names = {nic.name for nic in found}
    if found and "" not in names and await _are_of_others(files, names):
        for nic in found:
            yield Found(nic.path, f"only for a NIC called {nic.name}")


async def _are_of_others(files: Files, names: set[str]) -> bool:
    """Return whether NICs with these ids leave all others without network; eth0 where NICs are called so does not."""
    if are_old_and_new(names):
        return False
    return "eth0" not in names or await names_are_classic(files) is False


async def static(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield NICs with addresses of their own, or without DHCP."""
    for nic in await nics(files):
        if nic.settings.get("addresses"):
            yield Found(nic.path, f"{nic.id}: addresses")
        elif not nic.is_dynamic:
            yield Found(nic.path, f"{nic.id}: no dhcp4: true")


RULES = (
    Rule(
        name="netplan_bound",
        severity="high",
        breaks="The NIC of a guest has another MAC address or another name, so nothing is set up for it.",
        remedy='Use match: {name: "e*"} with dhcp4: true, without macaddress and set-name; delete what the installer of'
        " Ubuntu left in /etc/cloud/cloud.cfg.d: 90-installer-network.cfg and 99-installer.cfg.",
        judge=bound,
    ),
    Rule(
        name="netplan_static",
        severity="high",
        breaks="Guests do not ask DHCP and take the address of the machine the template was made on, or none.",
        remedy="Set dhcp4: true and delete addresses, gateway4 and routes.",
        judge=static,
    ),
)
