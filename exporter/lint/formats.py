"""Which format an image has, by its content, and why some are never given to qemu-img.

An image may name other files, and qemu would open them: a backing file, a data file, a descriptor of VMDK, a
parent. Whoever made the image would then read what this machine may read. So such images are refused here, from
their first and last bytes, before any program sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from exporter.lint.files import LintError
from exporter.model import Reason

HEAD = 64 * 1024  # bytes of an image that are looked at
TAIL = 512
QCOW2_HEADER = 72  # bytes of version 2, of which 3 is longer
DATA_FILE, UNKNOWN_FEATURES = 1 << 2, ~0b11111
DIFFERENCING = 4  # a kind of VHD: it continues a parent

OTHERS = (
    (257, b"ustar", "a tar archive, as OVA is one: tar -xf it, then look at the disk inside"),
    (0, b"\x1f\x8b", "compressed: gunzip it first"),
    (0, b"\xfd7zXZ\x00", "compressed: unxz it first"),
    (0, b"BZh", "compressed: bunzip2 it first"),
    (0, b"\x28\xb5\x2f\xfd", "compressed: unzstd it first"),
    (0, b"PK\x03\x04", "compressed: unzip it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "compressed: unpack it with 7z first"),
    (32769, b"CD001", "an ISO, which is no template"),
    (0, b"# Disk DescriptorFile", "only the descriptor of a VMDK, whose disk is another file"),
    (0, b"COWD", "a VMDK of a kind that names other files: qemu-img convert -O qcow2 it where they are"),
    (0, b"QED\x00", "QED, which CloudStack does not take: qemu-img convert -O qcow2 it"),
    (0x40, b"\x7f\x10\xda\xbe", "VDI, which CloudStack does not take: qemu-img convert -O qcow2 it"),
)
"""(offset, bytes there, what it is and what to do)."""


def told(head: bytes, tail: bytes) -> str:
    """Return qcow2 | vpc | vhdx | vmdk, or raw for everything else.

    Args:
        head: the first HEAD bytes, or all of a smaller file.
        tail: the last TAIL bytes.

    Raises:
        LintError: it names other files, is encrypted, or is no image of a disk.
    """
    if not head:
        raise LintError(Reason.UNREADABLE, "the file is empty: it was not copied")
    for offset, sign, words in OTHERS:
        if head.startswith(sign, offset):
            raise LintError(Reason.UNSUPPORTED, f"it is {words}")
    for sign, judge in JUDGES.items():
        if head.startswith(sign):
            return judge(head)
    return _vpc(tail) if tail.startswith(b"conectix") else "raw"


def _number(raw: bytes, offset: int, length: int, order: Literal["big", "little"] = "big") -> int:
    return int.from_bytes(raw[offset : offset + length], order)


def _qcow2(head: bytes) -> str:
    """Return "qcow2" unless it names other files (QEMU's docs/interop/qcow2)."""
    version = _number(head, 4, 4)
    if version not in (2, 3) or len(head) < QCOW2_HEADER:
        raise LintError(Reason.UNSUPPORTED, f"qcow of version {version}: qemu-img convert -O qcow2 it")
    if _number(head, 8, 8) or _number(head, 16, 4):
        raise LintError(Reason.UNSUPPORTED, "it names a backing file: qemu-img convert it into an image of its own")
    if _number(head, 32, 4):
        raise LintError(Reason.UNSUPPORTED, "the image is encrypted")
    features = _number(head, 72, 8) if version == 3 else 0
    if features & DATA_FILE:
        raise LintError(Reason.UNSUPPORTED, "it names a data file: qemu-img convert it into an image of its own")
    if features & UNKNOWN_FEATURES:
        raise LintError(Reason.UNSUPPORTED, "it uses features of qcow2 that are not known here")
    return "qcow2"


def _vmdk(head: bytes) -> str:
    """Return "vmdk" unless what is in it lies in other files (VMware's Virtual Disk Format 5.0).

    QEMU looks for a parent in the 20 sectors behind the header, whatever the header says of the description.
    """
    if not _number(head, 12, 8, "little"):
        raise LintError(Reason.UNSUPPORTED, "it is a VMDK that only describes other files")
    if b"parentFileNameHint" in head:
        raise LintError(Reason.UNSUPPORTED, "it names a parent: qemu-img convert it into an image of its own")
    return "vmdk"


def _vpc(footer: bytes) -> str:
    """Return "vpc" unless it continues a parent (Microsoft's VHD specification)."""
    if _number(footer, 60, 4) == DIFFERENCING:
        raise LintError(Reason.UNSUPPORTED, "it continues a parent: coalesce it into an image of its own")
    return "vpc"


JUDGES: Mapping[bytes, Callable[[bytes], str]] = {
    b"QFI\xfb": _qcow2,
    b"KDMV": _vmdk,
    b"conectix": _vpc,
    b"vhdxfile": lambda head: "vhdx",
}
"""By the first bytes of an image. Parents of VHDX are known to nobody: qemu-img refuses them."""
