"""The true collector, run as root mode runs it, in one shell after the other."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from exporter.questions.wrapper import assemble
from exporter.sources.sections import Collected, read_sections
from tests.remote_questions import ALL

NONCE = "0123456789abcdef"

SCRIPT = assemble(ALL)

LIMITS = {question.name: question.size for question in ALL}

SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"], "bash": ["bash", "--posix"]}
"""dash and busybox are /bin/sh of Debian and of small systems, bash that of the Red Hat family and XenServer."""


@dataclass
class Collector:
    """Runs the collector in one shell, as root mode does: the script over standard input, which stays open."""

    shell: list[str]
    text: str = SCRIPT.text
    environment: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """Start it; nobody has read anything yet."""
        process = subprocess.Popen(
            [*before, *self.shell, "-s", "--", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.environment, "OF_TEST": self.mark},
            start_new_session=True,
        )
        self.started.append(process)
        assert process.stdin is not None
        process.stdin.write(self.text.encode())
        process.stdin.flush()
        return process

    def run(self, *words: str) -> tuple[int, bytes]:
        """Return exit code and output."""
        process = self.start(*words)
        assert process.stdout is not None
        output = process.stdout.read()
        return process.wait(20), output

    def collect(self, *questions: str, way: tuple[str, ...] = ("host",)) -> Collected:
        """Return what the reader makes of a whole call."""
        _, output = self.run(SCRIPT.version, NONCE, *way, *questions)
        return read_sections(
            output, NONCE, {word.partition(":")[0]: LIMITS[word.partition(":")[0]] for word in questions}
        )

    def living(self) -> dict[int, str]:
        """Return number and command line of every process that this has started, whatever its session."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"OF_TEST={self.mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def left(self) -> dict[int, str]:
        """Return those that are still there after a short while."""
        until = time.monotonic() + 10
        while (found := self.living()) and time.monotonic() < until:
            time.sleep(0.05)
        return found

    def stop(self) -> None:
        """End what is left of everything that was started."""
        for number in self.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
