"""One metric on the page: which samples of which targets are shown, and their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from exporter.model import Metric, Sample, Value
from exporter.page.fragments import Piece, piece
from exporter.page.rendering import header, number, printable, series
from exporter.page.shards import Key, Shards

Line = tuple[bytes, Value | None]  # name and labels with the space, and the value


@dataclass(slots=True)
class Chunk:
    """What is kept of one (metric, target) besides its lines.

    Attributes:
        labels: hash of all labels as they came, 0 when some samples were refused. While it stays the
            same, new values go into the old lines. A hash (64 bits, keyed), because the labels
            themselves would double the memory.
        expires: boot-clock time at which the lines go.
        queued: the time under which the page's heap has it.
    """

    labels: int = 0
    expires: float = inf
    queued: float = inf


class Family:
    """The chunks of one metric, and their lines in shards.

    Attributes:
        chunks: by target; only those that have lines.
        cut: by target how many series passed the limit; only where some did.
        refused: samples refused since the start, by reason.
    """

    def __init__(self, metric: Metric, limit: int, size: int) -> None:
        self.metric = metric
        self.chunks: dict[Key, Chunk] = {}
        self.cut: dict[Key, int] = {}
        self.refused: Counter[str] = Counter()
        self._headers = {form: piece(header(metric, openmetrics=form)) for form in (False, True)}
        self._shards = Shards(size)
        self._taken: set[int] = set()  # hashes of the labels of every line
        self._limit = limit

    @property
    def series(self) -> int:
        """Return the number of lines."""
        return len(self._taken)

    @property
    def size(self) -> int:
        """Return the bytes of the lines."""
        return self._shards.length

    def pieces(self, *, openmetrics: bool) -> Iterator[Piece]:
        """Yield the header and the lines; nothing when there are no lines."""
        if self.chunks:
            yield self._headers[openmetrics]
            yield from self._shards.pieces()

    def put(self, key: Key, samples: Sequence[Sample]) -> Chunk | None:
        """Replace the lines of one target and return its chunk, None when no line is left."""
        chunk = self.chunks.get(key) or Chunk()
        kept = self._within_limit(key, samples)
        values = [number(sample.value) for sample in kept]
        labels = hash(tuple(sample.labels for sample in kept))
        old = _names(self._shards.get(key))
        if labels == chunk.labels and None not in values:
            shown: list[Line] = list(zip(old, values, strict=True))
        else:
            self._taken.difference_update(map(hash, old))
            shown = self._admit(kept, values)
            chunk.labels = labels if len(shown) == len(kept) else 0
        if not shown:
            self._drop(key)
            return None
        self.chunks[key] = chunk
        self._shards.put(key, b"".join([b"%b%a\n" % pair for pair in shown]))
        return chunk

    def remove(self, key: Key) -> None:
        """Forget one target."""
        self.cut.pop(key, None)
        self._taken.difference_update(map(hash, _names(self._shards.get(key))))
        self._drop(key)

    def _drop(self, key: Key) -> None:
        if self.chunks.pop(key, None):
            self._shards.remove(key)

    def _within_limit(self, key: Key, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Return the first samples up to the limit, and note how many were cut off."""
        self.cut.pop(key, None)
        if len(samples) > self._limit:
            self.cut[key] = len(samples) - self._limit
        return samples[: self._limit]

    def _admit(self, samples: Sequence[Sample], values: Sequence[Value | None]) -> list[Line]:
        """Return name and value of the samples that may be shown, and take their names."""
        shown: list[Line] = []
        for sample, value in zip(samples, values, strict=True):
            name = series(self.metric, [printable(label, self.metric.label_length) for label in sample.labels])
            if value is None or hash(name) in self._taken:
                self.refused["not_finite" if value is None else "duplicate"] += 1
                continue
            self._taken.add(hash(name))
            shown.append((name, value))
        return shown


def _names(lines: bytes) -> list[bytes]:
    """Return what stands before the value on each line, with the space: the last one of the line."""
    return [text[: text.rindex(b" ") + 1] for text in lines.splitlines()]
