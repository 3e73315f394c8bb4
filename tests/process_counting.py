"""Counts the processes that something starts, by the process numbers of a namespace of its own.

Numbers are given one after the other from 1 on, so the last one that was given is how many processes there
were. Threads get numbers too: the count of a tool with threads is too high, never too low.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from tests.real_parts import require, require_root

COUNTING = """"$@" 2>/dev/null
code=$?
read -r load1 load5 load15 running last </proc/loadavg
echo "$last" >&2
exit "$code"
"""
"""What process 1 of the namespace does; the last word of its own loadavg is the number that was given last."""


@dataclass(frozen=True)
class Counted:
    """What a command printed, its exit code, and how many processes it was: itself and all that it started."""

    output: bytes
    code: int
    processes: int


def count(*command: str, script: bytes = b"", environment: dict[str, str] | None = None) -> Counted:
    """Run a command in a fresh process namespace and count.

    Its standard input is ``script`` and then stays open until it has ended, as that of a visit does. Its
    standard error is nobody's.
    """
    require("unshare", "sh")
    require_root("a process namespace needs root")
    shell = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", COUNTING, "count")
    with subprocess.Popen(
        [*shell, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(script)
        process.stdin.flush()
        output = process.stdout.read()
        last = process.stderr.read()
    return Counted(output, process.returncode, int(last) - 1)


def next_number(process: int) -> int:
    """Return the number of the next process in the namespace of ``process``; asking takes it.

    So between two looks there were as many processes as the numbers differ, less one.
    """
    require("nsenter")
    command = ["nsenter", "--target", str(process), "--pid", "sh", "-c", "echo $$"]
    return int(subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout)
