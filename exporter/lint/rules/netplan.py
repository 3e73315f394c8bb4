"""netplan: settings that fit only the machine on which the template was made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from exporter.lint.files import Files
from exporter.lint.kernel import is_other_name, names_are_classic
from exporter.lint.netplan import Nic, nics
from exporter.lint.rule import About, Found, Rule


def _bound(found: tuple[Nic, ...], *, classic: bool | None) -> Iterator[Found]:
    """Yield what binds NICs to an address; and to a name, when every one has a name that guests will hardly have."""
    for nic in found:
        if nic.is_bound_to_address:
            yield Found(nic.path, f"{nic.id}: match: macaddress: {nic.match['macaddress']}")
    named = [nic for nic in found if nic.name]
    if len(found) == len(named) == 1 and is_bound_name(named[0].name, classic=classic):
        yield Found(named[0].path, f"only for a NIC called {named[0].name}")


def is_bound_name(name: str, *, classic: bool | None) -> bool:
    """Return whether a NIC with this id alone leaves others without network; eth0 where NICs are called so does not."""
    return is_other_name(name, classic=classic) or name != "eth0"


async def bound(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield NICs bound to a MAC address, or to the one name that stands there."""
    for found in _bound(await nics(files), classic=await names_are_classic(files)):
        yield found


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
        remedy='Use match: {name: "e*"} with dhcp4: true, without macaddress and set-name.',
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
