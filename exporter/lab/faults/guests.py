"""Faults of guests as their routers see them: templates that do not come up, routers that do not serve. All in east."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.world import World
from exporter.model import Issue

TEMPLATES = Issue.TEMPLATES
SETTLED, WINDOWS_SETTLED = 1000, 2500
"""Seconds after which guests, and those with Windows, are no longer waited for."""


@fault(TEMPLATES, "suspected", after=SETTLED)
def template_guests_silent(world: World) -> None:
    """The NIC of every machine of debian-12 has another name inside than its configuration: they never ask."""
    for router in world.routers:
        if router.zone is world.zones[0]:
            guests = [one for one in world.served(router) if one.template == "debian-12"]
            router.unheard |= {one.nic.address for one in guests}


@fault(TEMPLATES, "router_silent", after=WINDOWS_SETTLED)
def router_guests_silent(world: World) -> None:
    """No guest of r-9-VM asks or answers, whatever its template."""
    router = world.router(9)
    router.unheard = {one.nic.address for one in world.served(router)}


@fault(TEMPLATES, "router_silent", after=WINDOWS_SETTLED)
def router_equal_guests_silent(world: World) -> None:
    """All guests of r-9-VM are of debian-12 and silent, while those behind other routers are heard."""
    router = world.router(9)
    for guest in world.served(router):
        guest.template = "debian-12"
    router.unheard = {one.nic.address for one in world.served(router)}


@fault(TEMPLATES, "router_unserved_guests", after=SETTLED)
def dhcp_entry_missing(world: World) -> None:
    """The DHCP server of r-6-VM does not know one of its guests, and ignores it."""
    router = world.router(6)
    address = world.served(router)[0].nic.address
    router.forgotten, router.silent = {address}, {address}


@fault(TEMPLATES, "passwords_unfetched_ratio", "password_reset:pending_oldest_seconds", after=WINDOWS_SETTLED)
def template_passwords_unfetched(world: World) -> None:
    """No machine of windows-2022 ever asks for its password."""
    for router in world.routers:
        if router.zone is world.zones[0]:
            waiting = [one.nic.address for one in world.served(router) if one.template == "windows-2022"]
            for service in router.passwords:
                prefix = service.listen.rpartition(".")[0]
                service.pending |= {address: 7200 for address in waiting if address.startswith(f"{prefix}.")}


@fault(TEMPLATES, "router_unread_guests")
def router_metadata_unread(world: World) -> None:
    """No guest of r-9-VM ever asks its web server for metadata; those of the same templates elsewhere did."""
    router = world.router(9)
    router.unread = {one.nic.address for one in world.served(router)}
