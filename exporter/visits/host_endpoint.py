"""A visit to the ports of a hypervisor host that the management side dials."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from exporter.cloud.targets import HostEndpoint
from exporter.model import Failure, Question, Reason, SourceError
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE, services
from exporter.sources.probe import Probe
from exporter.visits.outcomes import outcome, tried
from exporter.visits.ways import Ways

TARGET = HostEndpoint


def is_lit(ways: Ways) -> bool:
    """Return whether SSH is configured: then the exporter stands where hosts are reached."""
    return ways.dial is not None


async def visit(
    target: HostEndpoint, due: Iterable[Question[Any]], ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return a value or Failure for each due question; all services are dialled at once.

    Raises:
        SourceError: NOT_CONFIGURED when SSH is not configured.
    """
    if ways.dial is None:
        raise SourceError(Reason.NOT_CONFIGURED, "ssh is not configured")
    asked = tuple(due)
    brought = await asyncio.gather(*(_bounded(question, target, ways.dial, ways, seconds) for question in asked))
    return {question: outcome(question, raw) for question, raw in zip(asked, brought, strict=True)}


async def _bounded(question: Question[Any], target: HostEndpoint, dial: Probe, ways: Ways, seconds: float) -> Any:
    """Return what a step brought in most of the visit's time, so that what is known by then is not lost.

    The step is made in here: of a visit that is cancelled before it has begun none is left that nobody awaits.
    """
    try:
        async with asyncio.timeout(0.9 * seconds):
            return await _step(question, target, dial, ways)
    except TimeoutError:
        return Failure(Reason.TIMEOUT, f"not asked within {0.9 * seconds:g} s")


async def _step(question: Question[Any], target: HostEndpoint, dial: Probe, ways: Ways) -> Any:
    """Return what the question's reader takes."""
    host = target.host
    if question is HOST_CERTIFICATE:
        is_kvm = host.hypervisor == "KVM"
        none = SourceError(Reason.REFUSED, "no libvirt there")
        return await tried(dial.certificate(host.address, ways.ports.libvirt_tls)) if is_kvm else none
    wanted = services(host.hypervisor, ways.ports)
    tries = await asyncio.gather(*(_tries(dial, host.address, ports) for ports in wanted.values()))
    return dict(zip(wanted, tries, strict=True))


async def _tries(dial: Probe, address: str, ports: tuple[int, ...]) -> list[object]:
    """Return what became of a connection to each port, up to the first that takes one: then nobody dials the others."""
    found: list[object] = []
    for port in ports:
        found.append(await tried(dial.tcp(address, port)))
        if not isinstance(found[-1], SourceError):
            break
    return found
