"""What the tools of the lab's hosts print is what the exporter's questions read, and tells what the records say."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TypeVar

import pytest

from exporter.lab.inside.host import booted, host_tree
from exporter.lab.inside.tree import Shelf
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.hypervisor import Hypervisor
from exporter.lab.world.world import Host, Ports, World
from exporter.model import Question
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.bonds import BONDS
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.lldp import LLDP
from exporter.questions.hosts.nic_counters import NIC_COUNTERS
from exporter.questions.hosts.nics import NICS
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME

T = TypeVar("T")
BEFORE = 1000
"""Seconds before now when the lab of these tests began."""
HOSTS = tuple(f"kvm-{number}" for number in range(1, 11))


class Machines:
    """A world whose hosts are laid out as they are asked, after a change if there is one."""

    def __init__(self, folder: Path) -> None:
        now = booted() + float(Path("/proc/uptime").read_text().split()[0])
        self.world: World = build(Options(), Ports.block(20000), now - BEFORE)
        self.shelf = Shelf(folder / "all", self.world.start)
        self.shelf.gather()

    def host(self, name: str) -> Host:
        """Return a host by name."""
        return next(host for host in self.world.hosts if host.name == name)

    def run(self, name: str, text: str) -> subprocess.CompletedProcess[str]:
        """Run a question's text on a host as the collector does."""
        self.shelf.put(host_tree(self.world, self.host(name)))
        root = self.shelf.folder / name / "root"
        return subprocess.run(
            ["/bin/sh", "-f", "-c", text],
            env={"PATH": self.shelf.path(name), "ROOT": str(root)},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def ask(self, name: str, question: Question[T]) -> T:
        """Return what a host answers."""
        ended = self.run(name, question.text)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return question.read(ended.stdout)


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    """Return the hosts of a lab that began a while ago."""
    return Machines(tmp_path)


@pytest.mark.parametrize("name", HOSTS)
def test_links(machines: Machines, name: str) -> None:
    """Every interface of the records is there with its kind, and nothing else but lo and ovs-system."""
    made, links = machines.host(name).hypervisor, machines.ask(name, LINKS)
    kinds = {nic.name: "" for nic in made.nics} | {bond.name: "bond" for bond in made.bonds}
    kinds |= {device.name: "vlan" for device in made.vlans} | {bridge.name: "bridge" for bridge in made.bridges}
    kinds |= {tap.name: "tun" for tap in made.taps} | {"lo": ""}
    if made.ovs:
        kinds |= {bridge.name: "openvswitch" for bridge in made.ovs.bridges} | {"ovs-system": "openvswitch"}
    assert {link.name: link.kind for link in links.by_name.values()} == kinds
    for device in made.vlans:
        assert (links.by_name[device.name].vlan, links.by_name[device.name].parent) == (device.vlan, device.parent)
    for tap in made.taps:
        assert links.by_name[tap.name].master == ("ovs-system" if made.ovs else tap.bridge)


def test_counters_grow_with_time(machines: Machines) -> None:
    """One-way signs are judged by counters that moved: so many frames per second since the lab began."""
    traffic = machines.host("kvm-1").hypervisor.nic("eth0").traffic
    traffic.tx = 0
    counted = machines.ask("kvm-1", LINKS).by_name["eth0"].counters
    assert 0 <= counted.rx_packets - traffic.base - BEFORE * traffic.rx <= 60 * traffic.rx
    assert counted.tx_packets == traffic.base


@pytest.mark.parametrize("name", HOSTS)
def test_domains(machines: Machines, name: str) -> None:
    """libvirt tells every machine with the MAC and bridge of each NIC."""
    made, domains = machines.host(name).hypervisor, machines.ask(name, DOMAINS)
    assert domains.keys() == {domain.name for domain in made.domains}
    told = {(one.tap, one.source, one.mac) for domain in domains.values() for one in domain.interfaces}
    assert told == {(tap.name, tap.bridge, tap.mac) for tap in made.taps}


@pytest.mark.parametrize("name", HOSTS)
def test_bonds_nics_and_neighbours(machines: Machines, name: str) -> None:
    """Members of bonds and the NICs in use are those of the records; unused NICs are not asked."""
    made = machines.host(name).hypervisor
    bonds = machines.ask(name, BONDS)
    assert {bond: {one.name for one in told.members} for bond, told in bonds.items()} == {
        bond.name: {member.nic for member in bond.members} for bond in made.bonds
    }
    used = {member.nic for bond in made.bonds for member in bond.members}
    if made.ovs:
        used = {nic.name for nic in made.nics}
    nics = machines.ask(name, NICS)
    assert nics.keys() == machines.ask(name, NIC_COUNTERS).keys() == used
    assert all((nic.driver, nic.pci_id) == ("i40e", "8086:158b") for nic in nics.values())
    heard = {nic.name for nic in made.nics if nic.switch and made.lldp == "up"}
    assert machines.ask(name, LLDP).keys() == heard


@pytest.mark.parametrize("name", HOSTS)
def test_agent(machines: Machines, name: str) -> None:
    """The agent runs, with the labels of its zone."""
    agent, zone = machines.ask(name, AGENT), machines.host(name).zone
    assert agent.is_active
    assert (agent.private, agent.guest, agent.bridge_type) == (
        zone.labels["Management"],
        zone.labels["Guest"],
        zone.backend,
    )


@pytest.mark.parametrize("name", ["kvm-7", "kvm-8", "kvm-9"])
def test_open_vswitch(machines: Machines, name: str) -> None:
    """Tags of taps and members of bonds are those of the records."""
    made, database = machines.host(name).hypervisor, machines.ask(name, OVS_DATABASE)
    assert database is not None
    assert {tap.name: tap.tag for tap in made.taps} == {
        port.name: port.tag for port in database.ports.values() if port.name.startswith("vnet")
    }
    runtime = machines.ask(name, OVS_RUNTIME)
    assert runtime is not None
    assert runtime.bonds is not None
    assert {bond: {one.name for one in told.members if one.is_enabled} for bond, told in runtime.bonds.items()} == {
        "bond0": {"eth0", "eth1"},
        "bond1": {"eth2", "eth3"},
    }


def test_open_vswitch_elsewhere(machines: Machines) -> None:
    """A host with Linux bridges says that it has none."""
    assert machines.ask("kvm-1", OVS_DATABASE) is None
    assert machines.ask("kvm-1", OVS_RUNTIME) is None


@pytest.mark.parametrize("name", HOSTS)
def test_firewall(machines: Machines, name: str) -> None:
    """Guarded machines have their chains, sets, frames and logs; other hosts have none."""
    wall = machines.host(name).hypervisor.firewall
    guarded = {vm for vm in (wall.machines if wall else {}) if vm.startswith("i-")}
    rules = machines.ask(name, FIREWALL_RULES)
    assert rules.sets is not None
    assert rules.sets.keys() >= guarded
    assert {default for default, _ in rules.ip4[0].defaults} == {f"{vm.removesuffix('-VM')}-def" for vm in guarded}
    assert {default for default, _ in rules.ip6[0].defaults} == {f"{vm.removesuffix('-VM')}-def" for vm in guarded}
    assert {*chain.from_iterable(machines.ask(name, FRAME_RULES).sent.values())} == {f"{vm}-in" for vm in guarded}
    assert machines.ask(name, FIREWALL).logs.keys() == (wall.machines.keys() if wall else set())


def refuse(made: Hypervisor, tool: str) -> None:
    """Let the account not use a tool."""
    made.refused.add(tool)


def remove(made: Hypervisor, tool: str) -> None:
    """Let a tool not be installed."""
    made.missing.add(tool)


@pytest.mark.parametrize(
    ("name", "tool", "question"),
    [
        ("kvm-1", "ip", LINKS),
        ("kvm-1", "virsh", DOMAINS),
        ("kvm-5", "iptables", FIREWALL_RULES),
        ("kvm-5", "ebtables", FRAME_RULES),
        ("kvm-7", "ovs-vsctl", OVS_DATABASE),
        ("kvm-7", "ovs-appctl", OVS_RUNTIME),
    ],
)
@pytest.mark.parametrize("change", [refuse, remove])
def test_a_tool_that_is_missing_or_refused_fails_its_question(
    machines: Machines, name: str, tool: str, question: Question[object], change: Callable[[Hypervisor, str], None]
) -> None:
    """What is not answered is no answer: the question ends with a code, 127 for a tool that is not there."""
    change(machines.host(name).hypervisor, tool)
    code = machines.run(name, question.text).returncode
    assert code == 127 if change is remove else code not in {0, 127}


def test_a_host_without_libvirt_daemon_or_lldpd(machines: Machines) -> None:
    """A daemon that does not answer is a failure; lldpd that is not installed is an answer."""
    made = machines.host("kvm-1").hypervisor
    made.libvirt, made.lldp = "inactive", "down"
    assert machines.run("kvm-1", DOMAINS.text).returncode == 1
    assert machines.run("kvm-1", LLDP.text).returncode == 1
    assert machines.ask("kvm-2", LLDP) == {}


def test_daemons_of_open_vswitch_that_are_dead(machines: Machines) -> None:
    """The database refuses, the switch is down."""
    ovs = machines.host("kvm-7").hypervisor.ovs
    assert ovs is not None
    ovs.vswitchd = "dead"
    runtime = machines.ask("kvm-7", OVS_RUNTIME)
    assert runtime is not None
    assert (runtime.database.is_up, runtime.switch.is_up) == (True, False)
    ovs.ovsdb = "dead"
    assert machines.run("kvm-7", OVS_DATABASE.text).returncode == 1
