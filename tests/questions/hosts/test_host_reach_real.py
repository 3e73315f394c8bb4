"""Whom a host reaches, between real network namespaces with real firewalls."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from exporter.cloud.storage import Place
from exporter.questions.dialling import Reach
from exporter.questions.hosts.reach import HOST_REACH
from tests.questions.reach_namespaces import FIREWALLS, Wires, routes, run, wired
from tests.remote_texts import Machine, shells

pytestmark = pytest.mark.real

TLS, PLAIN, MIGRATION, AGENT, NFS = 16514, 16509, 49152, 8250, 2049
NUMBERS = tuple(map(str, (AGENT, TLS, PLAIN, MIGRATION)))
GONE = "10.77.0.99"


@pytest.fixture
def wires() -> Iterator[Wires]:
    """Yield a machine that asks."""
    with wired(f"hr{os.getpid()}-") as wires:
        yield wires


@pytest.fixture
def machine(tmp_path: Path, wires: Wires) -> Machine:
    """Return a secured host without an agent's file."""
    machine = Machine.at(tmp_path)
    machine.file("etc/cloudstack/agent/cloud.crt")
    routes(machine, wires)
    return machine


EXPECTED = {
    "accepts": (Reach.OPEN, Reach.REFUSED),
    "drops": (Reach.TIMEOUT, Reach.TIMEOUT),
    "prohibits": (Reach.UNREACHABLE, Reach.UNREACHABLE),
    "resets": (Reach.REFUSED, Reach.REFUSED),
}
"""Firewall before libvirt and the port of migrations, on which nobody listens -> what is seen of both."""


@pytest.mark.parametrize("shell", shells())
def test_each_kind_of_firewall(wires: Wires, machine: Machine, shell: str) -> None:
    """All at once: who drops costs the others nothing. One that resets looks like nobody listening."""
    addresses = {
        kind: wires.machine(number, TLS, firewall=kind, closed=(MIGRATION,))
        for number, kind in enumerate(FIREWALLS, start=10)
    }
    found = wires.ask(machine, HOST_REACH, *NUMBERS, *addresses.values(), GONE, shell=shell)
    seen = {kind: (found.libvirt[address], found.migration[address]) for kind, address in addresses.items()}
    assert seen == EXPECTED
    assert {found.libvirt[GONE], found.migration[GONE]} <= {Reach.TIMEOUT, Reach.UNREACHABLE}
    assert found.interface_to(GONE) == "br0"
    assert found.routes == {IPv4Network("10.77.0.0/24"): "br0"}


def test_stores_and_names(wires: Wires, machine: Machine) -> None:
    """NFS that takes connections, one behind a firewall, a name that nobody knows."""
    good = wires.machine(20, NFS)
    cut = wires.machine(21, NFS, firewall="drops")
    places = (Place(good, NFS), Place(cut, NFS), Place("nas.invalid", NFS))
    found = wires.ask(machine, HOST_REACH, *NUMBERS, *(place.word for place in places))
    outcomes = [found.stores[place] for place in places]
    assert outcomes[:2] == [Reach.OPEN, Reach.TIMEOUT]
    assert outcomes[2] in {Reach.UNRESOLVED, Reach.TIMEOUT}  # the asker has no name server


def test_what_stands_is_not_dialled(wires: Wires, machine: Machine) -> None:
    """An export that is mounted, and an agent that is connected."""
    store, server = wires.machine(30, NFS), wires.machine(31, AGENT)
    machine.file("etc/cloudstack/agent/agent.properties", f"host={server}\n")
    wires.connected(store, NFS)
    alone = wires.ask(machine, HOST_REACH, *NUMBERS, f"{store}@{NFS}")
    assert alone.stores == {Place(store, NFS): Reach.ESTABLISHED}
    assert (alone.is_connected, dict(alone.management)) == (False, {server: Reach.OPEN})
    wires.connected(server, AGENT)
    found = wires.ask(machine, HOST_REACH, *NUMBERS)
    assert (found.is_connected, dict(found.management)) == (True, {})


def test_a_management_server_behind_a_firewall(wires: Wires, machine: Machine) -> None:
    """The agent has no connection, and this is why."""
    server = wires.machine(40, AGENT, firewall="prohibits")
    machine.file("etc/cloudstack/agent/agent.properties", f"host={server},{GONE}@shuffle\n")
    found = wires.ask(machine, HOST_REACH, *NUMBERS)
    assert found.management[server] is Reach.UNREACHABLE
    assert not found.management[GONE].is_good


def test_the_bridge_of_control_nics(wires: Wires, machine: Machine) -> None:
    """Its network is there while it is up, and gone when it is down or has no address."""
    ip = ("ip", "-n", wires.asker)
    run(*ip, "link", "add", "cloud0", "type", "bridge")
    run(*ip, "address", "add", "169.254.0.1/16", "dev", "cloud0")
    ways = []
    for change in (("link", "set", "cloud0", "up"), ("link", "set", "cloud0", "down"), ("link", "set", "cloud0", "up"),
                   ("address", "flush", "dev", "cloud0")):  # fmt: skip
        run(*ip, *change)
        routes(machine, wires)
        ways.append(wires.ask(machine, HOST_REACH, *NUMBERS).interface_to("169.254.7.7"))
    assert ways == ["cloud0", "", "cloud0", ""]
