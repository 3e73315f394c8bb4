"""The service of a management server, as its own systemd sees it, and its clock."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via

LINE = re.compile(r"(LoadState|ActiveState|ActiveEnterTimestampMonotonic|Uptime|Clock)=([a-z0-9.-]{0,32})", re.ASCII)
NUMBER = re.compile(r"\d{1,16}(\.\d{1,9})?", re.ASCII)
ACTIVE = {"active": True, "reloading": True, "inactive": False, "failed": False, "deactivating": False}
"""systemd's word -> whether the service runs; while it is being started nobody can say."""


@dataclass(frozen=True, slots=True)
class ManagementService:
    """What a management server says of its service.

    Attributes:
        clock: unix time by its own clock, whole seconds.
        state: systemd's word for cloudstack-management; empty where there is no such unit or no systemd.
        running: seconds since the service was started, None when not told.
        started: seconds after the start of the machine at which it last became active, None when it never did.
    """

    clock: int
    state: str = ""
    running: float | None = None
    started: float | None = None

    @property
    def is_active(self) -> bool | None:
        """Return whether the service runs, None when nobody can say."""
        return ACTIVE.get(self.state)


def read_service(text: str) -> ManagementService:
    """Return the service from lines of ``key=value``; without a clock it is unreadable."""
    told: dict[str, str] = {}
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        if found is None:
            message = f"not a word of systemd: {line[:40]!r}"
            raise UnreadableError(message)
        told[found[1]] = found[2]
    clock = told.get("Clock", "")
    if not re.fullmatch(r"\d{1,12}", clock, re.ASCII):
        message = "no clock"
        raise UnreadableError(message)
    state = told.get("ActiveState", "") if told.get("LoadState") == "loaded" else ""
    started = _started(told) if state else None
    return ManagementService(int(clock), state, _running(told, started) if ACTIVE.get(state) else None, started)


def _started(told: dict[str, str]) -> float | None:
    """Return when systemd saw the service become active, 0 for never; it counts microseconds since boot."""
    since = told.get("ActiveEnterTimestampMonotonic", "")
    return float(since) / 1e6 or None if NUMBER.fullmatch(since) else None


def _running(told: dict[str, str], started: float | None) -> float | None:
    """Return the seconds since the service became active."""
    uptime = told.get("Uptime", "")
    return max(float(uptime) - started, 0.0) if started is not None and NUMBER.fullmatch(uptime) else None


MANAGEMENT_SERVICE: Question[ManagementService] = Question(
    "management_service",
    Via.MANAGEMENT_SERVER,
    r"""
if [ -d "$ROOT/run/systemd/system" ]; then
    systemctl show -p LoadState,ActiveState,ActiveEnterTimestampMonotonic cloudstack-management.service || exit
fi
if [ -r "$ROOT/proc/uptime" ]; then
    read -r uptime rest <"$ROOT/proc/uptime"
    printf 'Uptime=%s\n' "$uptime"
fi
exec date +Clock=%s
""",
    read_service,
    privilege="any account",
    why="Whether the management server runs at all, since when, and whether its clock agrees with the others.",
    size=4096,
)
