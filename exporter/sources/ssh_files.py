"""The two files that SSH needs, read once and again when they change: known hosts and the private key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import asyncssh

from exporter.cloud.targets import Machine
from exporter.model import Reason, SourceError
from exporter.sources.sections import shown

T = TypeVar("T")

KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""Signatures that hosts and our own key may use; ssh-rsa (SHA-1) never."""

CERTIFICATE_ALGORITHMS = tuple(f"{algorithm}-cert-v01@openssh.com" for algorithm in KEY_ALGORITHMS)


@dataclass(slots=True)
class WatchedFile(Generic[T]):
    """A file that is parsed again when it has changed.

    Attributes:
        path: the file.
        parse: makes T from its bytes; raises ValueError when it cannot.
    """

    path: Path
    parse: Callable[[bytes], T]
    _mark: tuple[int, int, int] | None = None
    _value: T | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> T:
        """Return what is in the file now.

        Raises:
            SourceError: MISSING when it cannot be read, UNREADABLE when it cannot be parsed. Never NOT_CONFIGURED,
                which is no failure and would hide that every machine is unseen.
        """
        async with self._lock:
            try:
                status = self.path.stat()
                mark = (status.st_mtime_ns, status.st_size, status.st_ino)
                if self._value is None or mark != self._mark:
                    self._value = await asyncio.to_thread(self._load)
                    self._mark = mark
            except OSError as error:
                raise SourceError(Reason.MISSING, shown(f"{self.path}: {error.strerror}")) from None
            except ValueError as error:
                raise SourceError(Reason.UNREADABLE, shown(f"{self.path}: {error}")) from None
            return self._value

    def _load(self) -> T:
        return self.parse(self.path.read_bytes())


def parse_known_hosts(data: bytes) -> asyncssh.SSHKnownHosts:
    """Return the parsed known_hosts; raises ValueError when a line is none."""
    return asyncssh.import_known_hosts(data.decode("utf-8", "replace"))


def key_parser(passphrase: str | None) -> Callable[[bytes], asyncssh.SSHKey]:
    """Return the function that reads a private key that may have a passphrase."""

    def parse(data: bytes) -> asyncssh.SSHKey:
        try:
            return asyncssh.import_private_key(data, passphrase)
        except asyncssh.KeyEncryptionError as error:
            message = f"the passphrase is missing or wrong, or the format is not supported: {error}"
            raise ValueError(message) from None

    return parse


@dataclass(frozen=True, slots=True)
class Trust:
    """What a machine must prove.

    Attributes:
        name: the name by which a certificate must know it: the machine's name where an
            ``@cert-authority`` line matches that, else its address.
        known: matching keys, CA keys, revoked keys and no X.509, as asyncssh takes them.
        algorithms: signatures by which it may prove it, first those that fit the known keys.
    """

    name: str
    known: tuple[object, ...]
    algorithms: tuple[str, ...]


def trust(known_hosts: asyncssh.SSHKnownHosts, machine: Machine, port: int) -> Trust:
    """Return what is known of a machine, by its name and by its address.

    Raises:
        SourceError: HOST_KEY when no line is about it.
    """
    other_port = None if port == asyncssh.DEFAULT_PORT else port
    keys, authorities, revoked, *_ = known_hosts.match(machine.name, machine.address, other_port)
    if not keys and not authorities:
        raise SourceError(Reason.HOST_KEY, f"known_hosts has no line about {machine.address} or {machine.name}")
    signatures = {algorithm.decode() for key in keys for algorithm in key.sig_algorithms}
    fitting = sorted(KEY_ALGORITHMS, key=lambda algorithm: algorithm not in signatures)
    algorithms = (*(CERTIFICATE_ALGORITHMS if authorities else ()), *fitting)
    named = known_hosts.match(machine.name, "", other_port)[1]
    known = (keys, authorities, revoked, (), (), (), ())
    return Trust(machine.name if named else machine.address, known, algorithms)
