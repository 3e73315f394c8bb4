"""The text of ``ip -o -d -s -s link``, for an iproute2 without JSON (before 4.14, such as that of CentOS 7).

Source: ip/ipaddress.c and ip/iplink_*.c of iproute2; -o writes a backslash for each new line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from exporter.model import UnreadableError

HEAD = re.compile(r"(\d{1,9}): (\S{1,40}): <([A-Z0-9_,-]*)>(.*)", re.ASCII)
NUMBER = re.compile(r"\d{1,20}", re.ASCII)
ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,60}", re.ASCII)
ELSEWHERE = re.compile(r"if\d+|NONE", re.ASCII)
"""What stands for the interface below when it is in another network namespace, or gone."""
NO_KIND = ("alias", "altname", "vf", "prog/xdp", "RX:", "TX:", "RX", "TX")
"""Words that may begin the part behind the address where an interface has no kind."""
FLAGS = ("nf_call_iptables", "nf_call_ip6tables")
TUNNEL_ENDS = ("group", "remote", "local")
"""Addresses of a VXLAN device; JSON adds a 6 to the words where they are of IPv6."""
COUNTERS = {
    "RX": {"mcast": "multicast", "missed": "missed_errors", "crc": "crc_errors", "frame": "frame_errors"},
    "TX": {"carrier": "carrier_errors"},
}
"""Heads of columns that JSON calls otherwise."""


def rows(text: str) -> list[dict[str, Any]]:
    """Return the interfaces as JSON would tell them; raises UnreadableError for what is no such text."""
    return [_row(line) for line in text.splitlines() if line.strip()]


def _row(line: str) -> dict[str, Any]:
    first, *parts = line.split("\\")
    head, address = HEAD.match(first), parts[0].split() if parts else []
    if head is None or not address or not address[0].startswith("link/"):
        message = f"not a line of ip -o -d link: {line[:60]!r}"
        raise UnreadableError(message)
    name, _, below = head[2].partition("@")
    words = _pairs(head[4].split())
    return {
        "ifname": name,
        "ifindex": int(head[1]),
        "flags": head[3].split(",") if head[3] else [],
        "mtu": _number(words.get("mtu", "")) or 0,
        "address": address[1] if address[1:] and ADDRESS.fullmatch(address[1]) else "",
        "master": words.get("master", ""),
        "link": None if "link-netnsid" in address or ELSEWHERE.fullmatch(below) else below or None,
        "linkinfo": _kind(parts[1].split() if parts[1:] else []) | _port(parts),
        "parentdev": next((found for part in parts[:4] if (found := _pairs(part.split()).get("parentdev"))), ""),
        "stats64": {way.lower(): _counters(way, parts) for way in COUNTERS},
    }


def _pairs(words: list[str]) -> Mapping[str, str]:
    """Return each word and the one behind it where it stands first."""
    return dict(reversed([*pairwise(words)]))


def _kind(words: list[str]) -> dict[str, Any]:
    """Return kind and details of the part behind the address; a port without a kind has only those of a port."""
    if not words or words[0] in NO_KIND or words[0].endswith("_slave"):
        return {}
    details = _pairs(words)
    data: dict[str, Any] = {key: _number(details[key]) for key in ("id", *FLAGS) if key in details}
    data |= {"link": details["dev"]} if words[0] == "vxlan" and "dev" in details else {}
    data |= {f"{end}6": details[end] for end in TUNNEL_ENDS if ":" in details.get(end, "")}
    return {"info_kind": words[0], "info_data": data}


def _port(parts: list[str]) -> dict[str, Any]:
    """Return what a port of a bridge is to it."""
    told = next((words for part in parts if (words := part.split())[:2] == ["bridge_slave", "state"]), [])
    return {"info_slave_kind": "bridge", "info_slave_data": {"state": told[2]}} if told[2:] else {}


def _counters(way: str, parts: list[str]) -> dict[str, int]:
    """Return the counters of one way: each line of heads stands before its line of numbers."""
    found: dict[str, int] = {}
    for heads, numbers in pairwise(parts):
        first, *columns = heads.split() or [""]
        if first.rstrip(":") != way:
            continue
        columns = columns[columns[:1] == ["errors:"] :]
        for column, number in zip(columns, numbers.split(), strict=False):
            if NUMBER.fullmatch(number):
                found.setdefault(COUNTERS[way].get(column, column), int(number))
    return found


def _number(text: str) -> int | None:
    return int(text) if NUMBER.fullmatch(text) else None
