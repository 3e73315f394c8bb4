"""What the boot loader of an image tells the kernel, as far as that decides about networks."""

from __future__ import annotations

import re
from collections.abc import Collection

from exporter.lint.files import Files, LintError
from exporter.lint.reading import assignments, first_of, lines, some, text

MENUS = ("grub.cfg", "menu.lst", "grub.conf", "extlinux.conf", "syslinux.cfg")
PLACES = (
    ("/etc/default", "grub"),
    ("/etc/kernel", "cmdline"),
    ("/boot/grub2", "grubenv"),  # where UEFI starts Red Hat's systems a link to the partition of the boot loader
    ("/boot/loader/entries", "*.conf"),
    *((folder, *MENUS) for folder in ("/boot/grub2", "/boot/grub", "/boot/extlinux", "/boot/syslinux")),
)
MASKS = (
    "/etc/udev/rules.d/80-net-setup-link.rules",
    "/etc/udev/rules.d/80-net-name-slot.rules",
    "/etc/systemd/network/99-default.link",
)
POLICIES = (
    "/usr/lib/systemd/network/99-default.link",
    "/lib/systemd/network/99-default.link",
    "/usr/lib/udev/rules.d/80-net-name-slot.rules",
    "/lib/udev/rules.d/80-net-name-slot.rules",
)
KERNEL = re.compile(r"^(?:linux|linux16|linuxefi|kernel|append|options)\s", re.IGNORECASE)
PREDICTABLE = re.compile(r"^(?:en[opsxbcivP]\w+|p\d+p\d+|em\d+)$")
CLASSIC = re.compile(r"^eth\d+$")


async def command_line(files: Files) -> str | None:
    """Return every word that some boot entry gives the kernel, None when no boot loader was found.

    What cannot be read counts as absent where something else tells.

    Raises:
        LintError: nothing tells, and something cannot be read.
    """
    found: list[str] = []
    failure: LintError | None = None
    for folder, *patterns in PLACES:
        try:
            for path in await some(files, folder, *patterns):
                found += _words(path, await text(files, path, 2**20) or "")
        except LintError as error:
            failure = failure or error
    if failure is not None and not found:
        raise failure
    return " ".join(found) if found else None


def _words(path: str, content: str) -> list[str]:
    name = path.rpartition("/")[2]
    if name == "cmdline":
        return list(lines(content))
    if name not in {"grub", "grubenv"}:
        return [line for line in lines(content) if KERNEL.match(line)]
    set_there = assignments(content) if name == "grub" else _environment(content)
    return [value for key, value in set_there.items() if key.startswith("GRUB_CMDLINE") or key == "kernelopts"]


def _environment(content: str) -> dict[str, str]:
    """Return what a grubenv holds: one assignment a line, values without quotes, with blanks."""
    return dict(line.split("=", 1) for line in lines(content) if "=" in line)


async def names_are_classic(files: Files) -> bool | None:
    """Return whether NICs are called eth0: predictable names are unknown or off; None when that cannot be told."""
    for mask in MASKS:
        if await files.link(mask) == "/dev/null":
            return True
    if await first_of(files, *POLICIES) is None:
        return True
    words = await command_line(files)
    return None if words is None else "net.ifnames=0" in words.split()


async def is_other_name(files: Files, name: str) -> bool:
    """Return whether a guest's first NIC will hardly bear this name.

    eth0 is what most images call it; where predictable names are in force it is called something else. Only for eth0
    is it looked up which names are in force.

    Raises:
        LintError: it is eth0, and which names are in force cannot be told.
    """
    if name == "eth0":
        return await names_are_classic(files) is False
    return bool(PREDICTABLE.match(name) or CLASSIC.match(name))


async def only_for_others(files: Files, names: Collection[str]) -> bool:
    """Return whether a guest's first NIC will hardly bear any of these names; see ``are_old_and_new``.

    Raises:
        LintError: as ``is_other_name``.
    """
    if not names or are_old_and_new(names):
        return False
    for name in sorted(names, reverse=True):  # eth0 last
        if not await is_other_name(files, name):
            return False
    return True


def are_old_and_new(names: Collection[str]) -> bool:
    """Return whether old and new names stand together: then each guest has one of them."""
    return any(CLASSIC.match(name) for name in names) and any(PREDICTABLE.match(name) for name in names)


def is_fixed(name: str) -> bool:
    """Return whether this is the name of one NIC, no pattern and no loopback."""
    return name != "lo" and not set("*?[!") & set(name)
