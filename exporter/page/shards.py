"""The lines of one metric family, in the order of their targets, kept in shards.

A shard holds the text of neighbouring targets, at most ``size`` bytes unless one target alone has more,
and its compressed piece. A change costs recompressing one shard; a scrape costs one join over shards.
Small shards compress badly (below 4 KB) and large ones are dear to change (above 64 KB).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.page.fragments import Piece, piece

Key = tuple[str, str, str]  # home, kind and name of a target: the sort order, so homes lie together
SHARD_SIZE = 32768  # bytes of text: about 200 lines


@dataclass(slots=True)
class _Shard:
    """Neighbouring targets: their keys, the length of each one's lines, and all lines joined."""

    keys: list[Key]
    lengths: list[int]
    text: bytes
    piece: Piece | None = None

    def splice(self, at: int, replaced: int, lines: bytes) -> None:
        """Replace ``replaced`` bytes of the target at place ``at`` with ``lines``."""
        start = sum(self.lengths[:at])
        self.text = self.text[:start] + lines + self.text[start + replaced :]
        self.piece = None

    def sealed(self) -> Piece:
        """Return the compressed piece, made when the text has changed since."""
        if self.piece is None:
            self.piece = piece(self.text)
            self.text = self.piece.text
        return self.piece


class Shards:
    """Lines by target, sorted by key; neighbours share shards of about ``size`` bytes.

    Attributes:
        length: bytes of all lines.
    """

    def __init__(self, size: int = SHARD_SIZE) -> None:
        self.length = 0
        self._size = size
        self._shards: list[_Shard] = []

    def get(self, key: Key) -> bytes:
        """Return the lines of one target, empty when it has none."""
        _, shard, at, length = self._find(key)
        start = sum(shard.lengths[:at])
        return shard.text[start : start + length]

    def put(self, key: Key, lines: bytes) -> None:
        """Set the lines of one target, and compress its shard at once so that no scrape needs to."""
        if self.get(key) == lines:
            return
        place, shard, at, length = self._find(key)
        if not shard.keys:
            self._shards.append(shard)
        if not length:
            shard.keys.insert(at, key)
            shard.lengths.insert(at, 0)
        self.length += len(lines) - length
        shard.splice(at, length, lines)
        shard.lengths[at] = len(lines)
        self._split(place)
        self._shards[self._place(key)].sealed()

    def remove(self, key: Key) -> None:
        """Drop the lines of one target; nothing happens when it has none."""
        place, shard, at, length = self._find(key)
        if length:
            self.length -= length
            shard.splice(at, length, b"")
            del shard.keys[at], shard.lengths[at]
            self._merge(place)

    def pieces(self) -> Iterator[Piece]:
        """Yield every shard's piece in order."""
        for shard in self._shards:
            yield shard.sealed()

    def _place(self, key: Key) -> int:
        """Return the index of the shard whose range holds ``key``."""
        return max(0, bisect_right(self._shards, key, key=lambda shard: shard.keys[0]) - 1)

    def _find(self, key: Key) -> tuple[int, _Shard, int, int]:
        """Return where ``key`` lies or would lie: shard index, shard, place in it, length of its lines or 0."""
        place = self._place(key)
        shard = self._shards[place] if self._shards else _Shard([], [], b"")
        at = bisect_left(shard.keys, key)
        known = at < len(shard.keys) and shard.keys[at] == key
        return place, shard, at, shard.lengths[at] if known else 0

    def _split(self, place: int) -> None:
        """Halve a shard that has grown past its size, at a target's boundary."""
        shard = self._shards[place]
        if len(shard.text) <= self._size or len(shard.keys) < 2:
            return
        middle = cut = 0
        while middle < len(shard.keys) - 1 and (cut < len(shard.text) // 2 or not middle):
            cut += shard.lengths[middle]
            middle += 1
        self._shards[place : place + 1] = [
            _Shard(shard.keys[:middle], shard.lengths[:middle], shard.text[:cut]),
            _Shard(shard.keys[middle:], shard.lengths[middle:], shard.text[cut:]),
        ]

    def _merge(self, place: int) -> None:
        """Drop an empty shard, and join one with its right neighbour when both fit in half the size."""
        shard = self._shards[place]
        if not shard.keys:
            del self._shards[place]
            return
        for left in (place - 1, place):
            pair = self._shards[max(left, 0) : left + 2]
            if len(pair) == 2 and len(pair[0].text) + len(pair[1].text) <= self._size // 2:
                one, two = pair
                self._shards[left : left + 2] = [
                    _Shard(one.keys + two.keys, one.lengths + two.lengths, one.text + two.text)
                ]
                return
