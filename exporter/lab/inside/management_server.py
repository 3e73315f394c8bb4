"""A management server as a tree: its identity, its service, its sockets. Its log is daemons/management_log.py's."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.lab.inside.router import CANARY
from exporter.lab.inside.tree import Tree, tools
from exporter.lab.world import management
from exporter.lab.world.management import AGENTS, DATABASE, DATABASE_SERVER, ManagementServer
from exporter.lab.world.world import World

JAVA = 'users:(("java",pid=1840,fd=60))'
DAEMON = "java -Djava.security.properties=java.security.ciphers -cp /etc/cloudstack org.apache.cloudstack.ServerDaemon"
BOOT = 900
"""Seconds from the start of the machine to that of the service."""
CLIENTS = 41000
"""Ports of clients begin here."""


def management_tree(world: World, server: ManagementServer) -> Tree:
    """Return a management server as a tree."""
    tree = Tree(server.name, tools=tools("ss", "systemctl", "hostname", "ps", "date"))
    tree.put("proc/sys/kernel/hostname", f"{server.name}\n", mode=0o444)
    tree.put("proc/uptime", f"{server.uptime + BOOT}.42 {server.uptime + BOOT}.17\n", mode=0o444)
    tree.put("run/systemd/system/.keep", "")
    tree.put("etc/cloudstack/management/db.properties", f"db.cloud.password={CANARY}\n", mode=0o640)
    java = f"1840 1 {server.uptime} java {DAEMON}\n" if server.runs else ""
    inner = {"active": "running", "failed": "failed", "activating": "auto-restart"}.get(server.service, "dead")
    result = "success" if inner in {"running", "dead"} else "exit-code"
    tree.knows = {
        "hostname": server.name,
        "ahead": f"{server.clock}\n",
        "era": "C",
        "ps": f"1 0 {server.uptime + BOOT} systemd /lib/systemd/systemd --system\n{java}",
        "units": f"cloudstack-management.service loaded {server.service} {inner} {result} 0 {BOOT}000000\n",
        "sockets": "".join(f"{line}\n" for line in _sockets(world, server)),
    }
    if server.refused:
        tree.tools[server.refused] = "refused"
    if server.log == "unreadable":
        tree.tools["stat"] = "refused"  # the lab may run as root, which file modes do not stop
    return tree


def _sockets(world: World, server: ManagementServer) -> Iterator[str]:
    """Yield what listens and what is connected; Java listens on all addresses."""
    yield 'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=610,fd=3))'
    if not server.runs:
        return
    cluster = world.ports.cluster
    for port in sorted(server.ports | ({cluster} if server.cluster != "refused" else set())):
        yield f"tcp LISTEN 0 50 *:{port} *:* {JAVA}"
    for number, agent in enumerate(management.connected(world, server)):
        yield _established(server.address, AGENTS, agent, CLIENTS + number)
    for other in management.others(world, server):
        if server.cluster == "up":
            yield _established(server.address, cluster, other.address, CLIENTS + other.number)
        if other.cluster == "up":
            yield _established(server.address, CLIENTS + server.number, other.address, cluster)
    for number in range(server.database):
        yield _established(server.address, CLIENTS + 100 + number, DATABASE_SERVER, DATABASE)


def _established(local: str, port: int, peer: str, peer_port: int) -> str:
    """Return a connection as ss shows those of Java, whose sockets speak both protocols."""
    return f"tcp ESTAB 0 0 [::ffff:{local}]:{port} [::ffff:{peer}]:{peer_port} {JAVA}"
