"""What judgments of secondary storage VMs share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import SystemVm
from exporter.topology.system_vms import STORAGE_VM, living

PER_STORAGE_VM = ("zone", "secondary_storage_vm")
"""Labels of what is said of one secondary storage VM."""

DESTROY = (
    "Destroy the secondary storage VM (destroySystemVm): CloudStack makes a new one within minutes. Downloads and"
    " copies that run are lost and begin anew."
)
READ_LOG = "See in management-server.log why it does not start: capacity, the system VM template, addresses, storage."
CHECK_AGENT_WAY = (
    "Set 'host' to addresses that the system VM reaches, open 8250/tcp from the management network, and see that"
    " management.network.cidr holds the management servers; then destroy it."
)


def storage_vms(cloud: Cloud, zone_id: str) -> tuple[SystemVm, ...]:
    """Return the secondary storage VMs of a zone that are not gone, by name."""
    return living(cloud, zone_id, STORAGE_VM)
