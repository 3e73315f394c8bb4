"""What following management-server.log costs the management server in processes."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.visits.following import Follower
from tests.process_counting import count
from tests.questions.management.test_management_log_follow import SHELLS, Log, talk, warning
from tests.real_parts import require

pytestmark = pytest.mark.real

STEADY = 16
ROTATED = 40
LOST = 64
"""Each older file that is looked at costs four; the newest eight are."""


def processes(log: Log, shell: str) -> int:
    """Return how many processes the next call takes; its piece is thrown away."""
    follower: Follower = log.follower
    counted = count(
        *SHELLS[shell], "-c", MANAGEMENT_LOG.text, "management_log", *follower.position.words(),
        environment={"ROOT": str(log.folder.parents[3]), "LC_ALL": "C"},
    )  # fmt: skip
    assert counted.code == 0
    assert counted.output.endswith(b"@whole\n")
    return counted.processes


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_processes_of_one_call(shell: str, tmp_path: Path) -> None:
    """Few as a rule, more after a rotation, and a bounded number when nothing is known again."""
    require(SHELLS[shell][0])
    log = Log(tmp_path)
    log.write(*(talk(number) for number in range(9)))
    log.look()
    log.write(warning(1))
    assert processes(log, shell) <= STEADY
    log.compress(log.rename())
    log.write(warning(2))
    assert processes(log, shell) <= ROTATED
    for number in range(20):
        path = log.older(f"2024-{number}.gz")
        path.write_bytes(gzip.compress(b"%d" % number))
        os.utime(path, (1_900_000_000 + number,) * 2)
    assert processes(log, shell) <= LOST
