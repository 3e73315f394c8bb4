"""What is inside a console proxy."""

from __future__ import annotations

from exporter.lab.inside.router import CANARY, RELEASES
from exporter.lab.inside.tree import Tree, tools
from exporter.lab.world import condition
from exporter.lab.world.world import SystemVm, World

JAVA = (
    "java -Djavax.net.ssl.trustStore=./certs/realhostip.keystore -mx256m -cp ./*:./conf com.cloud.agent.AgentShell"
    " template=domP type=consoleproxy"
)


def console_tree(world: World, vm: SystemVm) -> Tree:
    """Return a console proxy as a tree."""
    tree = Tree(vm.name, tools=tools("ss", "ps", "ip", "hostname", "systemctl", "netstat", "getent"))
    name = vm.answers_as or vm.name
    tree.put("etc/cloudstack-release", RELEASES["C"] + "\n")
    tree.put("proc/sys/kernel/hostname", f"{name}\n", mode=0o444)
    tree.put("proc/uptime", f"{vm.uptime}.42 {vm.uptime}.17\n", mode=0o444)
    tree.put("run/systemd/system/.keep", "")
    tree.put("root/vncport", "8443\n" if vm.console.vnc_tls else "8080\n")
    host = vm.management or world.settings.get("host", "")
    tree.put(
        "usr/local/cloud/systemvm/conf/agent.properties",
        f"host={host}@static\nport=8250\nkeystore.passphrase={CANARY}\nresource=com.cloud.agent.resource.ConsoleProxy\n",
        mode=0o600,
    )
    tree.put("var/cache/cloud/cmdline", f"template=domP type=consoleproxy name={vm.name} vmpassword={CANARY}\n")
    java = [f"900 1 {vm.uptime - 40} java {JAVA}"] if vm.agent else []
    lines = [f"1 0 {vm.uptime} systemd /lib/systemd/systemd --system", f"61 1 {vm.uptime} sshd sshd: /usr/sbin/sshd -D"]
    condition.put(tree, vm.condition)
    told = f"cloud.service loaded {'active running' if vm.agent else 'inactive dead'} success 0\n"
    tree.knows |= {
        "hostname": name,
        "era": "C",
        "resolver": f"{vm.resolver}\n",
        "ps": "\n".join([*lines, *java]) + "\n",
        "sockets": _sockets(vm, tls=world.serves_tls(vm)),
        "units": condition.unit_lines(vm.condition, told=told),
        "ip": f"1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet {vm.control}/16 scope global eth0\n"
        f"3: eth1    inet {vm.private}/24 scope global eth1\n4: eth2    inet {vm.public}/24 scope global eth2\n",
    }
    return tree


def _sockets(vm: SystemVm, *, tls: bool) -> str:
    """Return what listens, and the agent's connection to its management server; Java listens on all addresses."""
    ports = [8001]
    if vm.console.web and vm.agent:
        ports += [80, 443] if tls else [80]
    if vm.console.vnc and vm.agent:
        ports.append(8443 if vm.console.vnc_tls else 8080)
    found = [f'tcp LISTEN 0 128 {vm.control}:3922 0.0.0.0:* users:(("sshd",pid=61,fd=3))']
    if vm.agent:
        found += [f'tcp LISTEN 0 5 *:{port} *:* users:(("java",pid=900,fd=40))' for port in ports]
    if vm.agent and vm.session:
        found.append(f'tcp ESTAB 0 0 {vm.private}:48222 192.0.2.10:8250 users:(("java",pid=900,fd=30))')
    return "\n".join(found) + "\n"
