"""What the collector prints, cut into sections: the pure reader of its framing.

Every line of the collector's own is ``@@ <nonce> <word> <rest>`` after an empty line's newline. The nonce
is new on every visit, so nothing that a question prints can pass for such a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.model import Failure, Reason

HOP_TROUBLES: tuple[tuple[str, Reason], ...] = (
    (r"permission denied|no mutual signature", Reason.AUTH),
    (r"connection refused", Reason.REFUSED),
    (r"timed out", Reason.TIMEOUT),
    (r"no route to host|network is unreachable|host is down", Reason.UNREACHABLE),
    (r"unable to negotiate|no matching|bad configuration|bad ssh2|unsupported", Reason.UNSUPPORTED),
    (r"connection (closed|reset)|closed by|broken pipe|kex_exchange|banner", Reason.DISCONNECTED),
)
"""What ssh says on the host -> why the system VM was not reached, the first that fits."""

MISSING_CODES = frozenset({126, 127})
TIMEOUT_CODES = frozenset({124, 129, 137, 143})
"""Exit codes: timeout(1) ended it; killed; ended because nobody was listening any more."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one question printed.

    Attributes:
        text: decoded as UTF-8, invalid bytes replaced, at most the question's size in bytes.
        code: exit code of the question; of one that was cut before its end 0.
        cut: whether it printed more than its size.
    """

    text: str
    code: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """The sections that arrived whole, and why the others did not.

    Attributes:
        sections: by name of the question; one that was still printing is here only when it was too much already.
        failure: None when the collector did all it was asked.
        is_done: the collector said that it has ended by itself.
        is_spoken: at least one line of the collector's own was there.
    """

    sections: Mapping[str, Section] = field(default_factory=dict)
    failure: Failure | None = None
    is_done: bool = False
    is_spoken: bool = False


@dataclass(slots=True)
class _Reading:
    """Where the reader stands in one output."""

    data: bytes
    limits: Mapping[str, int]
    sections: dict[str, Section] = field(default_factory=dict)
    name: str = ""
    start: int = 0
    failure: Failure | None = None
    is_done: bool = False

    def take(self, word: str, rest: str, begin: int, end: int) -> bool:
        """Take one line of the collector's, which lies at ``begin:end``; return whether it made sense."""
        match word:
            case "begin" if not self.name and rest in self.limits and rest not in self.sections:
                self.name, self.start = rest, end
            case "end" if self.name and re.fullmatch(re.escape(self.name) + r" \d{1,3}", rest, re.ASCII):
                self._finish(int(rest.rpartition(" ")[2]), begin)
            case "done" if not self.name:
                self.is_done = True
            case "hop" | "no_key" | "wrong_machine" | "version" | "refused":
                self.failure = self.failure or _failure(word, rest)
                self.name = ""
            case _:
                return False
        return True

    def _finish(self, code: int, end: int) -> None:
        limit = self.limits[self.name]
        size = end - self.start
        text = self.data[self.start : self.start + min(size, limit)].decode("utf-8", "replace")
        self.sections[self.name] = Section(text, code, cut=size > limit)
        self.name = ""

    def cut(self) -> None:
        """Take a section without end when it is too large already."""
        if self.name and len(self.data) - self.start > self.limits[self.name]:
            self._finish(0, len(self.data))


def read_sections(data: bytes, nonce: str, limits: Mapping[str, int]) -> Collected:
    """Return what is in the output of one call, which may end anywhere.

    ``limits`` maps the names that were asked to their sizes in bytes. A line of the collector's own that
    makes no sense where it stands ends the reading; what was whole before it counts.
    """
    line = re.compile(rb"\n@@ " + nonce.encode() + rb" ([a-z_]+)(?: ([^\n]*))?\n")
    reading = _Reading(data, limits)
    spoken = False
    for found in line.finditer(data):
        spoken = True
        word, rest = (group.decode("ascii", "replace").strip() for group in (found[1], found[2] or b""))
        if not reading.take(word, rest, found.start(), found.end()):
            reading.failure = Failure(Reason.UNREADABLE, f"the collector said {shown(word + ' ' + rest)}")
            break
        if reading.is_done:
            break
    reading.cut()
    failure = reading.failure
    if reading.is_done and not failure and len(reading.sections) < len(limits):
        failure = Failure(Reason.FAILED, "the collector ended without all answers")
    if failure and reading.is_done and len(reading.sections) == len(limits):
        failure = None
    return Collected(reading.sections, failure, reading.is_done, spoken)


def _failure(word: str, rest: str) -> Failure | None:
    """Return what a line of the collector's own means, None when it is no trouble."""
    match word:
        case "hop":
            return hop_failure(rest)
        case "no_key":
            return Failure(Reason.MISSING, "no key for system VMs on this machine (/root/.ssh/id_rsa.cloud)")
        case "wrong_machine":
            return Failure(Reason.WRONG_MACHINE, f"the machine at that address is {shown(rest)}")
        case "version":
            return Failure(Reason.WRAPPER, f"the wrapper is of version {shown(rest)}: install the present one")
        case _:
            return Failure(Reason.WRAPPER, f"the wrapper refused {shown(rest)}")


def hop_failure(told: str) -> Failure | None:
    """Return why the ssh from a host into a system VM failed, from ``<exit code> <what it said>``."""
    code_text, _, said = told.partition(" ")
    said = re.sub(r"Warning: Permanently added .{0,120}? known hosts\.", "", said)
    code = int(code_text) if re.fullmatch(r"\d{1,3}", code_text, re.ASCII) else 255
    if code == 0:
        return None
    if code in TIMEOUT_CODES:
        return Failure(Reason.TIMEOUT, "the system VM did not end in time")
    if code in MISSING_CODES:
        return Failure(Reason.MISSING, f"no ssh or timeout command on this machine: {shown(said)}")
    for pattern, reason in HOP_TROUBLES:
        if re.search(pattern, said, re.IGNORECASE):
            return Failure(reason, shown(said))
    return Failure(Reason.FAILED, f"ssh into the system VM ended with {code}: {shown(said)}")


def shown(text: str) -> str:
    """Return ``text`` as one short printable line, for the detail of a failure."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:160]
