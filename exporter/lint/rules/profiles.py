"""Profiles of NetworkManager that fit only the machine on which the template was made. They may hold keys of WLANs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from exporter.lint.cloud_init import renews
from exporter.lint.files import Files
from exporter.lint.kernel import is_fixed, is_other_name, names_are_classic
from exporter.lint.reading import entries, some, text
from exporter.lint.rule import About, Found, Rule, each

FOLDER = "/etc/NetworkManager/system-connections"
WIRED = ("", "ethernet", "802-3-ethernet")
ASKING = ("", "auto")

Settings = dict[tuple[str, str], str]
Look = Callable[[str, Settings], Iterator[Found]]


def profile(content: str) -> Settings:
    """Return what a profile sets, by section and key; the wired section has its short name."""
    return {(section.replace("802-3-", ""), key): value for section, key, value in entries(content)}


async def _wired(files: Files, look: Look) -> AsyncIterator[Found]:
    """Yield what ``look`` finds in each profile of a wired NIC; those that cloud-init renews are judged elsewhere."""

    async def judged(path: str) -> AsyncIterator[Found]:
        content = await text(files, path) or ""
        settings = profile(content)
        if settings.get(("connection", "type"), "") in WIRED and settings and not await renews(files, path, content):
            for found in look(path, settings):
                yield found

    paths = [path for path in await some(files, FOLDER, "*") if not path.endswith(("~", ".bak", ".rpmsave"))]
    async for found in each(paths, judged):
        yield found


async def bound(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield profiles for one MAC address, or for a NIC whose name guests will hardly have."""
    classic = await names_are_classic(files)

    def look(path: str, settings: Settings) -> Iterator[Found]:
        for key in ("mac-address", "cloned-mac-address"):
            value = settings.get(("ethernet", key), "")
            if value.count(":") == 5:
                yield Found(path, f"{key}={value}")
        name = settings.get(("connection", "interface-name"), "").rstrip(";")
        if name and is_fixed(name) and is_other_name(name, classic=classic):
            yield Found(path, f"interface-name={name}")

    async for found in _wired(files, look):
        yield found


async def static(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield profiles that do not ask for an address."""

    def look(path: str, settings: Settings) -> Iterator[Found]:
        method = settings.get(("ipv4", "method"), "")
        if method not in ASKING:
            yield Found(path, f"ipv4 method={method}")

    async for found in _wired(files, look):
        yield found


async def not_started(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield profiles that do not come up by themselves."""

    def look(path: str, settings: Settings) -> Iterator[Found]:
        if settings.get(("connection", "autoconnect"), "true") in {"false", "0", "no"}:
            yield Found(path, "autoconnect=false")

    async for found in _wired(files, look):
        yield found


RULES = (
    Rule(
        name="network_manager_bound",
        severity="high",
        breaks="The profile does not fit the NIC of a guest, which has another MAC address or another name.",
        remedy="Delete interface-name, mac-address and cloned-mac-address, or the whole profile: NetworkManager asks"
        " DHCP without one.",
        judge=bound,
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
