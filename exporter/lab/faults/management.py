"""Faults of management-server.log, and of the way to it; all strike mgmt-1."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.management import Complaint, ManagementServer
from exporter.lab.world.world import World
from exporter.model import Issue
from exporter.thresholds import LOG_COMPLAINTS, LOG_SILENT_SECONDS

LOG = Issue.USER_METADATA
OFTEN = LOG_COMPLAINTS + 1


def _server(world: World) -> ManagementServer:
    return world.management_server(1)


@fault(LOG, "management_log_complaints")
def management_log_password_not_saved(world: World) -> None:
    """mgmt-1 cannot save passwords on the router r-4-VM, and its log says so again and again."""
    text = 'Unable to save password for VM VM instance {"id":3,"instanceName":"i-2-3-VM"} on router r-4-VM'
    _server(world).complaints.append(Complaint("ERROR", "c.c.n.e.VirtualRouterElement", text, times=OFTEN))


@fault(LOG, "management_log_complaints")
def management_log_vlan_exhausted(world: World) -> None:
    """The log of mgmt-1 tells of networks that get no VLAN, each time with the exception below."""
    thrown = (
        "com.cloud.exception.InsufficientVirtualNetworkCapacityException: Unable to allocate vnet as a part of network"
    )
    below = (
        f"{thrown}: Unable to allocate vnet as a part of network; Scope=interface com.cloud.dc.DataCenter; id=1",
        "\tat com.cloud.network.guru.ExternalGuestNetworkGuru.implement(ExternalGuestNetworkGuru.java:165)",
        "\tat org.apache.cloudstack.engine.orchestration.NetworkOrchestrator.implement(NetworkOrchestrator.java:1461)",
    )
    told = Complaint("ERROR", "c.c.v.VmWorkJobHandlerProxy", "Invocation exception, caused by:", below, times=OFTEN)
    _server(world).complaints.append(told)


@fault(None)
def management_log_unheard(world: World) -> None:
    """The log of mgmt-1 has errors of a class that nobody has heard of: they are counted, and known to be no issue."""
    below = ("java.lang.NullPointerException: null", "\tat com.cloud.event.LabEventBus.publish(LabEventBus.java:71)")
    told = Complaint("ERROR", "c.c.e.LabEventBus", "Failed to publish event to the message bus", below, times=OFTEN)
    _server(world).complaints.append(told)


@fault(LOG, "management_log_silent_seconds")
def management_log_silent(world: World) -> None:
    """mgmt-1 hangs: its service runs, and its log was not written for long."""
    _server(world).quiet = LOG_SILENT_SECONDS + 900.0


@fault(LOG)
def management_log_unreadable(world: World) -> None:
    """The account may not read the log of mgmt-1."""
    _server(world).log = "unreadable"


@fault(None)
def ssh_management_refused(world: World) -> None:
    """Nobody listens for SSH on mgmt-1."""
    _server(world).ssh = "refused"
