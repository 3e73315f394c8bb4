"""What judgments of hypervisor hosts by CloudStack's word share."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host
from exporter.cloud.targets import HostTarget
from exporter.topology.hosts import is_judged, names

PER_HOST = ("zone", "cluster", "host")
"""Labels of what is said of one host."""
LOOK_AT_HOST = (
    "Look at the host's power, console and management network. CloudStack starts its HA machines elsewhere once it has"
    " proof that it is dead."
)
LOOK_AT_AGENT = (
    "See whether the agent runs (systemctl status cloudstack-agent) and reaches 8250/tcp of a management server; read"
    " its log. On XenServer and VMware see whether the management server reaches the host."
)


def hypervisors(cloud: Cloud, group: ZoneGroup) -> Iterator[HostTarget]:
    """Yield the hypervisor hosts of a zone, as what judges of hosts take; other types of host run no machines."""
    for host in cloud.hosts_by_zone.get(group.id, ()):
        if host.type == "Routing" and host.state != "Removed":
            yield HostTarget(host, group.zone, None)


def judged(cloud: Cloud, group: ZoneGroup) -> Iterator[tuple[Host, tuple[str, str, str]]]:
    """Yield the hosts of a zone whose state may alarm, each with its labels."""
    for target in hypervisors(cloud, group):
        if is_judged(target, cloud, cloud.at):
            yield target.host, names(target, cloud)
