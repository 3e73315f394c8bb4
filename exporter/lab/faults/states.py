"""Faults of what CloudStack says of hosts, of their agents, and of secondary storage VMs."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.places import NvpController
from exporter.lab.world.world import Host, World
from exporter.model import Issue
from exporter.thresholds import HOST_RECONNECTS, HOST_RECONNECTS_SECONDS, MAINTENANCE_PREPARED_SECONDS

CONNECTIVITY = Issue.HOST_CONNECTIVITY
OLD_RELEASE = "4.18.1.0"
SSVM = 18
"""Number of the only secondary storage VM of zone south."""


def _host(world: World, name: str) -> Host:
    return next(host for host in world.hosts if host.name == name)


def _cut(host: Host, state: str) -> None:
    """Let CloudStack and the host agree that its agent is lost."""
    host.state, host.disconnected = state, 600.0
    host.hypervisor.agent_connected = False


@fault(CONNECTIVITY, "host_down", "host_up")
def host_down(world: World) -> None:
    """kvm-9 is dead: nobody answers there, and CloudStack says Down."""
    host = _host(world, "kvm-9")
    _cut(host, "Down")
    host.ssh = "refused"


@fault(CONNECTIVITY, "host_up", "agent_service_up")
def host_agent_dead(world: World) -> None:
    """The agent of kvm-2 has failed, and CloudStack says Alert."""
    host = _host(world, "kvm-2")
    _cut(host, "Alert")
    host.hypervisor.agent = "failed"


@fault(CONNECTIVITY, "host_up", "agent_service_up")
def host_agent_crashes(world: World) -> None:
    """The agent of kvm-2 dies as soon as it is started, and systemd tries again every ten seconds."""
    host = _host(world, "kvm-2")
    _cut(host, "Alert")
    host.hypervisor.agent, host.hypervisor.agent_restarts = "activating", 4711


@fault(CONNECTIVITY, "host_up", "agent_disconnected", "host_management_unreachable")
def host_agent_cut_off(world: World) -> None:
    """The agent of kvm-2 runs and reaches no management server, and CloudStack says Disconnected."""
    _cut(_host(world, "kvm-2"), "Disconnected")


@fault(CONNECTIVITY, "host_up", "host_state_disagreement")
def host_lost_and_connected(world: World) -> None:
    """CloudStack says Alert of kvm-2, whose agent is connected."""
    _host(world, "kvm-2").state = "Alert"


@fault(CONNECTIVITY, "agent_service_up", "host_state_disagreement")
def host_up_and_agent_dead(world: World) -> None:
    """CloudStack says Up of kvm-2, whose agent does not run."""
    made = _host(world, "kvm-2").hypervisor
    made.agent, made.agent_connected = "inactive", False


@fault(CONNECTIVITY, "host_changing_seconds", after=960)
def host_stuck_connecting(world: World) -> None:
    """kvm-5 connects, and is not done after a quarter of an hour."""
    _host(world, "kvm-5").state = "Connecting"


@fault(CONNECTIVITY, "host_disconnects_last_hour", looks=HOST_RECONNECTS + 1, stays=HOST_RECONNECTS_SECONDS)
def host_agent_flaps(world: World) -> None:
    """The agent of kvm-5 is lost again whenever somebody looks, and each time it is back by then."""
    _host(world, "kvm-5").loses_agent = True


@fault(CONNECTIVITY, "host_resource_fault")
def host_maintenance_failed(world: World) -> None:
    """kvm-6 should have been emptied, and a machine did not move."""
    _host(world, "kvm-6").resource_state = "ErrorInMaintenance"


@fault(CONNECTIVITY, "host_resource_fault", after=MAINTENANCE_PREPARED_SECONDS + 600)
def host_maintenance_hangs(world: World) -> None:
    """kvm-6 is being emptied, and a machine there has not moved for hours; nothing calls that an error."""
    _host(world, "kvm-6").resource_state = "PrepareForMaintenance"


@fault(CONNECTIVITY, "host_changing_seconds", after=960)
def host_state_unknown(world: World) -> None:
    """CloudStack does not know what has become of kvm-5, and does not find out within a quarter of an hour."""
    _host(world, "kvm-5").state = "Unknown"


@fault(CONNECTIVITY, "cluster_hosts_lost_ratio", "host_down", "host_up")
def cluster_hosts_lost(world: World) -> None:
    """Two of the three hosts of north-cluster-1 are dead."""
    for name in ("kvm-8", "kvm-9"):
        host = _host(world, name)
        _cut(host, "Down")
        host.ssh = "refused"


@fault(CONNECTIVITY, "cluster_hosts_lost_ratio", "host_changing_seconds", after=960)
def cluster_hosts_never_arrive(world: World) -> None:
    """A storage pool cannot be mounted: two of the three hosts of north-cluster-1 connect and never arrive."""
    for name in ("kvm-8", "kvm-9"):
        _host(world, name).state = "Connecting"


@fault(CONNECTIVITY, "agent_servers_unusable")
def agent_looks_for_itself(world: World) -> None:
    """agent.properties of kvm-4 names localhost beside the management server."""
    _looks_for(world, "localhost")


@fault(CONNECTIVITY, "agent_servers_unusable")
def agent_looks_for_nobody(world: World) -> None:
    """agent.properties of kvm-4 names a management server that is no more."""
    _looks_for(world, "192.0.2.66")


def _looks_for(world: World, address: str) -> None:
    properties = _host(world, "kvm-4").hypervisor.properties
    told, _, algorithm = properties["host"].partition("@")
    properties["host"] = f"{told},{address}@{algorithm}"  # it is connected to the first one


@fault(CONNECTIVITY, "host_version_differs")
def host_agent_old(world: World) -> None:
    """The agent of kvm-7 was forgotten by the upgrade."""
    _host(world, "kvm-7").version = OLD_RELEASE


@fault(CONNECTIVITY, "system_vm_version_differs", "system_vm_template_too_old")
def system_vm_old(world: World) -> None:
    """s-18-VM was not made anew with the upgrade."""
    vm = world.system_vm(SSVM)
    vm.version, vm.template = OLD_RELEASE, "systemvm64template-4.4-kvm"


@fault(
    CONNECTIVITY,
    "secondary_storage_vm_agent_up",
    "secondary_storage_vm_connected",
    "zone_secondary_storage_served",
)
def ssvm_agent_alert(world: World) -> None:
    """The agent of s-18-VM, the only one of its zone, is in Alert."""
    vm = world.system_vm(SSVM)
    vm.agent_state, vm.session = "Alert", False


@fault(CONNECTIVITY, "secondary_storage_vm_running", "zone_secondary_storage_served")
def ssvm_error(world: World) -> None:
    """s-18-VM, the only one of its zone, cannot be started."""
    vm = world.system_vm(SSVM)
    vm.state, vm.agent_state = "Error", "Disconnected"


@fault(CONNECTIVITY, "nvp_controller_up")
def nvp_controller_lost(world: World) -> None:
    """Zone west has a Nicira NVP controller, and the management servers have lost it."""
    _controller(world, "Alert", is_asked=True)


@fault(CONNECTIVITY, "nvp_device_unattended")
def nvp_device_without_row(world: World) -> None:
    """Zone west has a Nicira NVP controller that no row of listHosts stands for."""
    _controller(world, "Up", is_asked=False)


def _controller(world: World, state: str, *, is_asked: bool) -> None:
    zone = next(zone for zone in world.zones if zone.name == "west")
    zone.physical[0].providers["NiciraNvp"] = "Enabled"
    world.nvp.append(NvpController(zone, "192.0.2.60", state, is_asked))
