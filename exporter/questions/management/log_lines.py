"""Lines of management-server.log, of all four eras, counted by what they mean.

Era 1 (to 4.2), 2 (4.3-4.5), 3 (4.6-4.19, with a log id), 4 (4.20 on, log4j2). Times are the server's local time
without a zone, so they are compared with each other only. What is told is names of signatures, levels, and names of
logger classes. For that the chosen lines travel to the exporter, with what looks like a secret replaced on the server
(log_redaction.py); here they are counted and forgotten, never shown, kept or logged.

Of what the exporter does, two things are told there: from hosts and console proxies whose agent is not connected, and
from management servers that have no connection with each other, it dials the ports of agents (8250) and of the cluster
(9090), says nothing and hangs up. Link and ClusterServiceServletContainer warn of that, as they do when anybody else's
probe does so: these are messages of a signature of their own, which is noise and in no sum. Requests to the API are in
apilog.log, SSH and reading the database in none. What console tickets cause is noise as well. So nobody's name excuses
a line.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exporter.questions.management.log_signatures import WARNED, recognised

HEADER = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.]\d{3}\s+(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s+"
    r"\[(?P<logger>[^\]]{1,200})\]\s+\((?P<context>.{0,300}?)\)\s*(?:\(logid:(?P<logid>[^)]{0,64})\)\s*)?(?P<message>.*)"
)
LONGEST_LINE = 2048
LINES_BELOW = 5  # of a stack trace: the exception and its first causes; what follows are places in code
LEVELS = ("WARN", "ERROR", "FATAL")
REPEATED_SECONDS = 60.0
LATELY_SECONDS = 900.0
REMEMBERED = 2000
OTHER_LOGGERS = 50
LOGGER_CLASS = re.compile(r"(?=.{0,60}$)(?=.*[a-z])[A-Z](?:\d?[A-Za-z$])+\d?", re.ASCII)
"""A name as Java's classes have; nothing that looks like a token."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message with the first lines printed below it; ``at`` is in seconds, comparable with others only."""

    at: float
    level: str
    logger: str
    logid: str
    text: str


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Yield the messages; lines before the first header belong to a message that is not there and are dropped."""
    head: re.Match[str] | None = None
    below: list[str] = []
    for line in lines:
        found = HEADER.match(line[:LONGEST_LINE])
        if found is None:
            if head is not None and len(below) < LINES_BELOW and not line.lstrip().startswith("at "):
                below.append(line[:LONGEST_LINE].strip())
            continue
        if head is not None:
            yield _message(head, below)
        head, below = found, []
    if head is not None:
        yield _message(head, below)


def _message(head: re.Match[str], below: list[str]) -> Message:
    words = "\n".join([head["message"], *below])
    return Message(
        local_seconds(head["at"]), head["level"], head["logger"].rpartition(".")[2], head["logid"] or "", words
    )


def local_seconds(written: str) -> float:
    """Return a time of the log in seconds, comparable with others of the same log; 0 for the 31st of February."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTold:
    """What a log has told since it is followed: the answer to ``management_log``.

    Attributes:
        by_signature: name of a signature -> messages.
        by_level: WARN, ERROR and FATAL -> messages of any kind but those that dialling a port causes.
        unknown: logger class -> ERROR and FATAL messages that no signature fits.
        lately: name of a signature -> messages within the last quarter of an hour.
        losses: how often a part of the log was gone before it was read.
        behind: bytes that are still to be read.
        silent: seconds since the log was last written, by the server's own clock; None where the log is set to tell
            warnings only, so that silence is normal.
    """

    by_signature: Mapping[str, int] = field(default_factory=dict)
    by_level: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    lately: Mapping[str, int] = field(default_factory=dict)
    losses: int = 0
    behind: int = 0
    silent: int | None = None


@dataclass(slots=True)
class LogCounts:
    """What one management server's log has told since the exporter began to follow it.

    Attributes:
        by_signature: name of a signature -> messages.
        by_level: WARN, ERROR and FATAL messages of any kind but those that dialling a port causes.
        unknown: logger class -> ERROR and FATAL messages that no signature fits; bounded, the rest is ``other``.
    """

    by_signature: Counter[str] = field(default_factory=Counter)
    by_level: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    _recent: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)
    _lately: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    def take(self, found: Iterable[Message], now: int = 0) -> None:
        """Count messages read at ``now``; what nested loggers repeat within a minute, under one log id, counts once."""
        for message in found:
            self._count(message, now)

    def lately(self, now: int, last: float) -> dict[str, int]:
        """Return the messages of the last quarter of an hour by signature.

        Args:
            now: unix time by the server's clock. What was read before a jump of it backwards is forgotten.
            last: time of the newest message of any level, as in the log; what was read late is old by it.
        """
        kept = {
            (name, at, read): number
            for (name, at, read), number in self._lately.items()
            if 0 <= now - read < LATELY_SECONDS and last - at * 60 < LATELY_SECONDS + 60
        }
        self._lately = Counter(kept)
        told: Counter[str] = Counter()
        for (name, _, _), number in kept.items():
            told[name] += number
        return dict(told)

    def _count(self, message: Message, now: int) -> None:
        signature = recognised(message.level, message.text)
        if signature is None and message.level not in WARNED:
            return
        name = signature.name if signature else f"{message.logger} {hash(message.text[:80])}"
        if message.logid and self._is_repeated((message.logid, name), message.at):
            return
        if message.level in WARNED and not (signature and signature.is_own):
            self.by_level[message.level] += 1
        if signature is not None:
            self.by_signature[signature.name] += 1
            self._lately[signature.name, int(message.at // 60), now] += 1
        elif message.level != "WARN":
            self.unknown[self._logger(message.logger)] += 1

    def _is_repeated(self, key: tuple[str, str], at: float) -> bool:
        before = self._recent.get(key)
        if before is not None and 0 <= at - before < REPEATED_SECONDS:
            return True
        self._recent[key] = at
        self._recent.move_to_end(key)
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        return False

    def _logger(self, name: str) -> str:
        if name in self.unknown:
            return name
        is_plain = LOGGER_CLASS.fullmatch(name) is not None
        return name if is_plain and len(self.unknown) < OTHER_LOGGERS else "other"
