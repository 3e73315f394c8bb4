"""Profiles of NetworkManager that fit only the machine on which the template was made. They may hold keys of WLANs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from exporter.lint.cloud_init import cloud_init, renews
from exporter.lint.files import Files
from exporter.lint.kernel import is_fixed, is_other_name
from exporter.lint.netplan import FOLDER as NETPLAN
from exporter.lint.network_setup import setup
from exporter.lint.profile_settings import makes_no_profiles
from exporter.lint.reading import entries, some, text
from exporter.lint.rule import About, Found, Rule, each
from exporter.lint.rules.ifcfg import for_guests

FOLDER = "/etc/NetworkManager/system-connections"
WIRED = ("", "ethernet", "802-3-ethernet")
ASKING = ("", "auto")

Settings = dict[tuple[str, str], str]
Look = Callable[[str, Settings], AsyncIterator[Found]]


def profile(content: str) -> Settings:
    """Return what a profile sets, by section and key; the wired section has its short name."""
    return {(section.replace("802-3-", ""), key): value for section, key, value in entries(content)}


async def _wired(files: Files, look: Look) -> AsyncIterator[Found]:
    """Yield what ``look`` finds in each profile of a wired NIC; those that cloud-init renews are judged elsewhere."""

    async def judged(path: str) -> AsyncIterator[Found]:
        content = await text(files, path) or ""
        settings = profile(content)
        if settings.get(("connection", "type"), "") in WIRED and settings and not await renews(files, path, content):
            async for found in look(path, settings):
                yield found

    paths = [path for path in await some(files, FOLDER, "*") if not path.endswith(("~", ".bak", ".rpmsave"))]
    async for found in each(paths, judged):
        yield found


async def _binding(files: Files, settings: Settings) -> str:
    """Return the line that keeps a profile from the NIC of a guest, empty when none does."""
    address = settings.get(("ethernet", "mac-address"), "")
    if address.count(":") == 5:
        return f"mac-address={address}"
    name = settings.get(("connection", "interface-name"), "").rstrip(";")
    return f"interface-name={name}" if name and is_fixed(name) and await is_other_name(files, name) else ""


async def _bound(files: Files) -> AsyncIterator[Found]:
    """Yield profiles for one MAC address, or for a NIC whose name guests will hardly have."""

    async def look(path: str, settings: Settings) -> AsyncIterator[Found]:
        if line := await _binding(files, settings):
            yield Found(path, line)

    async for found in _wired(files, look):
        yield found


async def _is_needed(files: Files) -> str:
    """Return the file that forbids NetworkManager to set up NICs without a profile where none fits, else empty."""
    path = await makes_no_profiles(files)
    return path if path and not await _fits(files) else ""


async def _fits(files: Files) -> bool:
    """Return whether anything but bound profiles sets up the NIC of a guest."""

    async def look(path: str, settings: Settings) -> AsyncIterator[Found]:
        if not await _binding(files, settings):
            yield Found(path, "")

    async for _ in _wired(files, look):
        return True
    if await some(files, NETPLAN, "*.yaml") or await for_guests(files):
        return True
    return (await cloud_init(files)).writes_network


async def leftover(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield bound profiles where a guest's NIC has another one, or NetworkManager makes it one."""
    if not await _is_needed(files):
        async for found in _bound(files):
            yield found


async def bound(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield bound profiles where nothing else sets up a guest's NIC; or, if there are none, what forbids to do so."""
    forbids = await _is_needed(files)
    if not forbids:
        return
    nothing = True
    async for found in _bound(files):
        nothing = False
        yield found
    if nothing and (await setup(files)).manager == "network_manager":
        yield Found(forbids, "no-auto-default=*, and no profile for the NIC of a guest")


async def same_address(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield profiles that give every guest one MAC address."""

    async def look(path: str, settings: Settings) -> AsyncIterator[Found]:
        address = settings.get(("ethernet", "cloned-mac-address"), "")
        if address.count(":") == 5:
            yield Found(path, f"cloned-mac-address={address}")

    async for found in _wired(files, look):
        yield found


async def static(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield profiles that do not ask for an address."""

    async def look(path: str, settings: Settings) -> AsyncIterator[Found]:
        method = settings.get(("ipv4", "method"), "")
        if method not in ASKING:
            yield Found(path, f"ipv4 method={method}")

    async for found in _wired(files, look):
        yield found


async def not_started(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield profiles that do not come up by themselves."""

    async def look(path: str, settings: Settings) -> AsyncIterator[Found]:
        if settings.get(("connection", "autoconnect"), "true") in {"false", "0", "no"}:
            yield Found(path, "autoconnect=false")

    async for found in _wired(files, look):
        yield found


RULES = (
    Rule(
        name="network_manager_bound",
        severity="high",
        breaks="No profile fits the NIC of a guest, and NetworkManager makes none (no-auto-default=*): no network.",
        remedy="Keep a profile with method=auto, without interface-name, mac-address and cloned-mac-address.",
        judge=bound,
    ),
    Rule(
        name="network_manager_leftover",
        severity="medium",
        breaks="The profile does not fit the NIC of a guest, which gets another one: what stands in it is lost.",
        remedy="Delete interface-name and mac-address, and keep the profile.",
        judge=leftover,
    ),
    Rule(
        name="network_manager_same_address",
        severity="high",
        breaks="All guests have one MAC address, which is not the one that CloudStack gave them: no network.",
        remedy="Delete cloned-mac-address.",
        judge=same_address,
    ),
    Rule(
        name="network_manager_static",
        severity="high",
        breaks="Guests do not ask DHCP and take the address of the machine the template was made on, or none.",
        remedy="Set method=auto below [ipv4] and delete the addresses.",
        judge=static,
    ),
    Rule(
        name="network_manager_autoconnect",
        severity="high",
        breaks="The NIC of a guest stays down after boot.",
        remedy="Delete autoconnect=false.",
        judge=not_started,
    ),
)
