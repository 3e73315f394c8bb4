"""How long each statement about the database takes in a large cloud, and how the server goes about it.

    .venv/bin/python -m bench.database [--runs 5] [--networks 1000] [--vms 10000] [--vlans 4000] [--addresses 3000]
        [--vnis 100001]

A MariaDB of its own, filled with a healthy cloud of that size. Every statement is asked as the exporter asks it, over
TLS, rows and all, while a transaction of somebody else holds every row of every table; the printed table has the
median, the rows that came, and per step of the plan the access type and the rows that the server expects to look at.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymysql

from exporter.model import Failure, Question, Via
from exporter.questions import catalogue
from exporter.questions.database.rows import Rows, for_schema
from exporter.sources.database import Database, Turn
from tests.database_cloud import Size, fill
from tests.mariadb import Server, mariadb

LIMIT = 1.0  # seconds that a statement may take
LOCKED = (
    "SELECT COUNT(*), COALESCE(SUM(trx_rows_locked), 0) FROM information_schema.innodb_trx WHERE trx_rows_locked > 0"
)
QUESTIONS = [question for question in catalogue() if question.via is Via.DATABASE]


@contextmanager
def all_rows_locked(server: Server) -> Iterator[tuple[object, ...]]:
    """Hold every row of every table for writing; yield how many transactions hold how many."""
    with closing(server.root()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = [table for (table,) in cursor.fetchall()]
        cursor.execute("START TRANSACTION")
        for table in tables:
            cursor.execute(f"SELECT COUNT(*) FROM (SELECT 1 FROM `{table}` FOR UPDATE) x")
        yield server.rows(LOCKED)[0]
        cursor.execute("ROLLBACK")


def plan(server: Server, text: str) -> str:
    """Return the steps of a statement's plan: table, access type and rows."""
    with closing(server.root()) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(f"EXPLAIN {text}")
        steps = cursor.fetchall()
    return ", ".join(f"{step['table']} {step['type']} {step['rows']}" for step in steps if step["table"])


async def measured(turn: Turn, question: Question[Any], runs: int) -> tuple[list[float], int | Failure]:
    """Return the times in seconds, and how many rows came; after a failure it is not asked again."""
    times: list[float] = []
    told: Rows | Failure | None = None
    while len(times) < runs and not isinstance(told, Failure):
        began = time.perf_counter()
        (told,) = (await turn.ask([question])).values()
        if isinstance(told, Rows):
            question.read(told)
        times.append(time.perf_counter() - began)
    return times, told if isinstance(told, Failure) else len(told or ())


async def table(server: Server, runs: int) -> float:
    """Print a row per statement; return the slowest median."""
    database = Database(server.settings())
    slowest, whole = 0.0, 0.0
    columns = all_columns(server)
    print("| question | median ms | longest ms | rows | plan: table, access, rows |")
    print("|---|---:|---:|---:|---|")
    async with database.turn(600.0) as turn:
        for question in QUESTIONS:
            times, told = await measured(turn, question, runs)
            median, rows = statistics.median(times), told.reason.value if isinstance(told, Failure) else told
            steps = plan(server, for_schema(question.text, columns)).replace("|", "\\|")
            print(f"| {question.name} | {median * 1e3:.1f} | {max(times) * 1e3:.1f} | {rows} | {steps} |")
            slowest, whole = max(slowest, median), whole + median
    await database.close()
    print(f"\nAll {len(QUESTIONS)} statements one after the other: {whole:.2f} s; the slowest {slowest * 1e3:.0f} ms.")
    return slowest


def all_columns(server: Server) -> frozenset[str]:
    """Return every ``table.column``."""
    rows = server.rows("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'cloud'")
    return frozenset(f"{name}.{column}".lower() for name, column in rows)


def main() -> int:
    """Fill, measure and print; return 1 when a statement takes too long or a lock was taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    for name, number in (("networks", 1000), ("vms", 10_000), ("vlans", 4000), ("addresses", 3000), ("vnis", 100_001)):
        parser.add_argument(f"--{name}", type=int, default=number)
    told = parser.parse_args()
    size = Size(told.networks, told.vms, told.vlans, told.addresses, told.vnis)
    with tempfile.TemporaryDirectory() as place, mariadb(Path(place) / "db") as server:
        Path(place).chmod(0o755)
        fill(server, size)
        print(f"{size}, {server.rows('SELECT VERSION()')[0][0]}, statistics as they come by themselves.\n")
        with all_rows_locked(server) as before:
            slowest = asyncio.run(table(server, told.runs))
            after = server.rows(LOCKED)[0]
        print(f"Transactions with locks, and rows they lock, before: {before}, after: {after}.")
        print(f"Resident: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most")
    return int(slowest > LIMIT or before != after)


if __name__ == "__main__":
    sys.exit(main())
