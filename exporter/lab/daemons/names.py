"""Name servers: the one that browsers ask, and dnsmasq at the guest addresses of true routers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from exporter.lab.daemons.listeners import Closer, Opener, Place
from exporter.lab.inside.processes import is_backup
from exporter.lab.seen import Seen
from exporter.lab.world.world import Live, Router

Find = Callable[[str, str], list[str] | None]
"""Returns the addresses that a server gives for a name, or None when there is no such name."""


class Mute(asyncio.DatagramProtocol):
    """Takes queries and never answers."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the address is free."""
        del exc
        self.closed.set()


class NameServer(asyncio.DatagramProtocol):
    """Answers A queries from a function; other types have no data."""

    def __init__(self, find: Find, seen: Seen) -> None:
        self._find = find
        self._seen = seen
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the address is free."""
        del exc
        self.closed.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query; what is none is dropped."""
        try:
            query = dns.message.from_wire(data)
            reply = self._reply(query)
        except (dns.exception.DNSException, ValueError, IndexError):
            return
        self._transport.sendto(reply.to_wire(), addr)

    def _reply(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        here = str(self._transport.get_extra_info("sockname")[0])
        self._seen.names.append((here, name, dns.rdatatype.to_text(question.rdtype)))
        reply = dns.message.make_response(query, recursion_available=True)
        reply.flags |= dns.flags.AA
        addresses = self._find(here, name)
        if addresses is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif addresses and question.rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", *addresses))
        return reply


def listening(find: Find, seen: Seen) -> Opener:
    """Return what opens a name server."""

    async def open_place(address: str, port: int) -> Closer:
        return await _opened(NameServer(find, seen), address, port)

    return open_place


def browser_names(live: Live) -> Find:
    """Return the lookup of browsers' name server: a-b-c-d names of the zones' public ranges, and literal ones."""

    def find(_: str, name: str) -> list[str] | None:
        world = live.world
        if name in world.console_names:
            return [world.console_names[name]] if world.console_names[name] else None
        label, _, domain = name.partition(".")
        for zone in world.zones:
            if zone.console_domain == f"*.{domain}" and re.fullmatch(r"\d{1,3}(-\d{1,3}){3}", label):
                address = label.replace("-", ".")
                if address.startswith(zone.public_prefix):
                    return [address]
        return None

    return find


def browser_places(live: Live, seen: Seen) -> dict[Place, Opener]:
    """Return the name server that browsers ask; silent, it is a socket that nobody reads."""
    silent = live.world.resolver == "silent"
    place = ("127.0.0.1", live.world.ports.resolver, f"names-{live.world.resolver}")
    return {place: _mute if silent else listening(browser_names(live), seen)}


async def _mute(address: str, port: int) -> Closer:
    return await _opened(Mute(), address, port)


async def _opened(protocol: Mute | NameServer, address: str, port: int) -> Closer:
    """Open a datagram socket for ``protocol``."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=(address, port))

    async def close() -> None:
        transport.close()
        await protocol.closed.wait()

    return close


def router_names(live: Live, who: str) -> Find:
    """Return what dnsmasq of a router knows: its hosts file, with and without the network domain.

    Of several addresses it gives those in the network of the address that was asked (localise-queries).
    """

    def find(here: str, name: str) -> list[str] | None:
        router = live.router(who)
        plain = name.removesuffix(f".{router.networks[0].domain}")
        found = [address for address, names in router.names if plain in names.lower().split()]
        near = [address for address in found if address.rpartition(".")[0] == here.rpartition(".")[0]]
        return near or found or None

    return find


def router_places(live: Live, router: Router, port: int, seen: Seen) -> dict[Place, Opener]:
    """Return the name servers of a router: a primary serves its own addresses and the gateways."""
    if router.dns != "up" or is_backup(router):
        return {}
    addresses = {nic.address for nic in router.guest_nics}
    if router.redundant:
        addresses |= {nic.gateway for nic in router.guest_nics}
    opener = listening(router_names(live, router.answers), seen)
    return {(address, port, f"dns-{router.answers}"): opener for address in addresses}
