"""/etc/network/interfaces (ifupdown): settings that leave guests without network."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.cloud_init import cloud_init
from exporter.lint.files import Files
from exporter.lint.interfaces import MAIN, Iface, ifaces
from exporter.lint.kernel import is_fixed, only_for_others
from exporter.lint.network_setup import dynamic, setup
from exporter.lint.reading import program
from exporter.lint.rule import About, Found, Rule

HELPER = "/etc/network/cloud-ifupdown-helper"
"""Of Debian's cloud images: udev starts it for each NIC, and it writes a stanza with DHCP below /run."""


async def without_dhcp(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield that no interface asks DHCP and is brought up, where nothing but ifupdown would do it.

    Where cloud-init or Debian's helper writes stanzas for guests only an address that stands there does harm.
    """
    found = tuple(one for one in await ifaces(files) if not one.stacked and not one.renewed)
    if any(one.starts for one in dynamic(found)):
        return
    written = await _is_written(files)
    harmful = tuple(one for one in found if not written or (one.method == "static" and one.starts))
    if harmful:
        yield Found(harmful[0].path, _words(harmful))
    elif not found and not written and await _is_alone(files):
        yield Found(MAIN, "no iface but lo")


async def _is_written(files: Files) -> bool:
    """Return whether a guest writes its own stanzas when it starts."""
    return await files.kind(HELPER) is not None or (await cloud_init(files)).writes_network


async def _is_alone(files: Files) -> bool:
    """Return whether ifupdown is there, and no other manager that sets up NICs which stand in no stanza."""
    if not await program(files, "ifup") or await files.kind(MAIN) is None:
        return False
    return (await setup(files)).manager in {"", "ifupdown"}


def _words(found: tuple[Iface, ...]) -> str:
    asking = dynamic(found)
    if asking:
        return f"iface {asking[0].name} inet dhcp, and neither auto nor allow-hotplug {asking[0].name}"
    return f"iface {found[0].name} inet {found[0].method}"


async def bound_to_name(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield what asks DHCP under a name that guests will hardly have, where no other name does."""
    found = [one for one in dynamic(await ifaces(files)) if one.starts and not one.stacked and not one.renewed]
    names = [one for one in found if not one.name.startswith("/") and is_fixed(one.name)]
    if len(names) == len(found) and await only_for_others(files, {one.name for one in names}):
        yield Found(names[0].path, f"iface {names[0].name} inet dhcp")


RULES = (
    Rule(
        name="interfaces_without_dhcp",
        severity="high",
        breaks="Guests do not ask DHCP: they have no address, or that of the machine the template was made on.",
        remedy="Write auto eth0 and iface eth0 inet dhcp, and delete the addresses.",
        judge=without_dhcp,
    ),
    Rule(
        name="interfaces_name",
        severity="medium",
        breaks="Where the hypervisor puts the NIC into another slot it has another name, and the guest no network.",
        remedy="Boot with net.ifnames=0 biosdevname=0 and use eth0.",
        judge=bound_to_name,
    ),
)
