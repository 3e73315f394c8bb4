"""One metric on the page: which samples of which targets are shown, and their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from exporter.model import Metric, Sample, Value
from exporter.page.fragments import Piece, piece
from exporter.page.rendering import header, line, number, printable
from exporter.page.shards import Key, Shards


@dataclass(slots=True)
class Chunk:
    """What is kept of one (metric, target) besides its lines.

    Attributes:
        labels: hash of all labels as they came; while it stays the same the template holds. A hash,
            because the labels themselves would double the memory; it is keyed and has 64 bits.
        template: the lines with ``%s`` for the values.
        series: hashes of the labels as shown, one per line.
        whole: every sample with these labels is shown; otherwise the template is not used again.
        expires: boot-clock time at which the lines go.
        queued: the time under which the page's heap has it.
    """

    labels: int = 0
    template: str = ""
    series: tuple[int, ...] = ()
    whole: bool = False
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

    def pieces(self, *, openmetrics: bool) -> Iterator[Piece]:
        """Yield the header and the lines; nothing when there are no lines."""
        if self.chunks:
            yield self._headers[openmetrics]
            yield from self._shards.pieces()

    def put(self, key: Key, samples: Sequence[Sample]) -> Chunk:
        """Replace the lines of one target and return its chunk; without lines it is not kept."""
        chunk = self.chunks.get(key) or Chunk()
        kept = self._within_limit(key, samples)
        values = [number(sample.value) for sample in kept]
        labels = hash(tuple(sample.labels for sample in kept))
        if not chunk.whole or labels != chunk.labels or None in values:
            values = self._admit(chunk, kept, values)
            chunk.labels = labels
        if not values:
            self.remove(key)
            return chunk
        self.chunks[key] = chunk
        self._shards.put(key, (chunk.template % tuple(values)).encode())
        return chunk

    def remove(self, key: Key) -> None:
        """Drop one target."""
        self.cut.pop(key, None)
        chunk = self.chunks.pop(key, None)
        if chunk:
            self._taken.difference_update(chunk.series)
            self._shards.remove(key)

    def _within_limit(self, key: Key, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Return the first samples up to the limit, and note how many were cut off."""
        self.cut.pop(key, None)
        if len(samples) > self._limit:
            self.cut[key] = len(samples) - self._limit
        return samples[: self._limit]

    def _admit(self, chunk: Chunk, samples: Sequence[Sample], values: Sequence[Value | None]) -> list[Value | None]:
        """Make the template of the samples that may be shown, and return their values."""
        self._taken.difference_update(chunk.series)
        series: list[int] = []
        lines: list[str] = []
        shown: list[Value | None] = []
        for sample, value in zip(samples, values, strict=True):
            labels = tuple(printable(label) for label in sample.labels)
            name = hash(labels)
            if value is None or name in self._taken:
                self.refused["not_finite" if value is None else "duplicate"] += 1
                continue
            self._taken.add(name)
            series.append(name)
            lines.append(line(self.metric, labels))
            shown.append(value)
        chunk.template, chunk.series, chunk.whole = "".join(lines), tuple(series), len(shown) == len(samples)
        return shown
