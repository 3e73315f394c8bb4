"""Rules of CloudStack's own script over a real bridge: what traffic does, and what the judges say of the same moment.

Two machines and a stranger are network namespaces on a bridge in a fourth one, the host. Its rules are the healthy
samples, restored with Debian's iptables, ip6tables, ebtables and ipset; the texts are asked inside it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.checks.security_groups import bridge_filtering, bridge_rules, native_chains, protection, source_addresses
from exporter.model import Question
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS
from tests.checks.security_groups import guarded_host as scene
from tests.real_parts import require, require_root
from tests.remote_texts import Machine

BRIDGE = "cloudbr0"
STRANGER, QUIET, STRICT = "10.1.1.200", "10.1.1.55", "10.1.1.56"
"""QUIET has no rules of its own yet: it may send anything and gets nothing. STRICT takes pings and may not send any."""
MAC = "1e:00:b4:00:00:05"
OWN_ARP = f"-p ARP -s {MAC} --arp-ip-src 10.1.1.55 --arp-mac-src {MAC}"
ASKED = (LINKS, FIREWALL, FIREWALL_RULES, FRAME_RULES)
AS_TOLD = (False, True, True, False)
OPEN = (True, True, True, True)
"""What traffic does while the rules hold, and when all is open; see :func:`traffic`."""
CLOUD = scene.cloud(scene.machines(["i-2-55-VM", "i-2-56-VM"]))
RESTORE = {
    "ipset restore": scene.Texts().ipset,
    "iptables-restore": scene.Texts().ip4,
    "ip6tables-restore": scene.Texts().ip6,
    "ebtables-restore": scene.Texts().ebtables,
}


def run(*command: str, given: str = "") -> None:
    """Run a command that must succeed."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


@dataclass(frozen=True, slots=True)
class RealHost:
    """The namespaces by what is in them, and the files that are not the kernel's."""

    prefix: str
    machine: Machine

    def inside(self, where: str) -> tuple[str, ...]:
        """Return the command that runs the rest in a namespace."""
        return ("ip", "netns", "exec", f"{self.prefix}-{where}")

    def do(self, command: str, given: str = "") -> None:
        """Run a command on the host."""
        run(*self.inside("host"), *command.split(), given=given)

    def plug(self, where: str, port: str, address: str, mac: str) -> None:
        """Make a namespace with one NIC, whose other end is a port of the bridge."""
        run("ip", "netns", "add", f"{self.prefix}-{where}")
        peer = ("peer", "name", "nic", "netns", f"{self.prefix}-{where}", "address", mac)
        self.do(f"ip link add {port} type veth {' '.join(peer)}")
        self.do(f"ip link set {port} up master {BRIDGE}")
        for command in (f"address add {address}/24 dev nic", "link set nic up"):
            run(*self.inside(where), "ip", *command.split())

    def ping(self, where: str, address: str) -> subprocess.Popen[bytes]:
        """Return a ping from a namespace; it ends well when any of its two packets is answered."""
        ping = (*self.inside(where), "busybox", "ping", "-c", "2", "-W", "1", "-q", address)
        return subprocess.Popen(ping, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def values(self) -> Mapping[Question[Any], Any]:
        """Return what the texts tell of the host now."""
        told = {question: self.machine.read(question, before=self.inside("host")) for question in ASKED}
        return {**told, DOMAINS: scene.domains()}


@contextmanager
def real_host(place: Path) -> Iterator[RealHost]:
    """Yield a host with healthy rules for two machines; its files are below ``place``."""
    require("ip", "iptables-restore", "ip6tables-restore", "ebtables-restore", "ipset", "sysctl", "busybox")
    require_root("network namespaces need root")
    made = RealHost(f"csne-sg-{os.getpid()}", Machine.at(place))
    for part in ("proc", "sys"):
        (made.machine.root / part).symlink_to(f"/{part}")
    made.machine.file("/var/run/cloud/i-2-55-VM.log", "i-2-55-VM,55,10.1.1.55,3,_initial_,-1\n")
    made.machine.file("/var/run/cloud/i-2-56-VM.log", "i-2-56-VM,56,10.1.1.56,4,9b0c1d2e3f405162738495a6b7c8d9e0,7\n")
    try:
        run("ip", "netns", "add", f"{made.prefix}-host")
        made.do(f"ip link add {BRIDGE} type bridge forward_delay 0")
        made.do(f"ip link set {BRIDGE} up")
        made.plug("stranger", "eth0", STRANGER, "02:00:00:00:00:01")
        made.plug("quiet", "vnet12", QUIET, "1e:00:b4:00:00:05")
        made.plug("strict", "vnet13", STRICT, "1e:00:b4:00:00:06")
        for command, text in RESTORE.items():
            made.do(command, given=text)
        for family in ("iptables", "ip6tables"):
            made.do(f"sysctl -qw net.bridge.bridge-nf-call-{family}=1")
        yield made
    finally:
        for where in ("stranger", "quiet", "strict", "host"):
            subprocess.run(["ip", "netns", "delete", f"{made.prefix}-{where}"], capture_output=True, check=False)


def judged(host: RealHost) -> tuple[set[str], set[str], dict[str, float]]:
    """Return which machines are open, which are cut off, and the other counts that are not 0."""
    values = host.values()
    checks = (protection, bridge_filtering, bridge_rules, source_addresses, native_chains)
    found = [one for check in checks for one in scene.judged_of(check.judge, values, seen_by=CLOUD)]
    others = {name: value for name, value in scene.counts(found).items() if value and not name.startswith("machines")}
    return set(scene.rows(found, "machine_open")), set(scene.rows(found, "machine_cut_off")), others


def traffic(host: RealHost) -> tuple[bool, ...]:
    """Return which pings pass: the stranger's to the quiet and the strict machine, and theirs to the stranger."""
    ways = (("stranger", QUIET), ("stranger", STRICT), ("quiet", STRANGER), ("strict", STRANGER))
    return tuple(ping.wait(timeout=20) == 0 for ping in [host.ping(*way) for way in ways])
