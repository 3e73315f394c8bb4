"""``check`` and the database: what needs two rounds is looked at twice."""

from __future__ import annotations

import asyncio
import sys

from exporter.lab.lab import Lab
from exporter.lab.options import Options
from tests.real_parts import require


async def test_a_finding_in_the_database_is_told_by_one_run() -> None:
    """The second look asks everything again, also what is asked on each tenth visit; the exit code is 1."""
    require("mariadbd")
    async with Lab(Options(database=True, faults=("database_vlan_leaked",))) as lab:
        words = ("check", "--config.file", str(lab.config_file), "--issue", "hypervisor_links", "--target", "cloud")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "exporter", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, error = await process.communicate()
    assert process.returncode == 1, (out, error)
    assert b'database_inconsistencies{check="vlan_leaked"}' in out
    assert b"second look" in error
    assert b"s apart, an operation may be running" in out  # two looks at once are no two rounds
