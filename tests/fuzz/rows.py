"""Rows as the database brings them, by the reader that reads them; and what may become of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from types import MappingProxyType

from exporter.questions.database.rows import Rows
from tests.fuzz.mutations import ODD, changed

MOST_ROWS = 1000
SEEDS: Mapping[str, Rows] = MappingProxyType({
    "read_found": Rows(("name", "seen"), (("i-2-5-VM", "vlan://101 is free"), ("r-4-VM", b"in a dead pod"))),
    "read_leaks": Rows(
        ("name", "zone", "vnet", "taken"),
        (("p", 1, "101", datetime(2026, 11, 21, tzinfo=UTC)), ("p", 1, "102", None), (None, 1, "102", None)),
    ),
    "read_templates": Rows(("template",), ((1,), (201,), ("202",))),
    "read_ranges": Rows(
        ("name", "vnet", "numbers", "total", "squares"), (("physical", "100-199,300-300", 101, 15250, 2400000),)
    ),
    "read_sizes": Rows(("name", "vnet", "numbers"), (("overlay", "5000-200000", 195001), ("public", None, 0))),
    "read_overlaps": Rows(
        ("kind", "name", "zone", "tag", "gateway", "netmask", "ips"),
        (
            ("public", "u1", 1, "vlan://50", "203.0.113.1", "255.255.255.0", "203.0.113.5-203.0.113.20"),
            ("public", "u2", 1, "vlan://50", "203.0.113.1", "255.255.255.128", "203.0.113.9-203.0.113.30,203.0.113.99"),
            ("pod", "p", 1, "", "10.0.0.1", "24", "10.0.0.2-10.0.0.9-0-untagged"),
        ),
    ),
    "read_pools": Rows(("name", "pod", "size"), (("management", "z/p", 100), ("control", "z/p", 65000))),
    "read_taken": Rows(("network", "vnet"), (("pn1", "101"), ("pn1", "102"), ("pn2", None))),
    "read_sequences": Rows(("vm", "sequence"), (("i-2-5-VM", 7), ("i-2-6-VM", 9))),
    "read_versions": Rows(("version", "step"), (("4.20.1.0", "Complete"), ("4.22.0.0", "Upgrade"))),
    "read_servers": Rows(
        ("id", "name", "msid", "state", "version", "heartbeat_age", "running"),
        (("u1", "mgmt1", 90520745449919, "Up", "4.22.0.0", 1, 86400.5), ("u2", "mgmt2", 905, "Down", None, None, None)),
    ),
})  # fmt: skip


def changed_rows(rng: Random, rows: Rows) -> Rows:
    """Return the rows with odd cells, other columns, or very many of them; each row stays as wide as the columns."""
    for _ in range(rng.randint(1, 3)):
        rows = _changed_once(rng, rows)
    return rows


def _changed_once(rng: Random, rows: Rows) -> Rows:
    width = len(rows.columns)
    match rng.randrange(6):
        case 0:
            return replace(rows, columns=tuple(rng.sample(rows.columns, width)))
        case 1:
            return replace(rows, columns=(*rows.columns[:-1], f"{rows.columns[-1:]}x"))
        case 2:
            place = rng.randrange(width)
            return Rows(
                rows.columns[:place] + rows.columns[place + 1 :],
                tuple(row[:place] + row[place + 1 :] for row in rows.rows),
            ) if width > 1 else rows  # fmt: skip
        case 3:
            return replace(rows, rows=(rows.rows * rng.choice((0, 2, 300)))[:MOST_ROWS])
        case _:
            pass
    if not rows.rows:
        return rows
    number, place = rng.randrange(len(rows.rows)), rng.randrange(width)
    row = rows.rows[number]
    cell = rng.choice(ODD) if rng.random() < 0.6 else changed(rng, row[place])
    return replace(rows, rows=(*rows.rows[:number], (*row[:place], cell, *row[place + 1 :]), *rows.rows[number + 1 :]))
