"""The ways a visit can take; one that is not configured is None."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.lint.directory import Directory
from exporter.model import Ports
from exporter.sources.database import Database
from exporter.sources.probe import Probe
from exporter.sources.ssh import Ssh
from exporter.visits.following import Followers


@dataclass(frozen=True, slots=True)
class Ways:
    """The sources that visits use, and the ports that are dialled.

    Attributes:
        management_servers: whether ``ssh`` also goes to management servers.
        dial: connections to the ports of hypervisor hosts.
        images: the directory of template images.
        followers: where reading their logs goes on.
    """

    ssh: Ssh | None = None
    probe: Probe | None = None
    ports: Ports = field(default_factory=Ports)
    database: Database | None = None
    management_servers: bool = True
    dial: Probe | None = None
    images: Directory | None = None
    followers: Followers = field(default_factory=Followers)
