"""A visit to a console proxy from outside, the way a browser goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Failure, Ports, Question, Reason, SourceError
from exporter.questions.system_vms import console
from exporter.sources.probe import Probe
from exporter.visits.outcomes import outcome, tried
from exporter.visits.ways import Ways

TARGET = ConsoleEndpoint
MOST_TRIED = 3  # addresses of one name; browsers go on to the next one too
Brought = dict[Question[Any], Any]
"""Per question what the probe returned, the SourceError it raised, or the Failure of what came before."""


def is_lit(ways: Ways) -> bool:
    """Return whether consoles are dialled."""
    return ways.probe is not None


async def visit(
    target: ConsoleEndpoint, due: Iterable[Question[Any]], ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return a value or Failure for each due question.

    When the name leads nowhere the public address is dialled, so that the other evidence is complete.

    Raises:
        SourceError: NOT_CONFIGURED when probing is switched off.
    """
    if ways.probe is None:
        raise SourceError(Reason.NOT_CONFIGURED, "console.enabled is false")
    asked = frozenset(due)
    brought: Brought = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(0.9 * seconds):  # what is known by then is not lost to the schedule's deadline
            await _walk(target, asked, ways.probe, ways.ports, brought)
    late = Failure(Reason.TIMEOUT, f"not asked within {0.9 * seconds:g} s")
    return {question: outcome(question, brought.get(question, late)) for question in asked}


async def _walk(
    target: ConsoleEndpoint, asked: frozenset[Question[Any]], probe: Probe, ports: Ports, brought: Brought
) -> None:
    """Go all the way and note what each step brought."""
    place = target.console
    found = brought[console.CONSOLE_NAME] = await tried(probe.resolve(place.hostname))
    address = place.address
    for address in (place.address,) if isinstance(found, SourceError) else found[:MOST_TRIED]:
        step = probe.tcp(address, _web_port(target, ports))
        connected = brought[console.CONSOLE_TCP] = await tried(step)
        if not isinstance(connected, SourceError):
            await _web(target, address, probe, ports, brought)
            break
        blocked = Failure(connected.reason, connected.detail)
        for question in (console.CONSOLE_TLS, console.CONSOLE_CERTIFICATE, console.CONSOLE_PAGE):
            brought[question] = blocked
    brought[console.CONSOLE_VNC] = await tried(_vnc(target, address, probe, ports))
    if console.CONSOLE_NEXT_NAMES in asked:
        names = [(name, await tried(probe.resolve(name))) for name in target.next_names]
        brought[console.CONSOLE_NEXT_NAMES] = tuple(names)


def _web_port(target: ConsoleEndpoint, ports: Ports) -> int:
    """Return the port of the console's page."""
    return target.console.static_port or (ports.console_https if target.console.tls else ports.console_http)


async def _web(target: ConsoleEndpoint, address: str, probe: Probe, ports: Ports, brought: Brought) -> None:
    """Shake hands where TLS is used, then get the page."""
    name, tls, port = target.console.hostname, target.console.tls, _web_port(target, ports)
    session = await tried(probe.tls(address, port, name)) if tls else None
    brought[console.CONSOLE_TLS] = brought[console.CONSOLE_CERTIFICATE] = session
    if isinstance(session, SourceError):
        brought[console.CONSOLE_PAGE] = Failure(session.reason, session.detail)
    else:
        brought[console.CONSOLE_PAGE] = await tried(probe.http(address, port, name, console.PAGE, tls=tls))


async def _vnc(target: ConsoleEndpoint, address: str, probe: Probe, ports: Ports) -> None:
    """Connect to the websocket port as the browser's page does, and hang up."""
    if target.console.tls:
        await probe.tls(address, ports.console_vnc_tls, target.console.hostname)
    else:
        await probe.tcp(address, ports.console_vnc)
