"""Logging in to one machine: dial, look who answers, prove, be proven. Few handshakes at once."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncssh

from exporter.cloud.targets import Machine
from exporter.model import Reason, SourceError
from exporter.sources.dial import trouble
from exporter.sources.places import Places
from exporter.sources.sections import shown
from exporter.sources.ssh_compression import algorithms
from exporter.sources.ssh_files import KEY_ALGORITHMS, Trust, WatchedFile, key_parser, parse_known_hosts, trust

Connection = asyncssh.SSHClientConnection

KEX_ALGORITHMS = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
)
"""dh-group-exchange is left out: it blocks the event loop for half a second."""

ENCRYPTION_ALGORITHMS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")

CONSTANT_OPTIONS: dict[str, Any] = {
    "config": None,
    "agent_path": None,
    "gss_host": None,
    "x509_trusted_certs": None,
    "preferred_auth": "publickey",
    "kex_algs": KEX_ALGORITHMS,
    "encryption_algs": ENCRYPTION_ALGORITHMS,
    "signature_algs": KEY_ALGORITHMS,
    "keepalive_interval": 30,
    "keepalive_count_max": 3,
}
"""Nothing of the machine's own SSH configuration counts: no config file, agent, Kerberos or password."""


class Mode(StrEnum):
    """How the collector is started on a host."""

    SUDO = "sudo"  # the installed wrapper, by one sudo rule
    FORCED = "forced"  # the installed wrapper, by a forced command
    ROOT = "root"  # the same script over standard input, with a root key


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSettings:
    """How machines are reached.

    Attributes:
        connect_seconds: for dialling, and again for logging in.
        handshakes: logins at once, reached step by step.
        hops_per_host: system VMs visited at once through one machine.
        hops: system VMs visited at once in all.
        compress: let the machine compress what it sends, where its sshd does that.
        idle_seconds: after which an unused connection is closed.
        retry_seconds: for which a failed login is not tried again.
    """

    user: str
    key_file: Path
    known_hosts_file: Path
    key_passphrase: str | None = field(default=None, repr=False)
    mode: Mode = Mode.SUDO
    wrapper_path: str = "/usr/local/lib/cloudstack-network-exporter/collect"
    port: int = 22
    legacy_system_vms: bool = False
    connect_seconds: float = 10.0
    handshakes: int = 8
    hops_per_host: int = 2
    hops: int = 64
    compress: bool = True
    idle_seconds: float = 900.0
    retry_seconds: float = 10.0


class Login:
    """Opens connections to machines; knows our key and theirs."""

    def __init__(self, settings: SshSettings) -> None:
        self._settings = settings
        self._known_hosts = WatchedFile(settings.known_hosts_file, parse_known_hosts)
        self._key = WatchedFile(settings.key_file, key_parser(settings.key_passphrase))
        self._places = Places(min(2, settings.handshakes))  # one more with every success: no storm after an outage

    async def open(self, machine: Machine) -> Connection:
        """Return a new connection.

        Raises:
            SourceError: why there is none.
        """
        if not _is_ip(machine.address):
            raise SourceError(Reason.NO_WAY, f"CloudStack tells no address of {machine.name}")
        known = trust(await self._known_hosts.read(), machine, self._settings.port)
        key = await self._key.read()
        seconds = self._settings.connect_seconds
        place = f"{machine.address}:{self._settings.port}"
        try:
            async with asyncio.timeout(seconds):
                sock = await self._dial(machine.address)
            connection = await self._prove_in_turn(sock, known, key)
        except (asyncssh.Error, OSError, ValueError) as error:
            raise login_trouble(error, place, seconds) from None
        self._places.limit = min(self._places.limit + 1, self._settings.handshakes)
        return connection

    async def _dial(self, address: str) -> socket.socket:
        """Return a connected socket behind which something begins to speak SSH."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, (address, self._settings.port))
            await _greeted(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    async def _prove_in_turn(self, sock: socket.socket, known: Trust, key: asyncssh.SSHKey) -> Connection:
        """Return the connection made of a dialled socket, which is closed when it comes to nothing."""
        try:
            async with self._places.place(), asyncio.timeout(self._settings.connect_seconds):
                return await self._prove(sock, known, key)
        except BaseException:
            sock.close()
            raise

    async def _prove(self, sock: socket.socket, known: Trust, key: asyncssh.SSHKey) -> Connection:
        """Return the connection after both sides have proven who they are."""
        options: dict[str, Any] = {
            "username": self._settings.user,
            "login_timeout": self._settings.connect_seconds,
            "known_hosts": known.known,
            "server_host_key_algs": known.algorithms,
            "client_keys": [key],
            "compression_algs": algorithms(compress=self._settings.compress),
            **CONSTANT_OPTIONS,
        }
        return await asyncssh.connect(known.name, self._settings.port, sock=sock, **options)


async def _greeted(sock: socket.socket) -> None:
    """Wait until the other side has sent something, and look at it without taking it.

    Whoever stays silent or speaks something else never gets one of the few places for a login.
    """
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(sock, ready)
    try:
        await readable
    finally:
        loop.remove_reader(sock)
    beginning = sock.recv(64, socket.MSG_PEEK)
    if not beginning:
        raise ConnectionResetError
    if b"MaxStartups" in beginning:
        raise SourceError(Reason.THROTTLED, "sshd has too many unfinished logins (MaxStartups)")
    if not beginning.startswith(b"SSH-"[: len(beginning)]):
        raise SourceError(Reason.UNREADABLE, f"what answers does not speak SSH: {shown(repr(beginning))}")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def login_trouble(error: Exception, place: str, seconds: float) -> SourceError:
    """Return why a login failed, as a reason and a short line."""
    said = shown(str(error))
    match error:
        case OSError():
            return trouble(error, place, seconds)
        case asyncssh.HostKeyNotVerifiable():
            reason, words = Reason.HOST_KEY, f"{place}: {said}"
        case asyncssh.PermissionDenied():
            reason, words = Reason.AUTH, f"{place} rejects our user or key"
        case asyncssh.KeyExchangeFailed():
            reason, words = Reason.UNSUPPORTED, f"{place}: {said}"
        case asyncssh.DisconnectError() if "timeout" in said.lower():
            reason, words = Reason.TIMEOUT, f"{place} did not let us in within {seconds:g} s"
        case asyncssh.ConnectionLost():
            reason, words = Reason.DISCONNECTED, f"{place} closed the connection during login"
        case _:
            reason, words = Reason.UNREADABLE, f"{place} does not speak SSH as we do: {said}"
    return SourceError(reason, words)
