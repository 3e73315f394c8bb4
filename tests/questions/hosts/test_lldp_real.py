"""The true question about LLDP, asked of a real lldpd that hears switches made of frames."""

from __future__ import annotations

import struct
import subprocess
import sys

from exporter.questions.hosts.lldp import LLDP, Neighbour, read_neighbours
from tests.real_parts import require, require_root

SEND = "import socket,sys; s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW); s.bind(('vb0',0x88cc)); "
SEND += "[s.send(bytes.fromhex(one)) for one in sys.argv[1:]]"
SCRIPT = r"""
mount -t tmpfs tmpfs /run && mkdir -p /run/lldpd
ip link add va0 type veth peer name vb0 && ip link set va0 up && ip link set vb0 up
lldpd -d -I va0 2>/dev/null &
daemon=$!
tries=0
while [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    "$python" -c "$send" "$@"
    answer=$(sh -c 'eval "$text"' 2>/dev/null)
    case $answer in *Ethernet12*Ethernet13* | *Ethernet13*Ethernet12*) printf '%s\n' "$answer"; break ;; esac
    sleep 0.1
done
kill "$daemon"
wait "$daemon"
"""


def tlv(kind: int, value: bytes) -> bytes:
    """Return one element of an LLDP frame."""
    return struct.pack("!H", kind << 9 | len(value)) + value


def frame(number: int, *more: bytes) -> str:
    """Return the frame of the port Ethernet<number> of a switch, in hex."""
    mac = bytes.fromhex(f"001c730000{number:02x}")
    told = tlv(1, b"\x04" + mac) + tlv(2, b"\x05" + f"Ethernet{number}".encode()) + tlv(3, struct.pack("!H", 120))
    body = told + tlv(4, b"two\nlines") + tlv(5, b"leaf1") + b"".join(more) + tlv(0, b"")
    return (bytes.fromhex("0180c200000e") + mac + b"\x88\xcc" + body).ljust(60, b"\0").hex()


def dot1(kind: int, value: bytes) -> bytes:
    """Return an element of IEEE 802.1: 1 is the port VLAN, 3 a VLAN's name."""
    return tlv(127, b"\x00\x80\xc2" + bytes([kind]) + value)


def test_a_real_daemon() -> None:
    """Named VLANs, a native VLAN without a name, the largest frame, and a second switch at the same NIC."""
    require("lldpd", "lldpcli", "ip", "unshare")
    require_root("namespaces need root")
    named = dot1(3, struct.pack("!HB", 100, 3) + b"one") + dot1(3, struct.pack("!HB", 101, 3) + b"two")
    large = tlv(127, b"\x00\x12\x0f\x04" + struct.pack("!H", 9236))
    first, second = frame(12, dot1(1, struct.pack("!H", 7)), named, large), frame(13)
    done = subprocess.run(
        ["unshare", "-n", "-m", "-u", "sh", "-c", SCRIPT, "sh", first, second],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "python": sys.executable, "send": SEND, "text": LLDP.text},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (neighbours,) = read_neighbours(done.stdout).values()
    both = {one.port: one for one in neighbours}
    assert both["Ethernet12"] == Neighbour(
        nic="va0",
        chassis="00:1c:73:00:00:0c",
        chassis_name="leaf1",
        port="Ethernet12",
        port_description="two\nlines",
        vlans=frozenset({100, 101}),
        pvid=7,
        max_frame=9236,
    )
    assert (both["Ethernet13"].vlans, both["Ethernet13"].pvid) == (frozenset(), None)
