"""Debian's dnsmasq as a router's DHCP server and as a stranger's, and udhcpc as a guest, on one bridge.

Everything is in namespaces of its own, of processes too, and ends with the script that is played.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MAC = "02:00:2c:6a:01:10"
ADDRESS = "10.1.1.10"
WORLD = (
    r"""
set -e
mount -t tmpfs none /run
mkdir -p /run/netns
ip link add br0 type bridge
ip link set br0 up
for name in router stranger guest; do
    ip netns add $name
    ip link add $name type veth peer name eth0 netns $name
    ip link set $name master br0 up
    ip -n $name link set eth0 up
done
ip -n router addr add 10.1.1.1/24 dev eth0
ip -n stranger addr add 10.1.1.200/24 dev eth0
ip -n guest link set eth0 address @MAC@
echo '@MAC@,@ADDRESS@,web01,infinite' >hosts
serve() {
    who=$1
    shift
    ip netns exec $who dnsmasq --conf-file=/dev/null --port=0 --bind-interfaces --interface=eth0 --user=root \
        --log-facility="$PWD/$who.log" --dhcp-leasefile="$PWD/$who.leases" --pid-file="$PWD/$who.pid" "$@"
}
start_router() {
    serve router --dhcp-range=10.1.1.1,static --dhcp-hostsfile="$PWD/hosts" --dhcp-ignore='tag:!known' \
        --dhcp-client-update "$@"
}
start_stranger() { serve stranger --dhcp-range=10.1.1.100,10.1.1.120,1h --no-ping; }
ask() { ip netns exec guest busybox udhcpc -i eth0 -n -q -t 2 -T 1 -s /bin/true "$@" 2>&1 || true; }
say() { ip netns exec guest @PYTHON@ say.py "$@"; }
logged() {
    tries=0
    until [ $(grep -c "$1" router.log) -ge ${2:-1} ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { echo "never logged: $1"; exit 1; }
        sleep 0.05
    done
}
# The stranger is surely faster while the router sleeps; what came meanwhile waits in its socket. A guest that it does
# not know comes last, so that everything before has been read.
beaten() {
    kill -STOP $(cat router.pid)
    ask
    kill -CONT $(cat router.pid)
    ip -n guest link set eth0 address $1
    ask -t 1 >/dev/null
    logged "$1 ignored"
    ip -n guest link set eth0 address @MAC@
}
# Nothing is sent to the guest's port: the bridge neither learns who is there nor floods to it.
deaf() { ip link set guest type bridge_slave learning off flood off bcast_flood off fdb_flush; }
""".replace("@MAC@", MAC)
    .replace("@ADDRESS@", ADDRESS)
    .replace("@PYTHON@", sys.executable)
)


SAY = """
import socket, sys
kind, *options = sys.argv[1:]
head = bytes([1, 1, 6, 0]) + b"abcd" + bytes(20) + bytes.fromhex("@MAC@".replace(":", "")) + bytes(202)
packet = head + bytes.fromhex("63825363") + bytes([53, 1, int(kind)]) + bytes.fromhex("".join(options)) + b"\\xff"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    link.bind(("", 68))
    link.sendto(packet, ("255.255.255.255", 67))
""".replace("@MAC@", MAC)
"""Sends one message of the guest: its type, and options in hexadecimal. udhcpc does not know all of them."""


def play(place: Path, script: str) -> str:
    """Return what a script with these parts prints; the router's log is ``router.log`` in ``place``."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "say.py").write_text(SAY)
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", WORLD + script],
        cwd=place,
        env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
