"""State sets: a sample for each state that there is, 1 for the one that holds."""

from __future__ import annotations

from exporter.model import Metric, Samples

OTHER = "Other"
"""Our word for a state of a newer CloudStack."""
VM_STATES = ("Running", "Starting", "Stopping", "Stopped", "Migrating", "Shutdown", "Error", "Unknown")
"""Of a system VM in listSystemVms."""
HOST_STATES = (
    "Up", "Connecting", "Creating", "Rebalancing", "Disconnected", "Alert", "Down", "Error", "Removed", "Unknown",
)  # fmt: skip
"""Of a host or agent in listHosts."""
RESOURCE_STATES = (
    "Creating", "Enabled", "Disabled", "PrepareForMaintenance", "ErrorInPrepareForMaintenance", "Maintenance",
    "ErrorInMaintenance", "Error", "Degraded",
)  # fmt: skip
"""What people and CloudStack have decided about a host."""
LOST = frozenset({"Down", "Alert", "Disconnected"})
"""States of an agent that has lost its connection; Error and Removed are of rows that nobody waits for."""

CHANGING = frozenset({"Connecting", "Rebalancing", "Creating", "Unknown"})
"""States on the way to another. CloudStack leaves Unknown when it hears of the host, so that it should not last."""
TOLD = frozenset(HOST_STATES) - {"Unknown"}
"""States of a host that say whether it is lost. Of Unknown CloudStack itself says that it does not know."""


def state_set(metric: Metric, known: tuple[str, ...], state: str, *labels: str) -> Samples:
    """Yield 1 for the state that is, 0 for all others; one that is not ``known`` is Other."""
    present = state if state in known else OTHER
    for name in (*known, OTHER):
        yield metric.sample(*labels, name, value=int(name == present))
