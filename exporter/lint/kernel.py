"""What the boot loader of an image tells the kernel, as far as that decides about networks."""

from __future__ import annotations

import re
from collections.abc import Collection

from exporter.lint.files import Files
from exporter.lint.reading import assignments, first_of, lines, some, text

PLACES = ("/boot/grub2", "/boot/grub", "/boot/extlinux", "/boot/syslinux")
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
    """Return every word that some boot entry gives the kernel, None when no boot loader was found."""
    found: list[str] = []
    for path in ("/etc/default/grub", "/etc/kernel/cmdline", "/boot/grub2/grubenv"):
        content = await text(files, path)
        if content is not None:
            found += _words(path, content)
    entries = list(await some(files, "/boot/loader/entries", "*.conf"))
    for folder in PLACES:
        entries += await some(files, folder, "grub.cfg", "menu.lst", "grub.conf", "extlinux.conf", "syslinux.cfg")
    for path in entries:
        content = await text(files, path, 2**20) or ""
        found += [line for line in lines(content) if KERNEL.match(line)]
    return " ".join(found) if found else None


def _words(path: str, content: str) -> list[str]:
    if path.endswith("cmdline"):
        return list(lines(content))
    set_there = assignments(content) if path.endswith("/grub") else _environment(content)
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


def is_other_name(name: str, *, classic: bool | None) -> bool:
    """Return whether a guest's first NIC will hardly bear this name.

    eth0 is what most images call it; where predictable names are in force it is called something else.
    """
    if name == "eth0":
        return classic is False
    return bool(PREDICTABLE.match(name) or CLASSIC.match(name))


def only_for_others(names: Collection[str], *, classic: bool | None) -> bool:
    """Return whether a guest's first NIC will hardly bear any of these names; old and new ones together are enough."""
    both = any(CLASSIC.match(name) for name in names) and any(PREDICTABLE.match(name) for name in names)
    return bool(names) and not both and all(is_other_name(name, classic=classic) for name in names)


def is_fixed(name: str) -> bool:
    """Return whether this is the name of one NIC, no pattern and no loopback."""
    return name != "lo" and not set("*?[!") & set(name)
