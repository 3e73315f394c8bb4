"""Text that is compressed once and joined many times.

Every piece of the page is kept as text and as a raw deflate fragment that ends at a byte boundary
(sync flush), with its CRC. Joining fragments between one gzip header and one trailer gives a single
gzip member. Members are never concatenated: curl and zlib stop, silently, after the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack

from isal import isal_zlib

_HEADER = b"\x1f\x8b\x08" + bytes(6) + b"\xff"  # deflate, no name, no time, unknown system
_LAST_BLOCK = b"\x03\x00"  # an empty final block with fixed codes
_LEVEL = 1  # the ratio of zlib's level 6 at fourteen times its speed


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole lines of the page: as text, deflated, and the CRC-32 of the text."""

    text: bytes
    deflated: bytes
    crc: int


def piece(text: bytes) -> Piece:
    """Return ``text`` with its fragment."""
    deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS)
    return Piece(text, deflate.compress(text) + deflate.flush(isal_zlib.Z_SYNC_FLUSH), isal_zlib.crc32(text))


def gzip_member(pieces: Sequence[Piece]) -> bytes:
    """Return all pieces as one gzip member."""
    crc = length = 0
    for part in pieces:
        crc = isal_zlib.crc32_combine(crc, part.crc, len(part.text))
        length += len(part.text)
    trailer = pack("<LL", crc, length & 0xFFFFFFFF)
    return b"".join((_HEADER, *(part.deflated for part in pieces), _LAST_BLOCK, trailer))
