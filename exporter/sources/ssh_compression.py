"""SSH compression that cannot be turned against us: a small packet never becomes more than a large one.

asyncssh bounds a packet as it arrives; zlib may make a thousand bytes of each of its bytes. Importing this
puts a bounded decompressor in the place of asyncssh's own, for every connection of this process.
"""

from __future__ import annotations

import zlib
from typing import Any, cast

from asyncssh.compression import register_compression_alg

DELAYED = "zlib@openssh.com"
"""Begins after the login: bytes of someone who has not proven who it is are not decompressed."""

LARGEST = 256 * 1024
"""Bytes of one packet when it is decompressed; what asyncssh takes where nothing is compressed."""


class PacketCompressor:
    """Compresses what we send, in 24 KiB of memory: zlib's own choice is ten times as much for each connection."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(wbits=12, memLevel=4)

    def compress(self, data: bytes) -> bytes:
        """Return a packet as it is sent."""
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class PacketDecompressor:
    """Decompresses what we receive."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    def decompress(self, data: bytes) -> bytes | None:
        """Return what a packet holds; None, which ends the connection, when it is broken or too large."""
        try:
            found = self._stream.decompress(data, LARGEST + 1)
        except zlib.error:
            return None
        return found if len(found) <= LARGEST else None


def algorithms(*, compress: bool) -> tuple[str, ...]:
    """Return what is offered to the other side, which may decline."""
    return (DELAYED, "none") if compress else ("none",)


register_compression_alg(
    DELAYED.encode(), cast("Any", PacketCompressor), cast("Any", PacketDecompressor), after_auth=True, default=True
)
