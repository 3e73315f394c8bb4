"""Whether anybody needs a router, and whether it serves: by CloudStack's word."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance, Router

SERVING = ("Running", "Migrating")  # a live migration does not interrupt it


def networks_of(router: Router) -> frozenset[str]:
    """Return the ids of the guest networks that a router is for; a stopped router has NICs without address."""
    guest = (nic.network_id for nic in router.nics if nic.traffic_type == "Guest")
    return frozenset(filter(None, (router.network_id, *guest)))


def running_instances(network_ids: Iterable[str], cloud: Cloud) -> tuple[Instance, ...]:
    """Return the running instances with a NIC in one of the networks, each once."""
    found = {
        instance.id: instance
        for network_id in network_ids
        for instance in cloud.instances_by_network.get(network_id, ())
        if instance.is_running
    }
    return tuple(found.values())
