"""Rules of CloudStack's own script over a real bridge: what traffic does, and what the judges say of the same moment.

Two machines and a stranger are network namespaces on a bridge in a fourth one, the host. Its rules are the healthy
samples, restored with Debian's iptables, ip6tables, ebtables and ipset; the texts are asked inside it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporter.checks.security_groups import bridge_filtering, bridge_rules, protection, source_addresses
from exporter.model import Question
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS
from tests.checks.security_groups import guarded_host as scene
from tests.real_parts import require, require_root
from tests.remote_texts import Machine

pytestmark = pytest.mark.real

BRIDGE = "cloudbr0"
STRANGER, QUIET, STRICT = "10.1.1.200", "10.1.1.55", "10.1.1.56"
"""QUIET has no rules of its own yet: it may send anything and gets nothing. STRICT takes pings and may not send any."""
MAC = "1e:00:b4:00:00:05"
OWN_ARP = f"-p ARP -s {MAC} --arp-ip-src 10.1.1.55 --arp-mac-src {MAC}"
ASKED = (LINKS, FIREWALL, FIREWALL_RULES, FRAME_RULES)
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


@pytest.fixture
def host(tmp_path: Path) -> Iterator[RealHost]:
    """Yield a host with healthy rules for two machines."""
    require("ip", "iptables-restore", "ip6tables-restore", "ebtables-restore", "ipset", "sysctl", "busybox")
    require_root("network namespaces need root")
    made = RealHost(f"csne-sg-{os.getpid()}", Machine.at(tmp_path))
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
    checks = (protection, bridge_filtering, bridge_rules, source_addresses)
    found = [one for check in checks for one in scene.judged_of(check.judge, values, seen_by=CLOUD)]
    others = {name: value for name, value in scene.counts(found).items() if value and not name.startswith("machines")}
    return set(scene.rows(found, "machine_open")), set(scene.rows(found, "machine_cut_off")), others


def traffic(host: RealHost) -> tuple[bool, ...]:
    """Return which pings pass: the stranger's to the quiet and the strict machine, and theirs to the stranger."""
    ways = (("stranger", QUIET), ("stranger", STRICT), ("quiet", STRANGER), ("strict", STRANGER))
    return tuple(ping.wait(timeout=20) == 0 for ping in [host.ping(*way) for way in ways])


AS_TOLD = (False, True, True, False)
OPEN = (True, True, True, True)
BOTH = {"i-2-55-VM", "i-2-56-VM"}


def test_healthy_rules_hold(host: RealHost) -> None:
    """What the rules say is what traffic does, and nobody finds fault."""
    assert judged(host) == (set(), set(), {})
    assert traffic(host) == AS_TOLD


def test_mac_addresses_are_guarded_until_the_table_is_flushed(host: RealHost) -> None:
    """The rules of ebtables as the tool prints them now."""
    values = host.values()
    known = values[FRAME_RULES].permitted["i-2-56-VM-in-src"]
    assert (known.addresses, known.drops_others) == ({"1e:00:b4:00:00:06"}, True)
    assert scene.rows(scene.judged_of(source_addresses.judge, values, seen_by=CLOUD), "machine_spoofing") == {}
    host.do("ebtables -t nat -F")
    found = scene.judged_of(source_addresses.judge, host.values(), seen_by=CLOUD)
    assert scene.rows(found, "machine_spoofing").keys() == BOTH
    assert judged(host)[:2] == (set(), set())


@pytest.mark.parametrize(
    ("commands", "passes", "open_", "cut_off", "others"),
    [
        pytest.param(
            ("sysctl -qw net.bridge.bridge-nf-call-iptables=0",),
            OPEN, BOTH, set(), {"bridges_unfiltered": 1}, id="sysctl off",
        ),
        pytest.param(("iptables -I FORWARD -j ACCEPT",), OPEN, BOTH, set(), {"rules_above": 1}, id="accept above"),
        pytest.param(("iptables -F FORWARD",), OPEN, BOTH, set(), {"bridges_incomplete": 1}, id="FORWARD flushed"),
        pytest.param(("iptables -F", "iptables -X"), OPEN, BOTH, set(), {"bridges_incomplete": 1}, id="all gone"),
        pytest.param(
            ("iptables -D BF-cloudbr0-IN -m physdev --physdev-in vnet13 --physdev-is-bridged -j i-2-56-def",),
            (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="hook in",
        ),
        pytest.param(("iptables -F i-2-56-VM-eg",), (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="egress"),
        pytest.param(
            ("iptables -F i-2-56-VM",), (False, False, True, False), set(), {"i-2-56-VM"}, {}, id="ingress"
        ),
        pytest.param(
            ("ipset del i-2-55-VM 10.1.1.55",), (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="address"
        ),
        pytest.param(
            ("iptables -I i-2-55-VM -j ACCEPT",), (True, True, True, False), {"i-2-55-VM"}, set(), {}, id="accept first"
        ),
        pytest.param(
            ("iptables -I i-2-56-VM-eg -j RETURN",),
            (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="return first",
        ),
        pytest.param(
            ("iptables -I i-2-56-def -j ACCEPT",),
            (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="default first",
        ),
        pytest.param(
            ("iptables -I i-2-56-def -j RETURN",),
            (False, False, True, True), {"i-2-56-VM"}, {"i-2-56-VM"}, {}, id="default returns",
        ),
        pytest.param(
            ("ebtables -t nat -D i-2-55-VM-out-ips -p ARP --arp-ip-dst 10.1.1.55 -j RETURN",),
            (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="no questions",
        ),
        pytest.param(
            (f"ebtables -t nat -D i-2-55-VM-in-ips {OWN_ARP} -j RETURN",),
            (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="no answers",
        ),
        pytest.param(
            (f"ebtables -t nat -D i-2-55-VM-in-src -s {MAC} -j RETURN",),
            (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="no frames",
        ),
        pytest.param(
            ("iptables -D FORWARD -o cloudbr0 -m physdev --physdev-is-bridged -j BF-cloudbr0",),
            AS_TOLD, set(), set(), {"bridges_incomplete": 1}, id="one jump of two",
        ),
        pytest.param(
            ("iptables -F BF-cloudbr0",),
            (False, False, False, False), set(), BOTH, {"bridges_incomplete": 1}, id="BF flushed",
        ),
    ],
)  # fmt: skip
def test_what_breaks(
    host: RealHost,
    commands: tuple[str, ...],
    passes: tuple[bool, ...],
    open_: set[str],
    cut_off: set[str],
    others: dict[str, float],
) -> None:
    """Traffic changes as the judges say, from what the tools print at that moment."""
    for command in commands:
        host.do(command)
    assert judged(host) == (open_, cut_off, others)
    assert traffic(host) == passes


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(("ebtables -t nat -F i-2-55-VM-in-ips",), id="flushed"),
        pytest.param(("ebtables -t nat -I i-2-55-VM-in-ips -p ARP --arp-ip-src 10.1.1.77 -j RETURN",), id="one more"),
        pytest.param(("ebtables -t nat -I i-2-55-VM-in-ips -p ARP -j RETURN",), id="all more"),
        pytest.param(("ebtables -t nat -I i-2-55-VM-in -j ACCEPT",), id="accepted first"),
    ],
)
def test_arp_with_the_address_of_another(host: RealHost, commands: tuple[str, ...]) -> None:
    """A machine asks with an address that is not its own: the stranger learns it only once a rule lets it pass."""

    def is_learnt() -> bool:
        run(*host.inside("stranger"), "ip", "neigh", "flush", "all")
        ask = ("busybox", "arping", "-q", "-c", "1", "-w", "1", "-s", "10.1.1.77", "-I", "nic", STRANGER)
        subprocess.run((*host.inside("quiet"), *ask), capture_output=True, check=False)
        known = (*host.inside("stranger"), "ip", "neigh", "show", "10.1.1.77")
        return MAC in subprocess.run(known, capture_output=True, text=True, check=True).stdout

    run(*host.inside("quiet"), "ip", "address", "add", "10.1.1.77/32", "dev", "nic")
    assert not is_learnt()
    for command in commands:
        host.do(command)
    found = scene.judged_of(source_addresses.judge, host.values(), seen_by=CLOUD)
    assert scene.rows(found, "machine_spoofing").keys() == {"i-2-55-VM"}
    assert is_learnt()


def test_legacy_rules_are_in_force_as_well(host: RealHost) -> None:
    """The agent's rules in the legacy tables guard although iptables-save does not show them: no machine is open."""
    require("iptables-legacy-restore", "iptables-legacy-save")
    host.do("iptables -F")
    host.do("iptables -X")
    host.do("iptables-legacy-restore", given=scene.Texts().ip4)
    assert judged(host) == (set(), set(), {})
    assert traffic(host) == AS_TOLD


def test_questions_change_nothing(host: RealHost) -> None:
    """Asked on a host without any rules, they leave no table behind."""
    require("nft")
    for command in ("iptables -F", "iptables -X", "ip6tables -F", "ip6tables -X", "ebtables -t nat -F"):
        host.do(command)
    listed = (*host.inside("host"), "nft", "list", "ruleset")
    run(*host.inside("host"), "nft", "flush", "ruleset")
    host.values()
    assert subprocess.run(listed, capture_output=True, text=True, check=True).stdout == ""
