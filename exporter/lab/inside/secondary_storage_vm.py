"""What is inside a secondary storage VM."""

from __future__ import annotations

import hashlib
import uuid

from exporter.lab.inside.router import CANARY, RELEASES
from exporter.lab.inside.tree import Tree, tools
from exporter.lab.world import condition
from exporter.lab.world.world import SystemVm, World

JAVA = (
    "java -Djavax.net.ssl.trustStore=./certs/realhostip.keystore -mx256m -cp ./*:./conf com.cloud.agent.AgentShell"
    " template=domP type=secstorage"
)
TOOLS = ("ss", "ps", "ip", "hostname", "systemctl", "netstat", "getent")
DEVICES = {"Control": "eth0", "Management": "eth1", "Public": "eth2", "Storage": "eth3"}
SENT = 4711
"""Requests that the mount has sent, and that were answered while nothing is wrong."""


def export(vm: SystemVm) -> str:
    """Return what it mounts: CloudStack writes the address of the store, whatever its URL says."""
    return f"{vm.zone.store}:/export/secondary"


def folder(vm: SystemVm) -> str:
    """Return where it mounts that: the name is CloudStack's, Java's UUID.nameUUIDFromBytes of the export."""
    digest = hashlib.md5(export(vm).encode(), usedforsecurity=False).digest()
    return f"/mnt/SecStorage/{uuid.UUID(bytes=digest, version=3)}"


def secondary_tree(world: World, vm: SystemVm) -> Tree:
    """Return a secondary storage VM as a tree."""
    tree = Tree(vm.name, tools=tools(*TOOLS))
    name = vm.answers_as or vm.name
    tree.put("etc/cloudstack-release", RELEASES["C"] + "\n")
    tree.put("etc/resolv.conf", "nameserver 192.0.2.53\n")
    tree.put("proc/sys/kernel/hostname", f"{name}\n", mode=0o444)
    tree.put("proc/uptime", f"{vm.uptime}.42 {vm.uptime}.17\n", mode=0o444)
    tree.put("proc/self/mountstats", _mountstats(vm), mode=0o444)
    tree.put("run/systemd/system/.keep", "")
    host = vm.management or world.settings.get("host", "")
    tree.put(
        "usr/local/cloud/systemvm/conf/agent.properties",
        f"host={host}@static\nport=8250\nkeystore.passphrase={CANARY}\n"
        "resource=org.apache.cloudstack.storage.resource.NfsSecondaryStorageResource\n",
        mode=0o600,
    )
    tree.put("var/cache/cloud/cmdline", f"template=domP type=secstorage name={vm.name} vmpassword={CANARY}\n")
    if vm.mount != "missing":
        for account, template in vm.stored:
            tree.put(f"{folder(vm)}/template/tmpl/{account}/{template}/template.properties", "public=true\n")
    condition.put(tree, vm.condition, mounts="" if vm.mount == "missing" else _mounted(vm))
    tree.knows |= _known(world, vm, name)
    return tree


def _known(world: World, vm: SystemVm, name: str) -> dict[str, str]:
    """Return what its tools print from."""
    age = max(vm.uptime - 40, 1)
    lines = ["1 0 {0} systemd /lib/systemd/systemd --system", "50 1 {0} rsyslogd /usr/sbin/rsyslogd -n -iNONE"]
    lines += ["55 1 {0} cron /usr/sbin/cron -f", "61 1 {0} sshd sshd: /usr/sbin/sshd -D"]
    lines += ["700 1 {0} apache2 /usr/sbin/apache2 -k start", f"900 1 {{0}} java {JAVA}"][: 2 if vm.agent else 1]
    agent = f"cloud.service loaded {'active running' if vm.agent else 'inactive dead'} success 0\n"
    addresses = {"Control": f"{vm.control}/16", "Management": f"{vm.private}/24", "Public": f"{vm.public}/24"}
    known = {
        "hostname": name,
        "era": "C",
        "ps": condition.process_lines(vm.condition, "".join(f"{line.format(age)}\n" for line in lines)),
        "sockets": _sockets(world, vm),
        "units": condition.unit_lines(vm.condition, "apache2", "rpcbind", told=agent),
        "ip": "1: lo    inet 127.0.0.1/8 scope host lo\n"
        + "".join(
            f"{number}: {DEVICES[kind]}    inet {address} scope global {DEVICES[kind]}\n"
            for number, (kind, address) in enumerate(addresses.items(), 2)
        ),
        "one_line_links": _links(vm),
        "route": "none - -\n"
        if vm.internal_route == "none"
        else f"{DEVICES[vm.internal_route]} 127.3.0.254 {addresses[vm.internal_route].partition('/')[0]}\n",
        "resolver": f"{vm.resolver}\n",
    }
    if vm.mount == "hangs":
        known["threads"] = f"{'D':4} {'rpc_wait_bit_killable':30} java\n"
    return known


def _links(vm: SystemVm) -> str:
    """Return ``ip -o link``."""
    shown = r"{0}: {1}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\    link/ether {2} brd ff:ff:ff:ff:ff:ff"
    rows = [r"1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\    link/loopback 00:00:00:00:00:00"]
    rows += [shown.format(number, DEVICES[kind], mac) for number, (kind, mac) in enumerate(vm.macs.items(), 2)]
    return "\n".join(rows) + "\n"


def _mounted(vm: SystemVm) -> str:
    """Return the line of /proc/mounts."""
    state = "ro" if vm.mount == "read_only" else "rw"
    return f"{export(vm)} {folder(vm)} nfs4 {state},relatime,vers=4.2,hard,proto=tcp,timeo=600,retrans=2 0 0\n"


def _mountstats(vm: SystemVm) -> str:
    """Return /proc/self/mountstats: of a mount that hangs requests go out and none comes back."""
    head = "device /dev/vda6 mounted on / with fstype ext4\ndevice proc mounted on /proc with fstype proc\n"
    if vm.mount == "missing":
        return head
    state = "ro" if vm.mount == "read_only" else "rw"
    sent = SENT + 6 if vm.mount == "hangs" else SENT
    return (
        f"{head}device {export(vm)} mounted on {folder(vm)} with fstype nfs4 statvers=1.1\n"
        f"\topts:\t{state},vers=4.2,rsize=1048576,wsize=1048576,hard,proto=tcp,timeo=600,retrans=2\n"
        f"\tage:\t{vm.uptime - 60}\n\tRPC iostats version: 1.1  p/v: 100003/4 (nfs)\n"
        f"\txprt:\ttcp 0 0 2 0 5 {sent} {SENT} 0 {sent + 2} 0 2 {sent} {sent}\n"
    )


def _sockets(world: World, vm: SystemVm) -> str:
    """Return what listens, and the connections of its agent and its mount."""
    found = [f'tcp LISTEN 0 128 {vm.control}:3922 0.0.0.0:* users:(("sshd",pid=61,fd=3))']
    if "apache2" not in vm.condition.stopped | vm.condition.failed:
        found += [f'tcp LISTEN 0 511 *:{port} *:* users:(("apache2",pid=700,fd=4))' for port in (80, 443)]
    if vm.agent and vm.session:
        found.append(f'tcp ESTAB 0 0 {vm.private}:48222 192.0.2.10:8250 users:(("java",pid=900,fd=30))')
    if vm.mount in {"up", "read_only"} and vm.zone.store_answers == "up":
        found.append(f"tcp ESTAB 0 0 {vm.private}:872 {vm.zone.store}:{world.ports.nfs} ")
    return "\n".join(found) + "\n"
