"""Runs in the virtual machine in place of qemu: holds the taps of the guests, and speaks a little for each.

Argument: a file with lines ``tap mac address gateway``. Every guest asks for its gateway by ARP all the time and
answers who asks for it, so that every VLAN in use sends and receives; many guests together ask no more than a few.
"""

import contextlib
import fcntl
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path

TUNSETIFF = 0x400454CA
TAP_WITHOUT_HEADER = 0x0002 | 0x1000
FRAMES_PER_SECOND = 20
ETHERNET_ARP = struct.Struct("!6s6sHHHBBH6s4s6s4s")


def opened(name):
    """Return the descriptor of a tap that is made by this."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP_WITHOUT_HEADER))
    return descriptor


def arp(operation, to, mac, address, their_mac, their_address):
    """Return an ARP frame."""
    return ETHERNET_ARP.pack(to, mac, 0x0806, 1, 0x0800, 6, 4, operation, mac, address, their_mac, their_address)


def answer(descriptor, mac, address):
    """Read one frame and answer it when it asks for ``address``."""
    frame = os.read(descriptor, 65536)
    if len(frame) < ETHERNET_ARP.size:
        return
    fields = ETHERNET_ARP.unpack_from(frame)
    if fields[2] == 0x0806 and fields[7] == 1 and fields[11] == address:
        send(descriptor, arp(2, fields[8], mac, address, fields[8], fields[9]))


def send(descriptor, frame):
    """Send a frame; a tap that is down takes none."""
    with contextlib.suppress(OSError):
        os.write(descriptor, frame)


def main():
    """Serve every guest for ever."""
    taps = {}
    for line in Path(sys.argv[1]).read_text(encoding="ascii").splitlines():
        name, mac, address, gateway = line.split()
        addresses = socket.inet_aton(address), socket.inet_aton(gateway)
        taps[opened(name)] = (bytes.fromhex(mac.replace(":", "")), *addresses)
    Path("/run/guests-are-up").touch()
    waiting = select.poll()
    for descriptor in taps:
        waiting.register(descriptor, select.POLLIN)
    due, pause = 0.0, max(1.0, len(taps) / FRAMES_PER_SECOND)
    while True:
        if time.monotonic() >= due:
            due = time.monotonic() + pause
            for descriptor, (mac, address, gateway) in taps.items():
                send(descriptor, arp(1, b"\xff" * 6, mac, address, bytes(6), gateway))
        for descriptor, _ in waiting.poll(1000 * max(0.0, due - time.monotonic())):
            answer(descriptor, *taps[descriptor][:2])


main()
