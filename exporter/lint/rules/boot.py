"""Whether guests start on the disks and NICs that CloudStack gives them, and can be spoken to while they do."""

from __future__ import annotations

from collections.abc import AsyncIterator

from exporter.lint.files import Files, LintError
from exporter.lint.initramfs import PackedError, names
from exporter.lint.kernel import command_line
from exporter.lint.reading import assignments, first_of, program, some, text
from exporter.lint.rule import About, Found, Rule, each
from exporter.model import Reason

KERNELS = 3  # that are looked at, the newest
MOST_BYTES = 63 * 2**20  # of one initramfs
OTHERS = ("rescue", "kdump", "fallback")
BACKUPS = (".bak", ".old", ".orig", ".tmp", "~")
NEEDED = (("virtio_pci",), ("virtio_blk", "virtio_scsi"))


async def virtio(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield initramfs files that lack a driver which the kernel has not built in, on images for KVM."""
    if not about.is_for_kvm:
        return
    found = await some(files, "/boot", "initrd.img-*", "initramfs-*", "initrd-*")
    paths = [path for path in found if not any(word in path for word in OTHERS) and not path.endswith(BACKUPS)]

    async def look(path: str) -> AsyncIterator[Found]:
        lacking = [drivers for drivers in NEEDED if not await _is_built_in(files, path, drivers)]
        held = await _modules(files, path) if lacking else frozenset()
        for drivers in lacking:
            if held is not None and held.isdisjoint(drivers):
                yield Found(path, f"without {' or '.join(drivers)}")

    async for one in each(paths[-KERNELS:], look):
        yield one


async def _modules(files: Files, path: str) -> frozenset[str] | None:
    """Return the drivers in an initramfs; None when it cannot be unpacked, but was made to have every one."""
    raw = await files.read(path, MOST_BYTES + 1) or b""
    if len(raw) > MOST_BYTES:
        raise LintError(Reason.TOO_LARGE, f"{path} has more than {MOST_BYTES} bytes")
    try:
        return frozenset(name.rpartition("/")[2].split(".ko")[0].replace("-", "_") for name in names(raw))
    except PackedError:
        if await _is_for_any_machine(files):
            return None
        raise


async def _is_for_any_machine(files: Files) -> bool:
    """Return whether initramfs files are made for any machine, not for the one they are made on, by the settings."""
    said = dict[str, str]()
    for folder in ("/usr/lib/dracut/dracut.conf.d", "/etc/initramfs-tools/conf.d", "/etc/dracut.conf.d"):
        for path in await some(files, folder, "*"):
            said |= assignments(await text(files, path) or "")
    main = assignments(await text(files, "/etc/initramfs-tools/initramfs.conf") or "")
    return said.get("MODULES", main.get("MODULES", "")) == "most" or said.get("hostonly", "") == "no"


async def _is_built_in(files: Files, path: str, drivers: tuple[str, ...]) -> bool:
    """Return whether the kernel of an initramfs needs no module for one of these drivers."""
    version = path.rpartition("/")[2].removesuffix(".img")
    for head in ("initrd.img-", "initramfs-", "initrd-"):
        version = version.removeprefix(head)
    for folder in ("/lib/modules", "/usr/lib/modules"):
        for release in await some(files, folder, version, f"*-{version}"):  # Alpine's initramfs-virt has the end alone
            built_in = await text(files, f"{release}/modules.builtin", 2**20)
            if built_in is not None:
                return any(f"/{driver}.ko" in built_in for driver in drivers)
    return False


async def serial_console(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield that the kernel says nothing on a serial port."""
    words = await command_line(files)
    if words is not None and "console=ttyS" not in words and "console=hvc" not in words:
        yield Found("", "no console=ttyS0 for the kernel")


async def guest_agent(files: Files, about: About) -> AsyncIterator[Found]:
    """Yield that KVM's guest agent is missing."""
    if about.is_for_kvm and not await program(files, "qemu-ga"):
        yield Found("", "no qemu-ga")


async def relabel(files: Files, _about: About) -> AsyncIterator[Found]:
    """Yield that SELinux labels all files anew."""
    path = await first_of(files, "/.autorelabel")
    if path:
        yield Found(path, "the first boot labels every file, then starts again")


RULES = (
    Rule(
        name="virtio_drivers",
        severity="medium",
        breaks="A guest on KVM does not find its disk when it starts.",
        remedy="Put virtio_pci, virtio_blk and virtio_scsi into the initramfs: dracut --no-hostonly, or"
        " update-initramfs with MODULES=most.",
        judge=virtio,
    ),
    Rule(
        name="serial_console",
        severity="info",
        breaks="When a guest does not start, its last words can be read on the screen only.",
        remedy="Boot with console=tty0 console=ttyS0.",
        judge=serial_console,
    ),
    Rule(
        name="guest_agent",
        severity="info",
        breaks="CloudStack on KVM cannot freeze file systems for snapshots, nor ask a guest for its addresses.",
        remedy="Install qemu-guest-agent.",
        judge=guest_agent,
    ),
    Rule(
        name="selinux_relabel",
        severity="info",
        breaks="The first boot takes minutes longer, as each file is labelled, and the guest then starts again.",
        remedy="Label files while the template runs (restorecon), or keep /.autorelabel on purpose.",
        judge=relabel,
    ),
)
