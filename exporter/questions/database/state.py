"""Whether the database is in a state to be judged, and what it knows of the management servers that write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from exporter.model import Question, UnreadableError, Via
from exporter.questions.database.rows import Rows

CLOCKS_DIFFER = 120.0  # seconds between the clocks of a management server and of its database
LONGEST_RUN = 5 * 366 * 86400.0  # seconds that no management server has ever run; runid is milliseconds of unix time


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One row of ``version``: every upgrade adds one, with step Upgrade until it is Complete."""

    version: str
    step: str

    @property
    def is_complete(self) -> bool:
        """Return whether its upgrade has come to its end."""
        return self.step == "Complete"


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A live row of ``mshost``.

    Attributes:
        id: the uuid that the API calls its id.
        msid: the number that other tables call mgmt_server_id.
        heartbeat_age: seconds since its last heartbeat, which it writes each 1.5 s by its own clock; less than nothing
            while that is ahead of the database's.
        running: seconds since it was started; None when that cannot be told: its runid is no time of the last years.
        beat: its last heartbeat as the row has it, by the server's own clock; empty when it never wrote one.
        run: number of its present run, milliseconds of unix time by the server's own clock; empty when not told.
    """

    id: str
    name: str
    msid: str
    state: str
    version: str
    heartbeat_age: float
    running: float | None
    beat: str = ""
    run: str = ""


def read_versions(rows: Rows) -> tuple[SchemaVersion, ...]:
    """Return the schema's versions, oldest first; raises UnreadableError when these are no versions."""
    if not len(rows):
        message = "the table version is empty: is this CloudStack's database?"
        raise UnreadableError(message)
    return tuple(SchemaVersion(_text(row, "version"), _text(row, "step")) for row in rows)


def read_servers(rows: Rows) -> tuple[ServerRow, ...]:
    """Return the management servers that are not removed; raises UnreadableError when these are none."""
    return tuple(_server(row) for row in rows)


def _server(row: Mapping[str, Any]) -> ServerRow:
    return ServerRow(
        id=_text(row, "id"),
        name=_text(row, "name"),
        msid=_text(row, "msid"),
        state=_text(row, "state"),
        version=_text(row, "version"),
        heartbeat_age=_number(row, "heartbeat_age") or 0.0,
        running=_running(_number(row, "running")),
        beat=str(row.get("beat") or ""),
        run=str(row.get("run") or ""),
    )


def _running(seconds: float | None) -> float | None:
    """Return a plausible age of a process: not of before this exporter's time, not of the future."""
    if seconds is None or not -CLOCKS_DIFFER < seconds < LONGEST_RUN:
        return None
    return max(seconds, 0.0)


def _text(row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        message = f"there is no column {name}"
        raise UnreadableError(message)
    return str(row[name] or "")


def _number(row: Mapping[str, Any], name: str) -> float | None:
    told = row.get(name)
    try:
        number = None if told is None else float(told)
    except (TypeError, ValueError, OverflowError):
        number = nan
    if number is not None and not isfinite(number):
        message = f"{name} is no number"
        raise UnreadableError(message)
    return number


DATABASE_VERSIONS = Question(
    "database_versions",
    Via.DATABASE,
    "SELECT version, step FROM version ORDER BY id",
    read_versions,
    privilege="SELECT on version",
    why="An upgrade that is not complete: the schema is half of two versions.",
)
DATABASE_SERVERS = Question(
    "database_servers",
    Via.DATABASE,
    "SELECT uuid AS id, name, CAST(msid AS CHAR) AS msid, state, version,"
    " TIMESTAMPDIFF(SECOND, COALESCE(last_update, '1970-01-01'), UTC_TIMESTAMP()) AS heartbeat_age,"
    " UNIX_TIMESTAMP() - runid / 1000 AS running,"
    " CAST(last_update AS CHAR) AS beat, CAST(runid AS CHAR) AS run FROM mshost WHERE removed IS NULL",
    read_servers,
    privilege="SELECT on mshost",
    why="Which management servers are alive; one that hangs is not set Down by itself.",
)
STATE = (DATABASE_VERSIONS, DATABASE_SERVERS)
"""Asked before everything else; what they tell decides whether inconsistencies may be judged."""
