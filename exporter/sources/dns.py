"""Name lookups with servers, a port and a deadline of our own."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rcode
import dns.resolver

from exporter.model import Reason, SourceError

MOST_ADDRESSES = 16


class Lookups:
    """A resolver that asks ``servers`` (``address`` or ``address:port``; none: /etc/resolv.conf).

    Attributes:
        seconds: for one lookup with all its retries.
    """

    def __init__(self, servers: tuple[str, ...], seconds: float, concurrency: int) -> None:
        self.seconds = seconds
        self._servers = servers
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._slots = asyncio.Semaphore(concurrency)

    async def resolve(self, name: str) -> tuple[str, ...]:
        """Return the IPv4 addresses of a name, the IPv6 ones when it has no others; never an empty tuple.

        Search domains and /etc/hosts are not used: a browser elsewhere does not have them.

        Raises:
            SourceError: DNS when the answer is that the name leads nowhere (NXDOMAIN, no address, SERVFAIL);
                TIMEOUT, REFUSED, UNREACHABLE when the name servers themselves could not be asked.
        """
        if _is_address(name):
            return (name,)
        async with self._slots:
            return await self._addresses(name, "A") or await self._addresses(name, "AAAA") or _none(name)

    async def _addresses(self, name: str, kind: str) -> tuple[str, ...]:
        """Return what one record type holds, an empty tuple when the name has none."""
        try:
            answer = await self._configured().resolve(name, kind, search=False)
        except dns.resolver.NoAnswer:
            return ()
        except dns.resolver.NXDOMAIN as error:
            raise SourceError(Reason.DNS, f"{name} does not exist (NXDOMAIN)") from error
        except dns.resolver.NoNameservers as error:
            raise _no_server(name, error) from error
        except dns.exception.Timeout as error:
            raise SourceError(Reason.TIMEOUT, f"no name server answered for {name} in {self.seconds:g} s") from error
        except dns.resolver.NoResolverConfiguration as error:
            raise SourceError(Reason.NO_WAY, "no name server in /etc/resolv.conf") from error
        except (dns.exception.DNSException, ValueError) as error:
            raise SourceError(Reason.DNS, f"{name!r} is not a name that can be looked up") from error
        return tuple(record.address for record in answer)[:MOST_ADDRESSES]

    def _configured(self) -> dns.asyncresolver.Resolver:
        """Return the resolver; /etc/resolv.conf is read at the first lookup."""
        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [_server(text) for text in self._servers]
            resolver.lifetime, resolver.timeout = self.seconds, self.seconds / 2  # two tries
            self._resolver = resolver
        return self._resolver


def _is_address(name: str) -> bool:
    """Return whether ``name`` is an IP literal."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _server(text: str) -> dns.nameserver.Nameserver:
    """Return the name server ``address`` or ``address:port``."""
    address, _, port = text.partition(":")
    return dns.nameserver.Do53Nameserver(address, int(port or 53))


def _none(name: str) -> tuple[str, ...]:
    """Raise that a name exists but has no address."""
    raise SourceError(Reason.DNS, f"{name} has no address")


def _no_server(name: str, error: dns.resolver.NoNameservers) -> SourceError:
    """Return why no server gave an answer: SERVFAIL is one about the name, all else about the servers."""
    codes = {response.rcode() for *_, response in error.kwargs["errors"] if response is not None}
    if dns.rcode.SERVFAIL in codes:
        return SourceError(Reason.DNS, f"{name} cannot be resolved (SERVFAIL)")
    if dns.rcode.REFUSED in codes:
        return SourceError(Reason.REFUSED, f"the name server refuses to look up {name}")
    return SourceError(Reason.UNREACHABLE, f"no name server could be asked for {name}")
