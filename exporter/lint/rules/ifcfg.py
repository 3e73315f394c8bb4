"""Network scripts of Red Hat and SUSE: ifcfg files that fit only the machine on which the template was made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from exporter.lint.cloud_init import renews
from exporter.lint.files import Files
from exporter.lint.kernel import is_other_name, only_for_others
from exporter.lint.reading import assignments, is_true, some, text
from exporter.lint.rule import About, Found, Judge, Rule, each

FOLDERS = ("/etc/sysconfig/network-scripts", "/etc/sysconfig/network")
BACKUPS = (".bak", ".orig", ".old", ".rpmsave", ".rpmnew", ".save", "~")
DYNAMIC = ("dhcp", "dhcp4", "dhcp6", "bootp", "dhcp+autoip", "ibft")
OF_OTHERS = ("SLAVE", "MASTER", "BRIDGE", "OVS_BRIDGE", "TEAM_MASTER")  # what stands on it has the address

Settings = Mapping[str, str]


async def paths(files: Files) -> tuple[str, ...]:
    """Return every ifcfg file that is in force and not the loopback's."""
    found = [path for folder in FOLDERS for path in await some(files, folder, "ifcfg-*")]
    return tuple(path for path in found if not path.endswith((*BACKUPS, "/ifcfg-lo")))


def device(path: str, settings: Settings) -> str:
    """Return for which NIC a file is: DEVICE, else the rest of its own name."""
    return settings.get("DEVICE") or path.rpartition("/ifcfg-")[2]


def _each(judge: Callable[[str, Settings], Iterator[Found]]) -> Judge:
    """Return the judge of a rule about single files; those that cloud-init renews are judged elsewhere."""

    async def judged(files: Files, _about: About) -> AsyncIterator[Found]:
        async def look(path: str) -> AsyncIterator[Found]:
            content = await text(files, path) or ""
            if not await renews(files, path, content):
                for found in judge(path, assignments(content)):
                    yield found

        async for found in each(await paths(files), look):
            yield found

    return judged


def address_bound(path: str, settings: Settings) -> Iterator[Found]:
    """Yield the MAC address to which a file is bound, or which it gives every guest."""
    for key in ("HWADDR", "MACADDR", "LLADDR"):
        if settings.get(key):
            yield Found(path, f"{key}={settings[key]}")


def with_uuid(path: str, settings: Settings) -> Iterator[Found]:
    """Yield the UUID of a connection."""
    if settings.get("UUID"):
        yield Found(path, f"UUID={settings['UUID']}")


def static(path: str, settings: Settings) -> Iterator[Found]:
    """Yield what makes a NIC not ask for its address."""
    protocol = settings.get("BOOTPROTO", "").lower()
    if any(settings.get(key) for key in OF_OTHERS):
        return
    for key in ("IPADDR", "IPADDR0", "IPADDR1"):
        if settings.get(key):
            yield Found(path, f"{key}={settings[key]}")
            return
    if protocol not in DYNAMIC:
        yield Found(path, f"BOOTPROTO={protocol}" if protocol else "no BOOTPROTO")


def not_started(path: str, settings: Settings) -> Iterator[Found]:
    """Yield what keeps a NIC down at boot."""
    if "ONBOOT" in settings and not is_true(settings["ONBOOT"]):
        yield Found(path, f"ONBOOT={settings['ONBOOT']}")
    if settings.get("STARTMODE", "auto").lower() in {"off", "manual", "ifplugd"}:
        yield Found(path, f"STARTMODE={settings['STARTMODE']}")


async def for_guests(files: Files) -> bool:
    """Return whether a file is for the NIC of a guest, by name and by address."""
    for path in await paths(files):
        settings = assignments(await text(files, path) or "")
        if not settings.get("HWADDR") and not await is_other_name(files, device(path, settings)):
            return True
    return False


async def bound_to_name(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield files for NICs whose name guests will hardly have, where none is for the name that they will have."""
    found = []
    for path in await paths(files):
        content = await text(files, path) or ""
        if not await renews(files, path, content):
            found.append((path, device(path, assignments(content))))
    if await only_for_others(files, {name for _, name in found}):
        for path, name in found:
            yield Found(path, f"only for a NIC called {name}")


RULES = (
    Rule(
        name="ifcfg_hwaddr",
        severity="high",
        breaks="The NIC of a guest has another MAC address than the file wants, so it is never brought up.",
        remedy="Delete the lines HWADDR and MACADDR.",
        judge=_each(address_bound),
    ),
    Rule(
        name="ifcfg_uuid",
        severity="low",
        breaks="Every guest has the same connection id; tools that tell connections by it mix them up.",
        remedy="Delete the line UUID.",
        judge=_each(with_uuid),
    ),
    Rule(
        name="ifcfg_name",
        severity="high",
        breaks="Guests whose NIC has another name (eth0, eth1 or p192p1) have no settings for it and no network.",
        remedy="Name the file ifcfg-eth0 with DEVICE=eth0 and boot with net.ifnames=0 biosdevname=0.",
        judge=bound_to_name,
    ),
    Rule(
        name="ifcfg_static",
        severity="high",
        breaks="Guests do not ask DHCP and take the address of the machine the template was made on, or none.",
        remedy="Set BOOTPROTO=dhcp and delete IPADDR, NETMASK, GATEWAY.",
        judge=_each(static),
    ),
    Rule(
        name="ifcfg_onboot",
        severity="high",
        breaks="The NIC of a guest stays down after boot.",
        remedy="Set ONBOOT=yes (SUSE: STARTMODE=auto).",
        judge=_each(not_started),
    ),
)
