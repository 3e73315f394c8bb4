"""The ways a visit can take; one that is not configured is None."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.model import Ports
from exporter.sources.probe import Probe
from exporter.sources.ssh import Ssh


@dataclass(frozen=True, slots=True)
class Ways:
    """The sources that visits use, and the ports that are dialled."""

    ssh: Ssh | None = None
    probe: Probe | None = None
    ports: Ports = field(default_factory=Ports)
