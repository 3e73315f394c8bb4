"""Faults inside routers, console proxies and secondary storage VMs, whatever they serve."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.world import SystemVm, World
from exporter.model import Issue

CONNECTIVITY = Issue.HOST_CONNECTIVITY
ERA_C, ERA_A, ERA_B, BACKUP = 4, 5, 6, 8
PROXY, STORAGE = 1, 3
"""Numbers of the machines."""


def _storage(world: World) -> SystemVm:
    return world.system_vm(STORAGE)


@fault(CONNECTIVITY, "system_vm_disk_used_ratio")
def system_vm_disk_full(world: World) -> None:
    """The logs of r-4-VM have filled their disk."""
    world.router(ERA_C).condition.log = 97


@fault(CONNECTIVITY, "system_vm_inodes_used_ratio")
def system_vm_inodes_used(world: World) -> None:
    """A console proxy has no inodes left."""
    world.system_vm(PROXY).condition.inodes = 100


@fault(CONNECTIVITY, "system_vm_root_read_only")
def system_vm_read_only(world: World) -> None:
    """After errors of its disk the root file system of r-6-VM is read-only."""
    world.router(ERA_B).condition.is_read_only = True


@fault(CONNECTIVITY, "system_vm_memory_available_ratio")
def system_vm_memory_low(world: World) -> None:
    """A console proxy has hardly any memory left."""
    world.system_vm(PROXY).condition.memory = 98


@fault(CONNECTIVITY, "system_vm_connections_used_ratio")
def system_vm_connections_full(world: World) -> None:
    """r-5-VM tracks nearly as many connections as its kernel can."""
    world.router(ERA_A).condition.connections = 260_000


@fault(CONNECTIVITY, "system_vm_clock_apart_seconds")
def system_vm_clock_ahead(world: World) -> None:
    """The clock of s-3-VM is an hour ahead."""
    _storage(world).condition.clock = 3600


@fault(CONNECTIVITY, "system_vm_services_missing")
def system_vm_service_stopped(world: World) -> None:
    """The web server of s-3-VM, which hands templates out, does not run."""
    _storage(world).condition.stopped = {"apache2"}


@fault(CONNECTIVITY, "system_vm_services_missing")
def storage_vm_rpcbind_stopped(world: World) -> None:
    """Rpcbind of s-3-VM does not run, without which NFS 3 is not mounted; nothing is mounted there at the moment."""
    vm = _storage(world)
    vm.condition.stopped, vm.mount = {"rpcbind"}, "missing"


@fault(CONNECTIVITY, "system_vm_services_missing")
def system_vm_logs_stopped(world: World) -> None:
    """The log daemon of r-5-VM (4.5) does not run."""
    world.router(ERA_A).condition.stopped = {"rsyslog"}


@fault(CONNECTIVITY, "system_vm_services_missing")
def system_vm_conntrackd_failed(world: World) -> None:
    """The backup router r-8-VM no longer copies connections."""
    world.router(BACKUP).condition.failed = {"conntrackd"}


@fault(CONNECTIVITY, "system_vm_units_failed")
def system_vm_unit_failed(world: World) -> None:
    """The first step of its configuration has failed on a console proxy; nobody minds that its logs are not rotated."""
    world.system_vm(PROXY).condition.failed = {"cloud-early-config", "logrotate"}


@fault(CONNECTIVITY, "system_vm_boot_incomplete")
def system_vm_boot_hangs(world: World) -> None:
    """The first configuration of s-3-VM has never ended."""
    _storage(world).condition.has_booted = False


@fault(CONNECTIVITY, "secondary_storage_vm_connected", "secondary_storage_vm_agent_process_up")
def storage_vm_agent_dead(world: World) -> None:
    """The agent of s-3-VM does not run, and CloudStack has not noticed yet."""
    _storage(world).agent = False


@fault(CONNECTIVITY, "secondary_storage_vm_connected")
def storage_vm_connection_lost(world: World) -> None:
    """The agent of s-3-VM has lost its connection, and CloudStack has not noticed yet."""
    _storage(world).session = False


@fault(CONNECTIVITY, "secondary_storage_vm_agent_hosts_ok")
def storage_vm_hosts_old(world: World) -> None:
    """s-3-VM was told a management server that is no more."""
    _storage(world).management = "192.0.2.99"


@fault(CONNECTIVITY, "secondary_storage_vm_mount_hangs")
def storage_vm_mount_hangs(world: World) -> None:
    """The server of the image store takes the requests of s-3-VM and answers none."""
    _storage(world).mount = "hangs"


@fault(CONNECTIVITY, "secondary_storage_vm_mount_missing")
def storage_vm_mount_missing(world: World) -> None:
    """s-3-VM has not mounted the image store into which a template is being downloaded."""
    _storage(world).mount = "missing"
    template, zone = world.templates["debian-12"], world.zones[0]
    template.fails(zone, "12% Downloaded", "DOWNLOAD_IN_PROGRESS", "12")


@fault(CONNECTIVITY, "secondary_storage_vm_store_reachable", "host_stores_unreachable")
def storage_vm_store_refused(world: World) -> None:
    """Nobody listens on the image store of zone west, which nobody there has mounted."""
    world.zones[1].store_answers = "refused"
    world.system_vm(14).mount = "missing"


@fault(CONNECTIVITY, "secondary_storage_vm_resolves", "templates:imports_blocked")
def storage_vm_resolver_silent(world: World) -> None:
    """The name server of s-3-VM does not answer, and a template comes from a place with a name."""
    _storage(world).resolver = "silent"
    template, zone = world.templates["debian-12"], world.zones[0]
    template.url = "http://images.invalid/debian-12.qcow2"
    template.fails(zone, "", "NOT_DOWNLOADED")


@fault(CONNECTIVITY, "secondary_storage_vm_internal_route_ok")
def storage_vm_internal_route_public(world: World) -> None:
    """s-3-VM looks for an allowed internal site behind its public NIC."""
    world.settings["secstorage.allowed.internal.sites"] = "10.20.0.0/16"
    _storage(world).internal_route = "Public"
