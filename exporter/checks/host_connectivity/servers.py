"""What judgments of management servers share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import ManagementServer
from exporter.questions.database.state import CLOCKS_DIFFER, ServerRow
from exporter.thresholds import HEARTBEAT_STALE_SECONDS

PER_SERVER = ("management_server",)
STATES = (
    "Up",
    "Down",
    "PreparingForMaintenance",
    "Maintenance",
    "PreparingForShutDown",
    "ReadyToShutDown",
    "ShuttingDown",
)
"""What listManagementServers says."""
AGENT_TYPES = frozenset({"Routing", "ConsoleProxy", "SecondaryStorageVM"})
"""Types of host that belong to a management server."""
HELD_BACK = frozenset(STATES) - {"Up", "Down"}
"""States of a server that somebody takes, or has taken, out of service."""


def ordered(cloud: Cloud) -> Iterable[ManagementServer]:
    """Return the management servers by name."""
    return sorted(cloud.management_servers.values(), key=lambda server: (server.name, server.id))


def is_up(cloud: Cloud, server: ManagementServer) -> bool:
    """Return whether CloudStack's newest word on a server is Up, so that faults of it count."""
    return cloud.management_servers.get(server.id, server).state == "Up"


def names(rows: Sequence[ServerRow], cloud: Cloud) -> Mapping[str, str]:
    """Return the name of each server of the database by its id: as CloudStack's list has it, else told apart by id."""
    known, times = cloud.management_servers, Counter(row.name for row in rows)
    own = {row.id: row.name if times[row.name] == 1 else f"{row.name} ({row.id})" for row in rows}
    return {server: known[server].name if server in known else name for server, name in own.items()}


def heartbeat_limit(cloud: Cloud) -> float:
    """Return after how many seconds CloudStack itself holds a server for dead, at least what it is shipped with."""
    told = (cloud.setting("cluster.heartbeat.threshold") or "").strip()
    configured = int(told) / 1000 if re.fullmatch(r"\d{1,9}", told, re.ASCII) else 0.0
    return max(float(HEARTBEAT_STALE_SECONDS), configured)


def is_fresh(row: ServerRow, cloud: Cloud) -> bool:
    """Return whether a server writes its heartbeat, by the clocks: it is neither old nor far in the future."""
    return -CLOCKS_DIFFER < row.heartbeat_age <= heartbeat_limit(cloud)


def address_of(entry: str) -> str:
    """Return the address of an entry of ``host`` in its usual form, empty when it is a name."""
    try:
        return str(ip_address(entry))
    except ValueError:
        return ""
