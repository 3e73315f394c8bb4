"""How far a database server is behind, and whether its clock can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exporter.model import UnreadableError
from exporter.questions.database.rows import Rows

CLOCK_LIMIT = 120.0
"""Seconds that its clock may differ from ours: heartbeats are dead after 150 s, by the database's clock."""
HEARTBEAT_LIMIT = 150.0
"""Seconds up to which the newest heartbeat is one of now; as shipped, CloudStack holds a server for dead after them."""

CLOCK = "SELECT UNIX_TIMESTAMP() AS unix, @@GLOBAL.read_only AS is_read_only"
HEARTBEAT = (
    "SELECT MIN(TIMESTAMPDIFF(SECOND, last_update, UTC_TIMESTAMP())) AS age FROM mshost"
    " WHERE removed IS NULL AND last_update < UTC_TIMESTAMP() + INTERVAL 120 SECOND"
)
"""One further in the future is of a wrong clock: it would look new for hours after the server that wrote it died."""
REPLICATION = {True: ("SHOW ALL SLAVES STATUS",), False: ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS")}
"""Whether it is MariaDB -> how it is asked for its lag, the newest spelling first."""

LAGS = ("Seconds_Behind_Source", "Seconds_Behind_Master")
READ_ONLY, WRITABLE = ("ON", "NO_LOCK", "NO_LOCK_NO_ADMIN"), ("OFF",)
GROUP = "group_replication_"  # channels of a MySQL group; their lag says nothing


@dataclass(frozen=True, slots=True)
class Freshness:
    """What a server told of itself at the beginning of a visit.

    Nobody is further behind than the newest heartbeat of a management server is old. So a server that can be written
    and shows one of now is where they write, or follows it closely, whatever became of a peer that it should follow.

    Attributes:
        lag: seconds behind as its replication tells; None where it does not tell, or follows nobody.
        heartbeat: seconds since the newest heartbeat of a management server; None when it shows none that can be of
            now.
        is_read_only: whether it refuses to be written.
        is_stopped: whether it should follow somebody and does not.
        ahead: seconds that its clock is ahead of ours.
    """

    lag: float | None = None
    heartbeat: float | None = 0.0
    is_read_only: bool = False
    is_stopped: bool = False
    ahead: float = 0.0

    def trouble(self, lag_seconds: float) -> str:
        """Return why what it holds cannot be judged, in words; empty when it can."""
        return self.past(lag_seconds) or self._silence(lag_seconds)

    def past(self, lag_seconds: float) -> str:
        """Return why even its heartbeats say nothing of now, in words; empty when they do.

        Old heartbeats alone are no such reason: when all management servers are dead, the primary shows nothing else.
        """
        if abs(self.ahead) > CLOCK_LIMIT:
            return f"its clock is {abs(self.ahead):.0f} s {'ahead of' if self.ahead > 0 else 'behind'} ours"
        if not self.is_read_only and self.heartbeat is not None and self.heartbeat <= lag_seconds:
            return ""
        if self.is_read_only and self.is_stopped:
            return "its replication has stopped"
        if self.lag is not None and self.lag > lag_seconds:
            return f"it is {self.lag:.0f} s behind, {lag_seconds:g} s are allowed"
        return ""

    def _silence(self, lag_seconds: float) -> str:
        """Return what the heartbeats tell against it; they must be newer where nothing else speaks for it."""
        if self.heartbeat is None:
            return "it shows no heartbeat of a management server, or of the future only"
        is_doubtful = self.is_stopped or (self.is_read_only and self.lag is None)
        limit = lag_seconds if is_doubtful else max(lag_seconds, HEARTBEAT_LIMIT)
        if self.heartbeat <= limit:
            return ""
        stopped = ", and its replication has stopped" if self.is_stopped else ""
        return f"the newest heartbeat of a management server there is {self.heartbeat:.0f} s old{stopped}"

    @property
    def role(self) -> str:
        """Return what the server is: primary or replica."""
        return "replica" if self.is_read_only or self.lag is not None else "primary"

    @property
    def behind(self) -> float | None:
        """Return how many seconds it is behind at most; None when nothing tells."""
        return max((told for told in (self.lag, self.heartbeat) if told is not None), default=None)

    def badness(self) -> float:
        """Return a number that is smaller for the better of two servers that cannot be judged."""
        if self.behind is None or (self.is_read_only and self.is_stopped):
            return math.inf
        return self.behind + abs(self.ahead)


def clock(rows: Rows) -> tuple[float, bool]:
    """Return unix time and whether the server refuses to be written; raises UnreadableError when it is neither."""
    try:
        ((unix, read_only),) = rows.rows
        return float(unix), _is_read_only(read_only)
    except (TypeError, ValueError) as error:
        message = "the server does not tell the time"
        raise UnreadableError(message) from error


def _is_read_only(told: object) -> bool:
    """Return what the variable read_only says; raises ValueError when it is neither a number nor a word we know.

    Source: it is a number up to MariaDB 11 and in MySQL, and a word in MariaDB 12, where NO_LOCK is stricter than ON.
    """
    word = (told.decode("ascii") if isinstance(told, bytes) else str(told)).upper()
    return word in READ_ONLY or (word not in WRITABLE and bool(int(word)))


def replication(rows: Rows) -> tuple[float | None, bool] | None:
    """Return the largest lag and whether one of its sources is not followed; None when it follows nobody.

    Raises:
        UnreadableError: a lag that is no number.
    """
    told = [row for row in rows if not str(row.get("Channel_Name", "")).startswith(GROUP)]
    if not told:
        return None
    lags = [next((row[name] for name in LAGS if row.get(name) is not None), None) for row in told]
    if None in lags:
        return None, True
    try:
        return max(float(lag) for lag in lags if lag is not None), False
    except (TypeError, ValueError) as error:
        message = "the server does not tell its lag in seconds"
        raise UnreadableError(message) from error


def heartbeat(rows: Rows) -> float | None:
    """Return the age of the newest heartbeat of a management server: nobody is further behind than that."""
    try:
        ((age,),) = rows.rows
        return None if age is None else max(float(age), 0.0)
    except (TypeError, ValueError):
        return None
