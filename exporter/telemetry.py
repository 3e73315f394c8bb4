"""The exporter's own metrics: per process by prometheus_client, per target as samples for the page."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import Target
from exporter.model import Metric, Reason, Sample

PREFIX = "cloudstack_network_exporter"
TARGET_LABELS = ("kind", "zone", "target")

TARGET_UP = Metric(f"{PREFIX}_target_up", "Whether the last visit of the target brought answers.", TARGET_LABELS)
TARGET_LAST_SUCCESS = Metric(
    f"{PREFIX}_target_last_success_timestamp_seconds",
    "When a visit of the target last brought answers, in unix time.",
    TARGET_LABELS,
)
TARGET_VISIT_DURATION = Metric(
    f"{PREFIX}_target_visit_duration_seconds", "How long the last visit of the target took.", TARGET_LABELS
)
INVENTORY = (
    "zones", "pods", "clusters", "hosts", "physical_networks", "traffic_types", "vlan_ranges", "networks", "instances",
    "routers", "system_vms", "image_stores", "templates", "management_servers",
)  # fmt: skip
PER_TARGET = (TARGET_UP, TARGET_LAST_SUCCESS, TARGET_VISIT_DURATION)


def about_target(target: Target, *, is_up: bool, success: float, seconds: float) -> Iterator[Sample]:
    """Yield what is told of a target after a visit that took so long.

    ``success`` is the unix time at which a visit last brought answers; while it is 0 nothing is told of it.
    """
    labels = (target.kind, target.zone, target.name)
    yield TARGET_UP.sample(*labels, value=int(is_up))
    yield TARGET_VISIT_DURATION.sample(*labels, value=round(seconds, 3))
    if success:
        yield TARGET_LAST_SUCCESS.sample(*labels, value=success)


def version() -> str:
    """Return the version of the installed distribution."""
    return metadata.version("cloudstack-network-exporter")


class Telemetry:
    """Counters and gauges about this process. Label values that are known beforehand start at 0."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # one series per counter, not two
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        info = Gauge(f"{PREFIX}_build_info", "Version of the exporter.", ("version", "python"), registry=registry)
        info.labels(version(), platform.python_version()).set(1)
        self.loop_lag = _gauge(
            registry, "event_loop_lag_seconds", "Longest delay of the event loop in the last minute."
        )
        self.failures = _counter(
            registry, "question_failures", "Questions that were not answered, by reason.", ("reason",)
        )
        self.visits = _counter(registry, "visits", "Visits made, by kind of target.", ("kind",))
        self.api_requests = _counter(registry, "api_requests", "Requests to the CloudStack API.", ("command",))
        self.api_failures = _counter(
            registry, "api_request_failures", "Requests to the CloudStack API that failed, by reason.", ("reason",)
        )
        self.api_seconds = _counter(
            registry, "api_request_seconds", "Seconds that requests to the CloudStack API took.", ("command",)
        )
        self.rows_skipped = _counter(
            registry, "api_rows_skipped", "Rows that were not in a format we know, by reading.", ("command",)
        )
        self.rows_missing = _counter(
            registry, "api_rows_missing", "Rows that were counted but not given, by reading.", ("command",)
        )
        self._rows: dict[tuple[Counter, str], int] = {}
        self.inventory_success = _gauge(
            registry, "inventory_last_success_timestamp_seconds", "When the inventory was last complete, in unix time."
        )
        self.inventory_up = _gauge(
            registry, "inventory_up", "Whether the last reading of the inventory succeeded and is not past its time."
        )
        self.inventory_objects = _gauge(registry, "inventory_objects", "Objects that CloudStack lists.", ("kind",))
        self.interval = _gauge(registry, "interval_seconds", "Seconds between two visits of a target.", ("kind",))
        self.accept_unmatched = _gauge(
            registry, "accept_entries_unmatched", "Accept entries that match no finding or are past their date."
        )
        self.database_server = _gauge(
            registry, "database_server_info", "The database server that is asked.", ("server", "role")
        )
        self.database_lag = _gauge(
            registry,
            "database_lag_seconds",
            "Seconds that the database server is behind at most, by its replication and by the newest heartbeat there.",
            ("server",),
        )
        self.database_clock = _gauge(
            registry,
            "database_clock_ahead_seconds",
            "Seconds that the clock of the database server is ahead of ours.",
            ("server",),
        )
        self.database_unanswered = _gauge(
            registry,
            "database_unanswered",
            "Questions to the database that had no answer when they were last due.",
            ("database",),
        )
        self.internal_errors = _counter(registry, "internal_errors", "Defects met: a check or a visit raised.")
        self._preset(kinds)

    def _preset(self, kinds: tuple[str, ...]) -> None:
        for reason in Reason:
            if reason is not Reason.NOT_CONFIGURED:
                self.failures.labels(reason.value)
                self.api_failures.labels(reason.value)
        for kind in kinds:
            self.visits.labels(kind)

    def failed(self, reason: Reason, questions: int = 1) -> None:
        """Count questions that were not answered; what is not configured is no failure."""
        if reason is not Reason.NOT_CONFIGURED:
            self.failures.labels(reason.value).inc(questions)

    def api_request(self, command: str, seconds: float, reason: Reason | None) -> None:
        """Count a request to the API, how long it took and, with a reason, its failure."""
        self.api_requests.labels(command).inc()
        self.api_seconds.labels(command).inc(max(seconds, 0.0))
        if reason is not None:
            self.api_failures.labels(reason.value).inc()

    def api_rows(self, skipped: Mapping[str, int], missing: Mapping[str, int]) -> None:
        """Tell how many rows since the start, by command, were unreadable, and how many counted but not given."""
        for counter, counts in ((self.rows_skipped, skipped), (self.rows_missing, missing)):
            for command, number in counts.items():
                counter.labels(command).inc(number - self._rows.get((counter, command), 0))
                self._rows[counter, command] = number

    def inventory(self, cloud: Cloud) -> None:
        """Tell how many objects of each kind CloudStack lists."""
        for kind in INVENTORY:
            self.inventory_objects.labels(kind).set(len(getattr(cloud, kind)))

    def database(self, server: str, role: str, lag: float | None, ahead: float) -> None:
        """Tell which database server is asked, ``primary`` or ``replica``, and how fresh it is."""
        self.no_database()
        self.database_server.labels(server, role).set(1)
        self.database_clock.labels(server).set(ahead)
        if lag is not None:
            self.database_lag.labels(server).set(lag)

    def no_database(self) -> None:
        """Tell nothing of a server: none lets us in. What was said of the last one was of then."""
        for gauge in (self.database_server, self.database_lag, self.database_clock):
            gauge.clear()

    def render(self, openmetrics: bool) -> bytes:
        """Return the text of all these metrics, without the closing ``# EOF``."""
        if openmetrics:
            text: bytes = generate_openmetrics(self.registry)  # type: ignore[no-untyped-call]
            return text.removesuffix(b"# EOF\n")
        return generate_latest(self.registry)


def _gauge(registry: CollectorRegistry, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
    return Gauge(f"{PREFIX}_{name}", text, labels, registry=registry)


def _counter(registry: CollectorRegistry, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(f"{PREFIX}_{name}", text, labels, registry=registry)
