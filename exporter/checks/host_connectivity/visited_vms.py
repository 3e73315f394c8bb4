"""What all judgments of system VMs from inside share: which machines they are, and which of them count."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Router, SystemVm
from exporter.cloud.targets import ConsoleProxyTarget, RouterTarget, SecondaryStorageVmTarget
from exporter.questions.system_vms.system_vm import SystemVmState
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS

SystemVmTarget = RouterTarget | ConsoleProxyTarget | SecondaryStorageVmTarget
PER_SYSTEM_VM = ("zone", "system_vm")
"""Labels of what is said of one of them."""
PER_STORAGE_VM = ("zone", "secondary_storage_vm")
PREFIX = "cloudstack_network_host_connectivity"

RESTART = "Stop and start it: CloudStack starts its services anew. A router's network is down meanwhile."
DESTROY = "Destroy it: CloudStack makes a new one within five minutes. Of a router, restart its network with cleanup."


def machine(target: SystemVmTarget) -> Router | SystemVm:
    """Return the machine as CloudStack knows it."""
    return target.router if isinstance(target, RouterTarget) else target.vm


def is_judged(target: SystemVmTarget, cloud: Cloud, now: float, uptime: float | None = None) -> bool:
    """Return whether what it lacks may alarm at unix time ``now``.

    Not where its zone is disabled, nor while it is being changed, was just made, or has just booted. The newest Cloud
    decides, since the visit may have been to what was there before.
    """
    zone = cloud.zones.get(machine(target).zone_id)
    known: Router | SystemVm | None
    known = (cloud.routers if isinstance(target, RouterTarget) else cloud.system_vms).get(machine(target).id)
    if known is None or not known.is_running or (zone is not None and not zone.enabled):
        return False
    ages = (now - known.created if known.created is not None else None, uptime)
    return all(age is None or age >= SYSTEM_VM_SETTLES_SECONDS for age in ages)


def counts(target: SystemVmTarget, state: SystemVmState, cloud: Cloud, now: float) -> bool:
    """Return whether what it says of itself is judged."""
    return is_judged(target, cloud, now, state.uptime)
