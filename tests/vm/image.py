"""The image that the virtual machine is booted from: built once per version of the script that builds it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.real_parts import require, require_root

SCRIPT = Path(__file__).with_name("build.sh")
TOOLS = (
    "debootstrap", "busybox", "cpio", "modprobe", "depmod", "mkfs.ext4", "qemu-img", "qemu-system-x86_64",
    "ovs-vswitchd", "ovs-vsctl", "lldpd", "ip", "ssh", "ssh-keygen", "unshare",
)  # fmt: skip
BUILD_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Image:
    """The files of one image; nobody writes to them."""

    place: Path

    @property
    def kernel(self) -> Path:
        """Return Debian's kernel."""
        return self.place / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """Return the archive that mounts the root file system; what is appended as /pushed is copied into it."""
        return self.place / "initrd"

    @property
    def disk(self) -> Path:
        """Return the root file system."""
        return self.place / "root.qcow2"


def requires_machine() -> None:
    """Skip, or fail where CI=true, where no virtual machine can be built and wired."""
    require(*TOOLS)
    require_root("an image, taps and network namespaces need root")
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        require("/dev/net/tun")  # no program, so it is always missed


def cache() -> Path:
    """Return the directory in which images are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = Path(home) / "cloudstack-network-exporter/vm"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        place = Path(tempfile.gettempdir()) / "cloudstack-network-exporter-vm"
        place.mkdir(exist_ok=True)
    return place


def image() -> Image:
    """Return the image of this version of the build script; it is built where the cache does not hold it."""
    place = cache() / hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:16]
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once build once
        if not (place / "root.qcow2").exists():
            subprocess.run(["bash", str(SCRIPT), str(place)], check=True, timeout=BUILD_SECONDS)
    return Image(place)
