"""Ranges of VLANs, and the pools that CloudStack has made of them."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.model import UnreadableError
from exporter.questions.database.found import Found, finds
from exporter.questions.database.numbers import sums
from exporter.questions.database.rows import Rows


def read_ranges(rows: Rows) -> tuple[Found, ...]:
    """Return the physical networks whose range and pool differ, by count, sum and sum of squares of the numbers."""
    if rows.columns != ("name", "vnet", "numbers", "total", "squares"):
        message = "not the ranges of physical networks"
        raise UnreadableError(message)
    return tuple(_differing(rows))


def read_sizes(rows: Rows) -> tuple[Found, ...]:
    """Return the physical networks whose range and pool differ by count."""
    if rows.columns != ("name", "vnet", "numbers"):
        message = "not the ranges of physical networks and the sizes of their pools"
        raise UnreadableError(message)
    return tuple(_differing(rows))


def _differing(rows: Rows) -> Iterator[Found]:
    """Yield what differs, by as much as is told of each pool; a range that cannot be read is none that a pool has."""
    for name, text, *pool in rows.rows:
        wanted, there = sums(str(text or "")), tuple(map(_whole, pool))
        if wanted is None:
            yield Found(str(name), f"range {text} cannot be read, in the pool are {there[0]} VLANs")
        elif wanted[: len(there)] != there:
            yield Found(str(name), f"range {text or 'none'}: {wanted[0]} VLANs, in the pool {there[0]}")


def _whole(value: object) -> int:
    """Return a number of the pool, which the server adds up as a decimal; 0 where it has none."""
    try:
        return int(str(value or 0).partition(".")[0])
    except ValueError:
        message = f"{str(value)[:20]!r} is no number"
        raise UnreadableError(message) from None


BEYOND = "(SELECT b.id FROM op_dc_vnet_alloc b WHERE b.physical_network_id = p.id LIMIT 1 OFFSET 100000)"
"""NULL for a pool of up to 100,000 numbers: a larger one, of VXLAN, takes seconds to be added up.

The pool itself tells how large it is; what its range says may be what somebody has spoilt.
"""
VLAN_RANGE_DIFFERS = finds(
    "vlan_range_differs",
    "D04: the range of a physical network and the rows of its pool differ: the classic edit by hand; or the range"
    " cannot be read. Pools of more than 100,000 numbers are counted only, by another statement.",
    "physical_network, op_dc_vnet_alloc, data_center",
    """
    SELECT CONCAT(z.name, '/', p.name) AS name, p.vnet AS vnet, COUNT(v.id) AS numbers,
      SUM(CAST(v.vnet AS DECIMAL(20))) AS total,
      SUM(CAST(v.vnet AS DECIMAL(20)) * CAST(v.vnet AS DECIMAL(20))) AS squares
    FROM physical_network p JOIN data_center z ON z.id = p.data_center_id
    LEFT JOIN op_dc_vnet_alloc v ON v.physical_network_id = p.id
    WHERE p.removed IS NULL AND BEYOND IS NULL
    GROUP BY p.id, z.name, p.name, p.vnet
    """.replace("BEYOND", BEYOND),
    seconds=3.0,
    read=read_ranges,
)
VLAN_RANGE_SIZE_DIFFERS = finds(
    "vlan_range_size_differs",
    "D04: the range of a physical network and its pool of more than 100,000 numbers (VXLAN) have not as many.",
    "physical_network, op_dc_vnet_alloc, data_center",
    """
    SELECT CONCAT(z.name, '/', p.name) AS name, p.vnet AS vnet,
      (SELECT COUNT(*) FROM op_dc_vnet_alloc v WHERE v.physical_network_id = p.id) AS numbers
    FROM physical_network p JOIN data_center z ON z.id = p.data_center_id
    WHERE p.removed IS NULL AND BEYOND IS NOT NULL
    """.replace("BEYOND", BEYOND),
    seconds=5.0,
    read=read_sizes,
)
