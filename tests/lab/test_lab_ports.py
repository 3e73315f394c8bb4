"""What hypervisors and image stores of the lab listen on: real ports, each as the world says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from exporter.lab.blocks import claimed
from exporter.lab.certificates import Authority
from exporter.lab.daemons.host_ports import host_places, store_places
from exporter.lab.daemons.listeners import Listeners
from exporter.lab.options import Options
from exporter.lab.seen import Seen
from exporter.lab.world.build import build
from exporter.lab.world.world import World

NOW = 1_795_000_000.0


class Open:
    """The ports of a world, shown anew after each change."""

    def __init__(self, folder: Path) -> None:
        self.ports, self.claim = claimed()
        self.world: World = build(Options(), self.ports, NOW)
        self.seen = Seen()
        self.listeners = Listeners()
        self.authority = Authority(folder, NOW)

    async def show(self) -> None:
        """Listen as the world says."""
        places = host_places(self.world, self.authority, self.seen) | store_places(self.world, self.seen)
        await self.listeners.show(places)

    async def dials(self) -> list[tuple[str, str]]:
        """Return what was dialled, once something was: a connection is there a moment before it is taken."""
        async with asyncio.timeout(5):
            while not self.seen.dials:
                await asyncio.sleep(0)
        return list(self.seen.dials)


@pytest_asyncio.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Yield the ports of a healthy world."""
    made = Open(tmp_path)
    await made.show()
    yield made
    await made.listeners.close()
    made.claim.close()


async def dialled(address: str, port: int, context: ssl.SSLContext | None = None) -> asyncio.StreamWriter:
    _, writer = await asyncio.wait_for(asyncio.open_connection(address, port, ssl=context), 5)
    return writer


async def taken(address: str, port: int) -> None:
    """See that somebody listens there."""
    writer = await dialled(address, port)
    writer.transport.abort()


def anyone() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def test_libvirt_shows_its_certificate_to_who_has_none(opened: Open) -> None:
    """The handshake ends with the client's missing certificate; that of the host has been seen by then."""
    host = opened.world.hosts[0]
    writer = await dialled(host.address, opened.ports.libvirt_tls, anyone())
    assert writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    assert await opened.dials() == [(host.address, "libvirt_tls")]


async def test_every_image_store_has_an_address_of_its_own(opened: Open) -> None:
    """One zone's store can be cut off without the others'."""
    stores = [zone.store for zone in opened.world.zones]
    for store in stores:
        await taken(store, opened.ports.nfs)
    assert len(set(stores)) == 4


async def test_what_is_refused_has_no_listener(opened: Open) -> None:
    """libvirt without TLS and migrations never; the others when the world says so, or when libvirt is gone."""
    first, second, *_ = opened.world.hosts
    first.hypervisor.libvirt_tls, second.hypervisor.libvirt = "refused", "failed"
    opened.world.zones[0].store_answers = "refused"
    await opened.show()
    closed = [
        (first.address, opened.ports.libvirt),
        (first.address, opened.ports.migration),
        (opened.world.zones[0].store, opened.ports.nfs),
    ]
    for address, port in [
        *closed,
        (first.address, opened.ports.libvirt_tls),
        (second.address, opened.ports.libvirt_tls),
    ]:
        with pytest.raises(ConnectionRefusedError):
            await dialled(address, port)


async def test_libvirt_without_tls(opened: Open) -> None:
    """That of a host without certificates listens on the other port, while it runs."""
    first, second, *_ = opened.world.hosts
    for host in (first, second):
        host.hypervisor.libvirt_tls, host.hypervisor.libvirt_tcp = "refused", True
    second.hypervisor.libvirt = "failed"
    await opened.show()
    await taken(first.address, opened.ports.libvirt)
    assert await opened.dials() == [(first.address, "libvirt")]
    for address, port in (
        (first.address, opened.ports.libvirt_tls),
        (second.address, opened.ports.libvirt),
    ):
        with pytest.raises(ConnectionRefusedError):
            await dialled(address, port)


async def test_what_is_dropped_never_answers(opened: Open) -> None:
    """As behind a firewall: neither taken nor refused, and open again when it is mended."""
    zone = opened.world.zones[0]
    zone.store_answers = "dropped"
    await opened.show()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection(zone.store, opened.ports.nfs), 0.5)
    zone.store_answers = "up"
    await opened.show()
    await taken(zone.store, opened.ports.nfs)


async def test_a_silent_libvirt_takes_connections_and_says_nothing(opened: Open) -> None:
    """Its process hangs: TLS never begins."""
    host = opened.world.hosts[0]
    host.hypervisor.libvirt_tls = "silent"
    await opened.show()
    await taken(host.address, opened.ports.libvirt_tls)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection(host.address, opened.ports.libvirt_tls, ssl=anyone()), 0.5)
