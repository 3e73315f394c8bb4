"""management-server.log of the lab, as 4.20 writes it: what a healthy server says, and what it complains of.

It is written when somebody is about to look: the lines since the last time, in order and with their own times. So it
costs nothing in between, and whoever looks finds it as if it had been written all along. When complaints end, its
dates go on a quarter of an hour later: what was complained of is then long ago, and nobody has to wait for that.
"""

from __future__ import annotations

import gzip
import os
import time
from collections import Counter
from collections.abc import Iterable
from itertools import count, cycle
from pathlib import Path

from exporter.lab.world.management import ManagementServer
from exporter.lab.world.world import World

FOLDER = "root/var/log/cloudstack/management"
PACE = 2.0
"""Seconds from line to line."""
MOST = 30
"""Lines that are made up for at once."""
FORGIVEN = 1000.0
"""Seconds by which the dates of a log go on when its complaints have ended."""
ORDINARY = (Path(__file__).parents[1] / "files" / "management-server.txt").read_text().splitlines()
"""What healthy servers say: level, [logger], (thread), message. The warnings among it mean nothing."""


class Logs:
    """The logs of all management servers; ``folder`` is where their machines are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, float] = {}
        self._quiet: dict[str, float] = {}
        self._complains: set[str] = set()
        self._ahead: Counter[str] = Counter()
        self._numbers = count(1)
        self._ordinary = cycle(ORDINARY)

    def show(self, world: World) -> None:
        """Begin the logs that are new; let those be silent, or be gone, of which this world says so."""
        for server in world.management_servers:
            log = self.path(server.name)
            if server.name not in self._written:
                log.parent.mkdir(parents=True)
                self._written[server.name] = _now() - MOST * PACE
                self._append(log, self._made_up(server))
            self._hide(log, is_missing=server.log == "missing")
            if server.quiet != self._quiet.get(server.name, 0.0) and log.exists():
                os.utime(log, (_now() - server.quiet,) * 2)
            self._quiet[server.name] = server.quiet
            if server.complaints:
                self._complains.add(server.name)
            elif server.name in self._complains:
                self._complains.remove(server.name)
                self._ahead[server.name] += 1

    @staticmethod
    def _hide(log: Path, *, is_missing: bool) -> None:
        """Put the log where nobody looks for it, or back; it stays the same file."""
        hidden = log.parent.parent / log.name
        if is_missing and log.exists():
            log.rename(hidden)
        elif not is_missing and hidden.exists():
            hidden.rename(log)

    def path(self, name: str) -> Path:
        """Return where the log of a management server lies."""
        return self._folder / name / FOLDER / "management-server.log"

    def write(self, server: ManagementServer) -> None:
        """Write what a server has said until now."""
        if server.runs and not server.quiet and server.log != "missing":
            self._append(self.path(server.name), self._made_up(server))

    def append(self, name: str, lines: Iterable[str]) -> None:
        """Add these lines as they are, a newline behind each, and nothing else."""
        self._append(self.path(name), lines)

    def rotate(self, name: str, *, compressed: bool = True) -> Path:
        """Do what log4j does at midnight, with compression or without; return where the old log is now."""
        log = self.path(name)
        old = log.with_name(f"{log.name}.{time.strftime('%Y-%m-%d', time.localtime(_now() - 86400))}")
        log.rename(old)
        log.touch()
        if not compressed:
            return old
        packed = old.with_name(f"{old.name}.gz")
        packed.write_bytes(gzip.compress(old.read_bytes()))
        old.unlink()
        return packed

    def truncate(self, name: str) -> None:
        """Do what logrotate's copytruncate does: the file stays and is empty."""
        os.truncate(self.path(name), 0)

    def _append(self, log: Path, lines: Iterable[str]) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def _made_up(self, server: ManagementServer) -> list[str]:
        """Return the lines since the last time: complaints first, so that the newest line never is one."""
        since, now = self._written[server.name], _now()
        ticks = max(1, min(int((now - since) / PACE), MOST))
        self._written[server.name] = now
        begin = now - (ticks - 1) * PACE + FORGIVEN * self._ahead[server.name]
        found: list[str] = []
        for complaint in server.complaints:
            told = f"{complaint.level} [{complaint.logger}] (Work-Job-Executor-4) {complaint.text}"
            for _ in range(complaint.times):
                found += [self._line(begin, told), *complaint.below]
        return found + [self._line(begin + tick * PACE, next(self._ordinary)) for tick in range(ticks)]

    def _line(self, moment: float, told: str) -> str:
        """Return one message of the fourth era; each has a log id of its own."""
        level, logger, rest = told.split(maxsplit=2)
        thread, text = rest[1:].split(") ", maxsplit=1)
        second = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
        date, number = f"{second},{int(moment * 1000) % 1000:03d}", f"{next(self._numbers):08x}"
        return f"{date} {level:<5} {logger} ({thread}:[ctx-{number}]) (logid:{number}) {text}"


def _now() -> float:
    return time.clock_gettime(time.CLOCK_REALTIME)
