"""Whether a management server reaches the others: whom it is told to dial, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.cloud.objects import ManagementServer
from exporter.cloud.storage import Place
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Ports
from exporter.questions.dialling import Reach
from exporter.questions.management.ways import MANAGEMENT_WAYS
from tests.questions.reach_namespaces import FIREWALLS, Wires, wired
from tests.remote_texts import Machine, shells

CLUSTER = 9090
SEEN = {
    "accepts": Reach.OPEN,
    "drops": Reach.TIMEOUT,
    "prohibits": Reach.UNREACHABLE,
    "resets": Reach.REFUSED,
}


def words(*peers: str) -> tuple[str, ...]:
    """Return the parameters of a server that has these others."""
    target = ManagementServerTarget(ManagementServer("m1", "ms1", "Up", "10.0.0.1"), None, peers)
    assert MANAGEMENT_WAYS.parameters is not None
    return MANAGEMENT_WAYS.parameters(target, Ports())


def test_whom_it_is_told_to_dial() -> None:
    """Each once; none at an address that is its own, or every machine's, or that bash cannot dial."""
    assert words("10.0.0.2", "10.0.0.3", "10.0.0.2") == ("10.0.0.2@9090", "10.0.0.3@9090")
    assert words("127.0.0.1", "localhost", "10.0.0.1", "", "fd00::2", "10.0.0.2; id") == ()


def test_it_is_asked_seldom_and_later() -> None:
    """CloudStack writes a line for each dial."""
    assert (MANAGEMENT_WAYS.every, MANAGEMENT_WAYS.waits) == (10, True)


@pytest.mark.parametrize("shell", shells())
def test_a_server_alone_asks_nobody(tmp_path: Path, shell: str) -> None:
    """And that is an answer."""
    assert Machine.at(tmp_path).read(MANAGEMENT_WAYS, shell=shell) == {}


@pytest.fixture
def wires() -> Iterator[Wires]:
    """Yield a machine that asks."""
    with wired(f"mw{os.getpid()}-") as wires:
        yield wires


@pytest.mark.real
@pytest.mark.parametrize("shell", shells())
def test_each_kind_of_firewall(tmp_path: Path, wires: Wires, shell: str) -> None:
    """All at once, and one on which nobody listens."""
    found = {kind: wires.machine(number, CLUSTER, firewall=kind) for number, kind in enumerate(FIREWALLS, start=10)}
    closed = wires.machine(30, closed=(CLUSTER,))
    seen = wires.ask(Machine.at(tmp_path), MANAGEMENT_WAYS, *words(*found.values(), closed), shell=shell)
    assert seen == {
        Place(closed, CLUSTER): Reach.REFUSED,
        **{Place(address, CLUSTER): SEEN[kind] for kind, address in found.items()},
    }


@pytest.mark.real
def test_a_connection_that_stands_is_not_dialled(tmp_path: Path, wires: Wires) -> None:
    """Only one that this server has made proves its way."""
    there = wires.machine(10, CLUSTER)
    wires.connected(there, CLUSTER)
    seen = wires.ask(Machine.at(tmp_path), MANAGEMENT_WAYS, *words(there))
    assert seen == {Place(there, CLUSTER): Reach.ESTABLISHED}
