"""What must be one guest's own and is the same in all: machine ids, SSH host keys, names, leases."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

from exporter.lint.cloud_init import INSTALLER, cloud_init, remembered
from exporter.lint.files import Files, Kind
from exporter.lint.reading import assignments, has_content, lines, some, text
from exporter.lint.rule import About, Found, Rule, each

LEASES = (
    ("/var/lib/dhclient", "*.lease*"),
    ("/var/lib/dhcp", "*.lease*"),
    ("/var/lib/dhcp3", "*.lease*"),
    ("/var/lib/NetworkManager", "*.lease*"),
    ("/var/lib/dhcpcd", "*.lease*"),
    ("/var/lib/dhcpcd5", "*.lease*"),
)
NEUTRAL_NAMES = ("", "localhost", "localhost.localdomain", "(none)")


async def _id_at(files: Files, path: str) -> AsyncIterator[Found]:
    if await files.kind(path) is not Kind.FILE:
        return
    content = (await text(files, path) or "").strip()
    if content not in {"", "uninitialized"}:
        yield Found(path, f"an id of {len(content)} characters")


async def machine_id(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield an id that all guests would share. It is not shown: systemd calls it confidential."""
    async for found in _id_at(files, "/etc/machine-id"):
        yield found


async def dbus_machine_id(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield the id of D-Bus where that is a file of its own."""
    async for found in _id_at(files, "/var/lib/dbus/machine-id"):
        yield found


async def _host_keys(files: Files, *, renewed: bool) -> AsyncIterator[Found]:
    """Yield private host keys, by name only, if cloud-init renews them or if it does not."""
    paths = [path for path in await some(files, "/etc/ssh", "ssh_host_*_key") if await has_content(files, path)]
    if paths and (await cloud_init(files)).renews_host_keys is renewed:
        yield Found(paths[0], f"{len(paths)} private host keys")


async def host_keys(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield host keys that stay."""
    async for found in _host_keys(files, renewed=False):
        yield found


async def host_keys_renewed(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield host keys that cloud-init deletes."""
    async for found in _host_keys(files, renewed=True):
        yield found


async def leases(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield leases of the machine the template was made on."""

    async def look(place: tuple[str, str]) -> AsyncIterator[Found]:
        for path in await some(files, *place):
            if await has_content(files, path):
                yield Found(path, "a lease of another machine")

    async for found in each(LEASES, look):
        yield found


async def hostname(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield a name that all guests would share, as cloud-init gives them none of their own."""
    if (await cloud_init(files)).names_guests:
        return
    content = next(lines(await text(files, "/etc/hostname") or ""), "")
    if content.lower() not in NEUTRAL_NAMES:
        yield Found("/etc/hostname", content)
    path = "/etc/sysconfig/network"
    old = assignments(await text(files, path) or "").get("HOSTNAME", "") if await files.kind(path) is Kind.FILE else ""
    if old.lower() not in NEUTRAL_NAMES:
        yield Found(path, f"HOSTNAME={old}")


async def hosts(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield lines about addresses that belong to one machine."""
    for line in lines(await text(files, "/etc/hosts") or ""):
        address, _, names = line.replace("\t", " ").partition(" ")
        if _is_of_a_machine(address) and names.strip():
            yield Found("/etc/hosts", line)
            return


def _is_of_a_machine(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_multicast or parsed.is_unspecified or parsed.is_link_local) and str(
        parsed
    ) not in {"fe00::", "ff00::", "255.255.255.255"}


async def cloud_instance(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield what cloud-init remembers of the machine the template was made on."""
    path = await remembered(files)
    if path is not None:
        yield Found(path, "an instance that was set up")


RULES = (
    Rule(
        name="machine_id",
        severity="medium",
        breaks="All guests have one machine id, so one DHCP client id: several may fight for one lease.",
        remedy="truncate -s 0 /etc/machine-id",
        judge=machine_id,
    ),
    Rule(
        name="dbus_machine_id",
        severity="medium",
        breaks="All guests have one machine id, so one DHCP client id: several may fight for one lease.",
        remedy="ln -sf /etc/machine-id /var/lib/dbus/machine-id",
        judge=dbus_machine_id,
    ),
    Rule(
        name="host_keys",
        severity="high",
        breaks="All guests have the same SSH host keys: whoever has one guest can pose as any other.",
        remedy="rm /etc/ssh/ssh_host_*, and see to it that they are made at the first boot: by cloud-init only after"
        f" cloud-init clean and without {INSTALLER}.",
        judge=host_keys,
    ),
    Rule(
        name="host_keys_renewed",
        severity="low",
        breaks="Until cloud-init has deleted them, guests have the same SSH host keys.",
        remedy="rm /etc/ssh/ssh_host_*",
        judge=host_keys_renewed,
    ),
    Rule(
        name="dhcp_leases",
        severity="medium",
        breaks="The password script reads the address of the old DHCP server and asks a machine that is not there.",
        remedy="Delete the leases as the last thing before the machine is shut down.",
        judge=leases,
    ),
    Rule(
        name="hostname",
        severity="low",
        breaks="All guests have the same name until something gives them one.",
        remedy="truncate -s 0 /etc/hostname",
        judge=hostname,
    ),
    Rule(
        name="hosts",
        severity="low",
        breaks="Guests look for a name at the address of another machine.",
        remedy="Keep only the lines of the loopback in /etc/hosts.",
        judge=hosts,
    ),
    Rule(
        name="cloud_instance",
        severity="medium",
        breaks="cloud-init may think that it has run: no user data, no keys, no password in guests.",
        remedy=f"cloud-init clean --logs as the last thing before the machine is shut down; delete {INSTALLER}.",
        judge=cloud_instance,
    ),
)
