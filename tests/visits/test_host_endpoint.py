"""A visit to the ports of a hypervisor: what is dialled, what is an answer, and what is none."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.cloud.targets import HostEndpoint
from exporter.model import Failure, Ports, Question, Reason, SourceError
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE, HOST_PORTS
from exporter.sources.probe import Probe, ProbeSettings
from exporter.visits.host_endpoint import is_lit, visit
from exporter.visits.ways import Ways
from tests.checks.host_connectivity import management_scene as scene
from tests.sources.certificate_maker import authority, leaf
from tests.sources.rough_servers import serving

HERE = "127.0.0.1"
CA = authority("CloudStack Root CA")
BOTH = (HOST_PORTS, HOST_CERTIFICATE)


def ways(seconds: float = 3.0, **ports: int) -> Ways:
    """Return ways that dial these ports; nobody listens on the others."""
    closed = {"ssh": 1, "libvirt": 2, "libvirt_tls": 3, "hypervisor_https": 4}
    return Ways(dial=Probe(ProbeSettings(connect_seconds=seconds)), ports=Ports(**(closed | ports)))


async def seen(
    given: Ways, hypervisor: str = "KVM", due: tuple[Question[Any], ...] = BOTH, seconds: float = 20.0
) -> Any:
    """Return what a visit brings."""
    host = scene.host(address=HERE, hypervisor=hypervisor)
    return await visit(HostEndpoint(host, "zone-1"), due, given, seconds)


@contextmanager
def listening() -> Iterator[int]:
    """Hold a port that takes connections."""
    with socket.create_server((HERE, 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def dropping() -> Iterator[int]:
    """Hold a port whose queue is full, so that nothing comes back."""
    with socket.create_server((HERE, 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex((HERE, port))
        yield port
        for client in waiting:
            client.close()


@pytest.fixture
async def libvirt(tmp_path: Path) -> AsyncIterator[int]:
    """Serve TLS as libvirt does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*leaf(CA, "kvm-1", end=20).write(tmp_path, "server"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(CA.write(tmp_path, "ca")[0])

    async def hold(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(hold, context) as port:
        yield port


async def test_a_secured_host(libvirt: int) -> None:
    """SSH and libvirt take connections, and libvirt shows its certificate."""
    with listening() as ssh:
        found = await seen(ways(ssh=ssh, libvirt_tls=libvirt))
    assert {name: one.is_ok for name, one in found[HOST_PORTS].items()} == {"ssh": True, "libvirt": True}
    assert found[HOST_CERTIFICATE].common_name == "console"


async def test_a_host_that_is_not_secured() -> None:
    """libvirt without TLS counts as libvirt; there is no certificate, which is an answer."""
    with listening() as libvirt:
        found = await seen(ways(libvirt=libvirt))
    assert found[HOST_PORTS]["libvirt"].is_ok
    assert found[HOST_PORTS]["ssh"].reason is Reason.REFUSED
    assert found[HOST_CERTIFICATE] is None


@pytest.mark.parametrize("is_secured", [True, False])
async def test_libvirt_without_tls_is_dialled_only_where_that_with_tls_takes_nothing(is_secured: bool) -> None:
    """What is proved need not be dialled again."""
    with socket.create_server((HERE, 0)) as plain, listening() as open_port:
        plain.setblocking(False)
        tls = {"libvirt_tls": open_port} if is_secured else {}
        found = await seen(ways(ssh=open_port, libvirt=plain.getsockname()[1], **tls), due=(HOST_PORTS,))
        try:
            plain.accept()[0].close()
            was_dialled = True
        except BlockingIOError:
            was_dialled = False
    assert found[HOST_PORTS]["libvirt"].is_ok
    assert was_dialled is not is_secured


async def test_a_firewall_that_drops() -> None:
    """A timeout is an answer about ports, and none about the certificate."""
    with dropping() as port:
        found = await seen(ways(0.3, ssh=port, libvirt_tls=port))
    assert [one.reason for one in found[HOST_PORTS].values()] == [Reason.TIMEOUT, Reason.TIMEOUT]
    assert found[HOST_CERTIFICATE].reason is Reason.TIMEOUT


async def test_a_visit_without_time() -> None:
    """What was not asked in time is a failure of its own."""
    with dropping() as port:
        found = await seen(ways(5.0, ssh=port), seconds=0.2)
    assert found[HOST_PORTS].reason is Reason.TIMEOUT
    assert found[HOST_CERTIFICATE] is None


@pytest.mark.parametrize(
    ("hypervisor", "names"), [("XenServer", {"ssh", "https"}), ("VMware", {"https"}), ("KVM", {"ssh", "libvirt"})]
)
async def test_what_each_hypervisor_is_dialled_at(hypervisor: str, names: set[str]) -> None:
    """Only KVM has libvirt."""
    assert set((await seen(ways(), hypervisor))[HOST_PORTS]) == names


async def test_only_what_is_due_is_dialled() -> None:
    """Ports are dialled each half hour, the certificate is looked at each two hours; most visits dial nobody."""
    assert (HOST_PORTS.every, HOST_CERTIFICATE.every) == (3, 12)
    assert await seen(ways(), due=()) == {}
    assert set(await seen(ways(), due=(HOST_PORTS,))) == {HOST_PORTS}


async def test_it_is_lit_where_ssh_is_configured() -> None:
    """Elsewhere the exporter may stand where no host is reached."""
    assert is_lit(ways())
    dark = replace(ways(), dial=None)
    assert not is_lit(dark)
    with pytest.raises(SourceError) as caught:
        await seen(dark)
    assert caught.value.reason is Reason.NOT_CONFIGURED


def test_no_route_from_here_is_no_answer() -> None:
    """That is a fault of the exporter's place, not of the host."""
    error = SourceError(Reason.NO_WAY, "no route")
    for question, raw in ((HOST_PORTS, {"ssh": [error]}), (HOST_CERTIFICATE, error)):
        with pytest.raises(SourceError):
            question.read(raw)


def test_the_first_port_speaks_for_a_service_that_takes_nothing() -> None:
    """A firewall before libvirt with TLS is told, whatever becomes of the other port."""
    tries = [SourceError(Reason.TIMEOUT, "silent"), SourceError(Reason.REFUSED, "closed")]
    assert HOST_PORTS.read({"libvirt": tries})["libvirt"].detail == "silent"


def test_failures_have_words() -> None:
    """They are what a finding shows."""
    assert HOST_PORTS.read({"ssh": [SourceError(Reason.TIMEOUT)]})["ssh"].detail == "timeout"
    assert not isinstance(HOST_CERTIFICATE.read(SourceError(Reason.REFUSED, "closed")), Failure)


async def test_a_visit_that_ends_before_it_has_dialled_leaves_nothing_behind() -> None:
    """The exporter may be stopped at any moment; a step that nobody awaits would be told at its end."""
    for turns in range(4):
        task = asyncio.create_task(seen(ways()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    gc.collect()
