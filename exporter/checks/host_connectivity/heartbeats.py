"""Management servers that no longer write their heartbeat into the database.

Symptom: nothing can be started or changed; agents sit without a management server, and nothing else shows it.
Detect:  mshost.last_update. Peers mark a server whose heartbeat stops as Down; with a single one nobody does.
Fix:     start the service; when it stopped by itself, see why it could not reach the database.
"""

from __future__ import annotations

from collections.abc import Sequence

from exporter.checks.host_connectivity.remedies import CHECK_DATABASE_WAY, REMOVE_SERVER, START_SERVICE
from exporter.checks.host_connectivity.servers import HELD_BACK, PER_SERVER, is_fresh, names
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.model import Answers, Check, Metric, Sample, Samples, above, equals
from exporter.questions.database_state import DATABASE_SERVERS, ServerRow
from exporter.thresholds import HEARTBEAT_STALE_SECONDS, SERVER_RETIRED_SECONDS

WATCH_DATABASE = (
    "See which database server the exporter reads, whether it replicates, and whether its clock and those of the"
    " management servers agree."
)

AGE = Metric(
    "cloudstack_network_host_connectivity_management_server_heartbeat_age_seconds",
    "Seconds since the management server wrote its heartbeat into the database; one that lives does each 1.5 s.",
    labels=PER_SERVER,
)
LOST = Metric(
    "cloudstack_network_host_connectivity_management_server_lost",
    "Whether the heartbeat of the management server stopped within a week and nobody took it out of service.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
)
ALIVE = Metric(
    "cloudstack_network_host_connectivity_management_servers_alive",
    "Management servers that write their heartbeat into the database.",
    labels=("database",),
    problem=equals(0),
    subject="database",
)
BEHIND = Metric(
    "cloudstack_network_host_connectivity_management_heartbeats_behind",
    "Whether the database shows only old heartbeats although CloudStack answers: it is the database that is late.",
    labels=("database",),
    problem=above(0),
    subject="database",
)


def judge(target: DatabaseTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield age and verdict of each heartbeat, and how many servers live; nothing of what is not of today."""
    rows = answers[DATABASE_SERVERS]
    if not rows:
        return
    newest = min(row.heartbeat_age for row in rows)
    behind = is_behind(rows, answers.now, cloud)
    yield BEHIND.sample(
        target.name,
        value=int(behind),
        seen=f"the newest heartbeat is {newest:.0f} s old, the API has answered since",
        expected=f"a heartbeat within {HEARTBEAT_STALE_SECONDS} s",
        remedy=WATCH_DATABASE,
    )
    if behind:
        return
    shown = names(rows, cloud)
    for row in rows:
        yield AGE.sample(shown[row.id], value=row.heartbeat_age)
        yield _lost(row, shown[row.id])
    yield ALIVE.sample(
        target.name,
        value=sum(map(is_fresh, rows)),
        seen=f"the newest heartbeat is {newest:.0f} s old",
        expected="one management server at least",
    )


def is_behind(rows: Sequence[ServerRow], now: float, cloud: Cloud) -> bool:
    """Return whether CloudStack has answered after the newest heartbeat that is shown, so that newer ones are missing.

    A server that cannot write its heartbeat for 150 s stops itself, and one that is dead answers nobody: so what the
    database shows is of the past (a replica that does not tell its lag), or its clock is off.
    """
    newest = min(row.heartbeat_age for row in rows)
    return newest > HEARTBEAT_STALE_SECONDS and cloud.at > now - newest + HEARTBEAT_STALE_SECONDS


def _lost(row: ServerRow, name: str) -> Sample:
    """Return the verdict on one heartbeat.

    A server that others have marked Down is missed for a week; then it was taken out of service.
    """
    stopped = not is_fresh(row) and row.state not in HELD_BACK
    retired = row.state == "Down" and row.heartbeat_age > SERVER_RETIRED_SECONDS
    return LOST.sample(
        name,
        value=int(stopped and not retired),
        seen=f"{row.state}, last heartbeat {row.heartbeat_age:.0f} s ago",
        expected=f"a heartbeat within {HEARTBEAT_STALE_SECONDS} s",
    )


CHECK = Check(
    title="Heartbeats of management servers",
    metrics=(AGE, LOST, ALIVE, BEHIND),
    remedies=(START_SERVICE, CHECK_DATABASE_WAY, REMOVE_SERVER),
    judges={DatabaseTarget: judge},
    asks={DatabaseTarget: (DATABASE_SERVERS,)},
)
