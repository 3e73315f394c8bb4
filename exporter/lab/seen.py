"""What the lab was asked, so that a test can show that nothing else was."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


def _last() -> deque[tuple[str, ...]]:
    return deque(maxlen=100_000)


@dataclass(slots=True)
class Seen:
    """Everything that came in over the wires, newest last.

    Attributes:
        ssh: (host, command line) of every SSH exec.
        files: (host, method) of everything else that was tried over SSH: shells, sftp, forwarding.
        password: (listening address, request line, DomU_Request or empty) at password services.
        web: (listening address, source address, request line) at metadata services.
        console: (listening address, request line) at console proxies.
        names: (server address, name, type) of DNS queries.
        dials: (address, what listens there) of connections to hypervisors and image stores.
    """

    ssh: deque[tuple[str, ...]] = field(default_factory=_last)
    files: deque[tuple[str, ...]] = field(default_factory=_last)
    password: deque[tuple[str, ...]] = field(default_factory=_last)
    web: deque[tuple[str, ...]] = field(default_factory=_last)
    console: deque[tuple[str, ...]] = field(default_factory=_last)
    names: deque[tuple[str, ...]] = field(default_factory=_last)
    dials: deque[tuple[str, ...]] = field(default_factory=_last)
