"""Management servers that no longer write their heartbeat into the database.

Symptom: nothing can be started or changed; agents sit without a management server, and nothing else shows it.
Detect:  mshost.last_update, by the server's own clock: old or far in the future, and the same at two looks. One that
         goes on is a clock that is wrong, or a replica that is late. Peers mark a server that stops as Down; with a
         single one nobody does.
Fix:     start the service; when it stopped by itself, see why it could not reach the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporter.checks.host_connectivity.remedies import CHECK_DATABASE_WAY, REMOVE_SERVER, START_SERVICE
from exporter.checks.host_connectivity.servers import HELD_BACK, PER_SERVER, heartbeat_limit, is_fresh, names
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.model import Answers, Check, Metric, Sample, Samples, above, equals
from exporter.questions.database.state import DATABASE_SERVERS, ServerRow
from exporter.thresholds import ROWS_PER_TARGET, SERVER_RETIRED_SECONDS

WATCH_DATABASE = (
    "See which database server the exporter reads, whether it replicates, and whether its clock and those of the"
    " management servers agree."
)

AGE = Metric(
    "cloudstack_network_host_connectivity_management_server_heartbeat_age_seconds",
    "Seconds from the last heartbeat, which is written each 1.5 s, to the clock of the database; negative when ahead.",
    labels=PER_SERVER,
)
LOST = Metric(
    "cloudstack_network_host_connectivity_management_server_lost",
    "Whether the heartbeat of the management server stopped within a day and nobody took it out of service.",
    labels=PER_SERVER,
    problem=above(0),
    subject="management_server",
    follows=("cloudstack_network_host_connectivity_management_server_database_unconnected",),
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
    "Whether heartbeats that are not of now go on in the database, or CloudStack answers: a clock or replica is off.",
    labels=("database",),
    problem=above(0),
    subject="database",
)


Stopped = Mapping[str, bool | None]
"""Server id -> whether its heartbeat stopped; None while only one look has shown that it is old."""


def judge(target: DatabaseTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield age and verdict of each heartbeat, how many servers live, and whether what is shown is not of now."""
    rows = answers[DATABASE_SERVERS]
    if not rows:
        return
    shown, limit = names(rows, cloud), heartbeat_limit(cloud)
    newest = min((row.heartbeat_age for row in rows), key=abs)
    stopped = _stopped(rows, answers, cloud)
    alive = sum(state is False for state in stopped.values())
    for row in rows:
        yield AGE.sample(shown[row.id], value=row.heartbeat_age)
    if not alive and None in stopped.values():
        return
    is_past = not alive and _has_answered(answers, rows, cloud)
    off = [row for row in rows if stopped[row.id] is False and not is_fresh(row, cloud)]
    goes_on = "; ".join(f"{shown[row.id]}: {_when(row.heartbeat_age)}, and it goes on" for row in off[:ROWS_PER_TARGET])
    yield BEHIND.sample(
        target.name,
        value=int(is_past or bool(off)),
        seen=goes_on or f"the newest heartbeat is {_when(newest)}, the API has answered since",
        expected=f"a heartbeat within {limit:.0f} s",
        remedy=WATCH_DATABASE,
    )
    if is_past:
        return
    for row in rows:
        if (state := stopped[row.id]) is not None:
            yield _lost(row, shown[row.id], limit, is_stopped=state)
    yield ALIVE.sample(
        target.name,
        value=alive,
        seen=f"the newest heartbeat is {_when(newest)}",
        expected="one management server at least",
    )


def _stopped(rows: Sequence[ServerRow], answers: Answers, cloud: Cloud) -> Stopped:
    """Return which heartbeats stopped: they are not of now, and the look before has shown the same ones.

    The age is the difference of two clocks, so that by itself it may be a wrong clock.
    """
    before = answers.before(DATABASE_SERVERS)
    beats = {row.id: row.beat for row in before[0]} if before else {}
    return {
        row.id: False if is_fresh(row, cloud) else row.beat == beats[row.id] if row.id in beats else None
        for row in rows
    }


def _has_answered(answers: Answers, rows: Sequence[ServerRow], cloud: Cloud) -> bool:
    """Return whether CloudStack has answered since all heartbeats stopped, so that it is no end that is shown.

    By one clock that is certain once an inventory is begun after they were seen to stand still. By the clocks of the
    others it may seem so, and of a heartbeat in the future nothing is known: then the next inventory is waited for,
    until the last one has expired. An API that answers has renewed it by then.
    """
    silent = answers.held_by(DATABASE_SERVERS, "silent")
    newest = min(row.heartbeat_age for row in rows)
    seems = newest < 0 or cloud.at > answers.now - newest + heartbeat_limit(cloud)
    return cloud.asked > silent.first_asked or (seems and answers.values[DATABASE_SERVERS].asked < cloud.expires)


def _lost(row: ServerRow, name: str, limit: float, *, is_stopped: bool) -> Sample:
    """Return the verdict on one heartbeat.

    A server that stops in order marks itself Down, and one that dies is marked by others: neither tells somebody's
    will, so that Down is missed for a day.
    """
    retired = row.state == "Down" and row.heartbeat_age > SERVER_RETIRED_SECONDS
    return LOST.sample(
        name,
        value=int(is_stopped and row.state not in HELD_BACK and not retired),
        seen=f"{row.state}, its last heartbeat is {_when(row.heartbeat_age)}",
        expected=f"a heartbeat within {limit:.0f} s",
    )


def _when(age: float) -> str:
    """Return the age of a heartbeat in words."""
    return f"{age:.0f} s old" if age >= 0 else f"{-age:.0f} s ahead of the database's clock"


CHECK = Check(
    title="Heartbeats of management servers",
    metrics=(AGE, LOST, ALIVE, BEHIND),
    remedies=(START_SERVICE, CHECK_DATABASE_WAY, REMOVE_SERVER),
    judges={DatabaseTarget: judge},
    asks={DatabaseTarget: (DATABASE_SERVERS,)},
)
