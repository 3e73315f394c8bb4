"""How far a database server is behind, and whether its clock can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exporter.model import UnreadableError
from exporter.questions.database_rows import Rows

CLOCK_LIMIT = 120.0
"""Seconds that its clock may differ from ours: heartbeats are dead after 150 s, by the database's clock."""

CLOCK = "SELECT UNIX_TIMESTAMP() AS unix, @@GLOBAL.read_only AS is_read_only"
HEARTBEAT = "SELECT MIN(TIMESTAMPDIFF(SECOND, last_update, UTC_TIMESTAMP())) AS age FROM mshost WHERE removed IS NULL"
REPLICATION = {True: ("SHOW ALL SLAVES STATUS",), False: ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS")}
"""Whether it is MariaDB -> how it is asked for its lag, the newest spelling first."""

LAGS = ("Seconds_Behind_Source", "Seconds_Behind_Master")
GROUP = "group_replication_"  # channels of a MySQL group; their lag says nothing


@dataclass(frozen=True, slots=True)
class Freshness:
    """What a server told of itself at the beginning of a visit.

    Where the account may not ask for replication, or there is none, a server that can be written is the primary. One
    that is read-only is a replica all the same; its newest heartbeat of a management server bounds its lag.

    Attributes:
        lag: seconds that it is behind at most; 0 on a primary; None when nobody can tell.
        is_replica: whether it replicates, or refuses to be written.
        is_stopped: whether it replicates no more.
        ahead: seconds that its clock is ahead of ours.
    """

    lag: float | None = 0.0
    is_replica: bool = False
    is_stopped: bool = False
    ahead: float = 0.0

    def trouble(self, lag_seconds: float) -> str:
        """Return why what it holds cannot be judged, in words; empty when it can."""
        if self.is_stopped:
            return "its replication has stopped"
        if self.lag is None:
            return "it does not tell how far it is behind, and no management server has left a heartbeat there"
        if self.lag > lag_seconds:
            return f"it is {self.lag:.0f} s behind, {lag_seconds:g} s are allowed"
        if abs(self.ahead) > CLOCK_LIMIT:
            return f"its clock is {abs(self.ahead):.0f} s {'ahead of' if self.ahead > 0 else 'behind'} ours"
        return ""

    @property
    def role(self) -> str:
        """Return what the server is: primary or replica."""
        return "replica" if self.is_replica else "primary"

    def badness(self) -> float:
        """Return a number that is smaller for the better of two servers that cannot be judged."""
        if self.is_stopped or self.lag is None:
            return math.inf
        return self.lag + abs(self.ahead)


def clock(rows: Rows) -> tuple[float, bool]:
    """Return unix time and whether the server refuses to be written; raises UnreadableError when it is neither."""
    try:
        ((unix, is_read_only),) = rows.rows
        return float(unix), bool(int(is_read_only))
    except (TypeError, ValueError) as error:
        message = "the server does not tell the time"
        raise UnreadableError(message) from error


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
