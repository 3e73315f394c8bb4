"""The page: the newest lines of every (metric, target), ready before they are asked for.

A verdict is rendered and compressed when it changes; a scrape drops what is past its time and joins
bytes. No Python object is kept per series but the hash that finds a second sample with the same labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf

from exporter.clock import Clock
from exporter.model import Kind, Metric, Sample
from exporter.page.families import Family
from exporter.page.fragments import Piece, gzip_member, piece
from exporter.page.rendering import header, series
from exporter.page.shards import SHARD_SIZE, Key

Target = tuple[str, str]

SERIES = Metric(
    "cloudstack_network_exporter_page_series",
    "Series on the page, without those about the exporter's own process.",
)
BYTES = Metric(
    "cloudstack_network_exporter_page_bytes",
    "Bytes of the lines of those series, uncompressed.",
)
TRUNCATED = Metric(
    "cloudstack_network_exporter_page_series_truncated",
    "Series cut off now because one target has more of this metric than the page's limit.",
    labels=("metric",),
)
REFUSED = Metric(
    "cloudstack_network_exporter_page_samples_refused_total",
    "Samples not taken onto the page: labels that another sample already has, or a value that is not finite.",
    labels=("metric", "reason"),
    kind=Kind.COUNTER,
)
PAGE_METRICS = (SERIES, BYTES, TRUNCATED, REFUSED)


@dataclass(frozen=True, slots=True)
class PageStatistics:
    """What the page holds.

    Attributes:
        series: number of series.
        size: bytes of their lines.
        truncated: metric name -> series cut off now; only where there are some.
        refused: (metric name, ``duplicate`` or ``not_finite``) -> samples refused since the start.
    """

    series: int
    size: int
    truncated: Mapping[str, int]
    refused: Mapping[tuple[str, str], int]


class Page:
    """Bytes of /metrics by metric and target.

    Args:
        clock: its boot clock decides what is past its time.
        metrics: every metric that will ever be put; names must be unique in both formats.
        series_limit: series of one target in one metric; more are cut off and counted.
        shard_size: bytes of text that are compressed together.
        own: returns what is known of the process itself, as lines of text 0.0.4 or, when called with
            True, of OpenMetrics, without ``# EOF``.

    Raises:
        ValueError: when two metrics share a name.
    """

    def __init__(
        self,
        clock: Clock,
        metrics: Iterable[Metric],
        *,
        series_limit: int = 1000,
        shard_size: int = SHARD_SIZE,
        own: Callable[[bool], bytes] = lambda _openmetrics: b"",
    ) -> None:
        metrics = tuple(metrics)
        names = Counter(metric.name.removesuffix("_total") for metric in (*metrics, *PAGE_METRICS))
        if twice := [name for name, count in names.items() if count > 1]:
            message = f"two metrics have the name {', '.join(twice)}"
            raise ValueError(message)
        self._clock = clock
        self._own = own
        self._families: dict[str, Family] = {}
        for metric in sorted(metrics, key=lambda metric: metric.name):
            self._families[metric.name] = Family(metric, series_limit, shard_size)
        self._keys: dict[Target, Key] = {}
        self._deadlines: list[tuple[float, str, Key]] = []  # a heap

    def put(self, target: Target, home: str, metric: Metric, samples: Sequence[Sample], expires: float | None) -> None:
        """Replace the samples of one metric of one target; none remove it.

        Args:
            target: kind and name.
            home: targets of one home lie together; the first one given stays until ``forget``.
            metric: one of those the page was made with.
            samples: in the order in which they are shown.
            expires: boot-clock seconds; None when they live as long as the target.

        Raises:
            KeyError: when the page was not made with ``metric``.
        """
        family = self._families[metric.name]
        key = self._keys.setdefault(target, (home, *target))
        chunk = family.put(key, samples)
        if chunk is None:
            return
        chunk.expires = inf if expires is None else expires
        if chunk.expires < chunk.queued:
            chunk.queued = chunk.expires
            heappush(self._deadlines, (chunk.expires, metric.name, key))

    def forget(self, target: Target) -> None:
        """Drop everything of a target."""
        key = self._keys.pop(target, None)
        if key:
            for family in self._families.values():
                family.remove(key)

    def expire(self) -> None:
        """Drop every (metric, target) whose time has come; at exactly ``expires`` it is gone.

        An entry of the heap that comes up before its chunk's newer time is put back with that time, so
        that there is one entry per chunk, however often it is renewed.
        """
        now = self._clock.boot()
        while self._deadlines and self._deadlines[0][0] <= now:
            time, name, key = heappop(self._deadlines)
            family = self._families[name]
            chunk = family.chunks.get(key)
            if chunk is None or chunk.queued != time:
                continue
            chunk.queued = chunk.expires
            if chunk.expires <= now:
                family.remove(key)
            elif chunk.expires < inf:
                heappush(self._deadlines, (chunk.expires, name, key))

    def text(self, *, openmetrics: bool = False) -> list[bytes]:
        """Return the exposition of this moment in parts; joined they are the whole of it."""
        return [part.text for part in self._pieces(openmetrics=openmetrics)]

    def gzip(self, *, openmetrics: bool = False) -> bytes:
        """Return the exposition of this moment as one gzip member."""
        return gzip_member(self._pieces(openmetrics=openmetrics))

    def statistics(self) -> PageStatistics:
        """Return what the page holds now."""
        families = self._families.items()
        return PageStatistics(
            series=sum(family.series for _, family in families),
            size=sum(family.size for _, family in families),
            truncated={name: sum(family.cut.values()) for name, family in families if family.cut},
            refused={(name, why): count for name, family in families for why, count in sorted(family.refused.items())},
        )

    def _pieces(self, *, openmetrics: bool) -> list[Piece]:
        self.expire()
        shown = [part for family in self._families.values() for part in family.pieces(openmetrics=openmetrics)]
        own = b"".join(_about(self.statistics(), openmetrics=openmetrics)) + self._own(openmetrics)
        return [*shown, piece(own + (b"# EOF\n" if openmetrics else b""))]


def _about(statistics: PageStatistics, *, openmetrics: bool) -> Iterator[bytes]:
    """Yield the families that say what the page holds."""
    rows: dict[Metric, Mapping[tuple[str, ...], int]] = {
        BYTES: {(): statistics.size},
        REFUSED: {(name, why): count for (name, why), count in statistics.refused.items()},
        SERIES: {(): statistics.series},
        TRUNCATED: {(name,): count for name, count in statistics.truncated.items()},
    }
    for metric, values in rows.items():
        if values:
            yield header(metric, openmetrics=openmetrics)
            yield from (b"%b%d\n" % (series(metric, labels), value) for labels, value in values.items())
