"""Blocks of ports, so that many labs can be there at once."""

from __future__ import annotations

import socket

from exporter.lab.configuration import HERE
from exporter.lab.world.world import Ports

BLOCKS = range(12000, 30000, len(Ports.__slots__))
"""Where blocks begin: below the ports that the system gives to clients."""


def claimed(port: int = 0) -> tuple[Ports, socket.socket]:
    """Return a block that nobody else has, and what keeps it: its first port, bound until the socket is closed.

    ``port`` is where it must begin; 0 takes the first free one.

    Raises:
        OSError: none is free.
    """
    for base in (port,) if port else BLOCKS:
        claim = socket.socket()
        try:
            claim.bind((HERE, base))
        except OSError:
            claim.close()
            continue
        return Ports.block(base), claim
    message = f"no free block of ports at {port or BLOCKS}"
    raise OSError(message)
