"""The network that the virtual machine's NICs are plugged into: a namespace with a real switch in it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
import threading
from pathlib import Path

CLONE_NEWNET = 0x4000_0000
TUNSETIFF = 0x4004_54CA
TAP_WITHOUT_HEADER = 0x0002 | 0x1000


def make_namespace(name: str) -> None:
    """Make a network namespace whose loopback is up."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    run_in(name, "ip", "link", "set", "lo", "up")


def drop_namespace(name: str) -> None:
    """Remove the namespace and with it every interface in it."""
    subprocess.run(["ip", "netns", "delete", name], check=True)


def run_in(namespace: str, *command: str, environment: dict[str, str] | None = None) -> str:
    """Run a command in the namespace and return what it prints."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *command],
        check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})},
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


def open_tap(namespace: str, name: str) -> int:
    """Make a tap in the namespace and return the descriptor behind it: the cable's other end.

    Only the thread that opens it enters the namespace.
    """
    opened: list[int] = []
    thread = threading.Thread(target=lambda: opened.append(_open_there(namespace, name)))
    thread.start()
    thread.join()
    run_in(namespace, "ip", "link", "set", name, "up", "mtu", "9216")
    return opened[0]


def _open_there(namespace: str, name: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open() as there:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP_WITHOUT_HEADER))
    return descriptor
