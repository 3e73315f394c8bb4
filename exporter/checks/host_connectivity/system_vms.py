"""What judgments of system VMs by CloudStack's word share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, SystemVm
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS

PER_STORAGE_VM = ("zone", "secondary_storage_vm")
"""Labels of what is said of one secondary storage VM."""
GONE = frozenset({"Destroyed", "Expunging"})
"""States of a system VM that is no more."""
PROBLEM_STATES = frozenset({"Stopped", "Shutdown", "Error", "Unknown"})
"""States that a system VM does not leave by itself, or should not be in."""
NEVER_REGISTERED = "NeverRegistered"
"""Our word for an agent that CloudStack has no state of."""
STORAGE_VM = "secondarystoragevm"
AGENT_TYPES = {STORAGE_VM: "SecondaryStorageVM", "consoleproxy": "ConsoleProxy"}
"""Kind of system VM -> type of its agent's row in listHosts. Rows of type SecondaryStorage have no agent at all."""

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
    every = (vm for vm in cloud.system_vms.values() if vm.kind == STORAGE_VM and vm.zone_id == zone_id)
    return tuple(sorted((vm for vm in every if vm.state not in GONE), key=lambda vm: vm.name))


def agent_row(cloud: Cloud, vm: SystemVm) -> Host | None:
    """Return the row of the system VM's agent in listHosts; rows whose VM is gone (D31) are found by nobody."""
    wanted = AGENT_TYPES.get(vm.kind)
    rows = cloud.hosts_by_zone.get(vm.zone_id, ())
    return next((host for host in rows if host.type == wanted and host.name == vm.name), None)


def agent_state(cloud: Cloud, vm: SystemVm) -> str | None:
    """Return the state of the agent as CloudStack sees it; None when it does not tell.

    Source: listSystemVms agentstate; versions without it have a row in listHosts.
    """
    if vm.agent_state:
        return vm.agent_state
    row = agent_row(cloud, vm)
    if row is not None:
        return row.state
    return None if "listHosts" in cloud.lacks else NEVER_REGISTERED


def is_settling(cloud: Cloud, vm: SystemVm, now: float) -> bool:
    """Return whether a system VM is being changed or was created so lately that what fails means nothing yet.

    The newest Cloud decides, since a visit may have been to what was there before. ``now`` is unix time.
    """
    known = cloud.system_vms.get(vm.id)
    if known is None or not known.is_running:
        return True
    return known.created is not None and now - known.created < SYSTEM_VM_SETTLES_SECONDS
