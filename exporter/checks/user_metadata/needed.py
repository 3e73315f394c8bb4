"""Whether anybody needs a router, and whether it serves: by CloudStack's word."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance

SERVING = ("Running", "Migrating")  # a live migration does not interrupt it


def running_instances(network_ids: Iterable[str], cloud: Cloud) -> tuple[Instance, ...]:
    """Return the running instances with a NIC in one of the networks, each once."""
    found = {
        instance.id: instance
        for network_id in network_ids
        for instance in cloud.instances_by_network.get(network_id, ())
        if instance.is_running
    }
    return tuple(found.values())
