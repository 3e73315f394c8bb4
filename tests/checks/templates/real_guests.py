"""Guests with real DHCP clients, and a router with a real dnsmasq, on one VLAN of a real Open vSwitch in user space.

Each is in a network namespace of its own; everything is in a namespace of processes that ends with the script. Guests:
10 udhcpc, 11 ISC dhclient, 12 a static address, 13 not in the router's list of hosts, 14 a NIC named p192p1 whose
client asks on eth0, 15 on a switch port of another VLAN, 16 udhcpc that sends no client id.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from exporter.questions.routers.dhcp import ROUTER_DHCP
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS
from exporter.questions.routers.sockets import ROUTER_SOCKETS
from tests.checks.templates import guest_scene as scene

QUESTIONS = {one.name: one for one in (ROUTER_DHCP, ROUTER_NEIGHBOURS, ROUTER_SOCKETS)}
UDHCPC, DHCLIENT, STATIC, STRANGER, MISNAMED, CUT_OFF, WITHOUT_ID = range(10, 17)
KNOWN = (UDHCPC, DHCLIENT, STATIC, MISNAMED, CUT_OFF, WITHOUT_ID)
TOOLS = ("dnsmasq", "busybox", "dhclient", "ip", "ethtool", "unshare", "ovs-vswitchd", "ovsdb-tool", "ss")

SCRIPT = r"""
set -e
mount -t tmpfs none /run
mkdir -p /run/netns
export OVS_RUNDIR=$PWD/ovs OVS_LOGDIR=$PWD/ovs OVS_DBDIR=$PWD/ovs OVS_SYSCONFDIR=$PWD/ovs
mkdir ovs
ovsdb-tool create $PWD/ovs/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server $PWD/ovs/conf.db --remote=punix:$PWD/ovs/db.sock --pidfile --detach --no-chdir 2>/dev/null
ovs-vsctl --no-wait init
ovs-vswitchd unix:$PWD/ovs/db.sock --disable-system --pidfile --detach --no-chdir 2>/dev/null
ovs-vsctl add-br guests -- set bridge guests datapath_type=netdev fail-mode=standalone
plug() { # namespace, its NIC, MAC, VLAN
    ip netns add $1
    ip link add $1 up type veth peer name $2 netns $1
    ip -n $1 link set $2 address $3 up
    ip -n $1 link set lo up
    ip netns exec $1 ethtool -K $2 tx off >/dev/null # nobody fills in checksums in user space
    ovs-vsctl add-port guests $1 tag=$4
}
plug router eth0 02:00:00:00:00:01 101
ip -n router addr add 10.1.0.1/24 dev eth0
for number in 10 11 12 13 14 15 16; do
    name=eth0 vlan=101
    [ $number != 14 ] || name=p192p1
    [ $number != 15 ] || vlan=102
    plug g$number $name 02:00:00:00:00:$(printf %02x $number) $vlan
done
mkdir -p root/var/log root/etc root/var/lib/misc
for number in @KNOWN@; do
    printf '02:00:00:00:00:%02x,10.1.0.%d,g%d,infinite\n' $number $number $number
done >root/etc/dhcphosts.txt
ip netns exec router dnsmasq --conf-file=/dev/null --port=0 --bind-interfaces --interface=eth0 --user=root \
    --log-facility="$PWD/root/var/log/dnsmasq.log" --dhcp-leasefile="$PWD/root/var/lib/misc/dnsmasq.leases" \
    --pid-file="$PWD/dnsmasq.pid" --dhcp-range=10.1.0.1,static --dhcp-hostsfile="$PWD/root/etc/dhcphosts.txt" \
    --dhcp-ignore='tag:!known' --dhcp-client-update --no-ping
cat >take <<'END'
#!/bin/sh
[ "$1" != bound ] || ip addr replace "$ip/24" dev "$interface"
[ "$reason" != BOUND ] || ip addr replace "$new_ip_address/24" dev "$interface"
END
chmod +x take
ask() {
    who=$1
    shift
    ip netns exec $who busybox udhcpc -i eth0 -n -q -t 3 -T 1 -s "$PWD/take" "$@" >$who.out 2>&1 || true
}
ask g10 &
ip netns exec g11 dhclient -1 -sf "$PWD/take" -lf "$PWD/g11.leases" -pf "$PWD/g11.pid" eth0 >g11.out 2>&1 || true &
ip -n g12 addr add 10.1.0.12/24 dev eth0
ask g13 & ask g14 & ask g15 & ask g16 -C &
tries=0
until [ $(grep -c 'DHCPACK' root/var/log/dnsmasq.log) -ge 3 ] && grep -q ignored root/var/log/dnsmasq.log; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || { cat root/var/log/dnsmasq.log *.out; exit 1; }
    sleep 0.05
done
for number in 10 11 16; do
    until ip -n g$number -o -4 addr show dev eth0 | grep -q 10.1.0.$number; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || { echo "g$number took no address"; exit 1; }
        sleep 0.05
    done
done
ip netns exec router @PYTHON@ - <<'END'
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    for number in range(10, 17):
        link.sendto(b"?", (f"10.1.0.{number}", 9))  # nobody listens; what is wanted is who answers to ARP
END
until [ $(ip -n router -4 neigh show | grep -c FAILED) -ge 3 ]; do
    tries=$((tries + 1))
    [ $tries -lt 800 ] || { ip -n router -4 neigh show; exit 1; }
    sleep 0.05
done
for name in @NAMES@; do
    ROOT=$PWD/root ip netns exec router sh $name.sh >$name.answer
done
kill $(cat g11.pid) 2>/dev/null || true
""".replace("@KNOWN@", " ".join(map(str, KNOWN)))


def answers(place: Path) -> scene.Values:
    """Return what the router's true questions brought, and its identity as of a router that is there since long."""
    for name, question in QUESTIONS.items():
        (place / f"{name}.sh").write_text(question.text)
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
         SCRIPT.replace("@NAMES@", " ".join(QUESTIONS)).replace("@PYTHON@", sys.executable)],
        cwd=place,
        env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    read = {question: question.read((place / f"{name}.answer").read_text()) for name, question in QUESTIONS.items()}
    return scene.told() | read
