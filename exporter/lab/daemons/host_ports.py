"""What hypervisors, image stores and management servers listen on beside SSH: libvirt with TLS, HTTPS, NFS, peers.

libvirt demands a certificate of its clients, as CloudStack sets it up; who has none still sees that of the host.
Nobody listens for live migrations while none is under way, nor for libvirt without TLS where hosts are secured.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from exporter.lab.certificates import Authority
from exporter.lab.daemons.listeners import Closer, Opener, Place, served, silence
from exporter.lab.seen import Seen
from exporter.lab.world.world import World

QUEUE = 4
"""Connections that fill a queue for none."""


def host_places(world: World, authority: Authority, seen: Seen) -> dict[Place, Opener]:
    """Return what the hypervisors listen on; copied ones as healthy ones."""
    found: dict[Place, Opener] = {}
    for host in world.hosts:
        made = host.hypervisor
        if made.libvirt_tls != "refused" and made.libvirt == "active":
            place = (host.address, world.ports.libvirt_tls, f"libvirt-{made.libvirt_tls}-{made.certificate}")
            found[place] = _way(made.libvirt_tls, "libvirt_tls", seen, authority.demanding(made.certificate))
        if made.libvirt_tcp and made.libvirt == "active":
            found[host.address, world.ports.libvirt, "libvirt-tcp"] = _way("up", "libvirt", seen)
        for name in made.dropped:
            found[host.address, getattr(world.ports, name), "dropped"] = _dropped
    for xen in world.xen_hosts:
        found[xen.address, world.ports.hypervisor_https, "xapi"] = _way("up", "https", seen)
    return found


def store_places(world: World, seen: Seen) -> dict[Place, Opener]:
    """Return the NFS ports of the zones' image stores."""
    return {
        (zone.store, world.ports.nfs, f"nfs-{zone.store_answers}"): _way(zone.store_answers, "nfs", seen)
        for zone in world.zones
        if zone.store_answers != "refused"
    }


def management_places(world: World, seen: Seen) -> dict[Place, Opener]:
    """Return the ports on which management servers take connections of each other."""
    return {
        (server.address, world.ports.cluster, f"cluster-{server.cluster}"): _way(server.cluster, "cluster", seen)
        for server in world.management_servers
        if server.runs and server.cluster != "refused"
    }


def _way(how: str, name: str, seen: Seen, tls: ssl.SSLContext | None = None) -> Opener:
    """Return what opens a port: up | silent (takes connections, says nothing) | dropped (a firewall on the way).

    Whoever gets in waits for the other side's word, as libvirt does once TLS has begun; what is silent is not noted.
    """
    if how == "dropped":
        return _dropped
    if how == "silent":
        return served(silence)
    return served(_waits, tls, lambda address: seen.dials.append((address, name)))


async def _dropped(address: str, port: int) -> Closer:
    """Open a port whose queue is full: the kernel drops what comes, as a firewall does."""
    listener = socket.create_server((address, port), backlog=0)
    waiting = [socket.socket() for _ in range(QUEUE)]
    for client in waiting:
        client.setblocking(False)
        client.connect_ex((address, port))

    async def close() -> None:
        for one in (*waiting, listener):
            one.close()

    return close


async def _waits(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take a connection and wait for its end."""
    await reader.read()
