"""Faults of ways: to ports of hosts, between hosts, to image stores, to system VMs, and to screens."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.hypervisor import Hypervisor
from exporter.lab.world.world import SystemVm, World
from exporter.model import Issue

CONNECTIVITY = Issue.HOST_CONNECTIVITY


def _host(world: World, name: str) -> Hypervisor:
    return next(host.hypervisor for host in world.hosts if host.name == name)


def _proxy(world: World) -> SystemVm:
    """Return the console proxy that is struck."""
    return next(vm for vm in world.system_vms if vm.kind == "consoleproxy" and vm.state == "Running")


@fault(CONNECTIVITY, "cluster_host_ports_closed")
def host_libvirt_refused(world: World) -> None:
    """Nobody listens on the ports of libvirt of kvm-2, with TLS or without."""
    _host(world, "kvm-2").libvirt_tls = "refused"


@fault(CONNECTIVITY, "cluster_host_ports_closed", "host_neighbours_unreachable")
def host_libvirt_dropped(world: World) -> None:
    """A firewall drops what comes to libvirt of kvm-2, from management servers and from other hosts."""
    _host(world, "kvm-2").libvirt_tls = "dropped"


@fault(CONNECTIVITY, "host_neighbours_unreachable")
def host_migrations_dropped(world: World) -> None:
    """A firewall of kvm-2 lets libvirt in and no live migration."""
    _host(world, "kvm-2").dropped.add("migration")


@fault(CONNECTIVITY, "cluster_hosts_secured_unlike")
def host_unsecured(world: World) -> None:
    """kvm-2 was added without certificates: its libvirt listens without TLS, that of the other hosts with it."""
    made = _host(world, "kvm-2")
    made.secured, made.libvirt_tls, made.libvirt_tcp = False, "refused", True


@fault(CONNECTIVITY, "agent_certificate_overdue")
def agent_certificate_expiring(world: World) -> None:
    """The certificate of kvm-2's agent ends in five days: CloudStack has not renewed it."""
    _host(world, "kvm-2").certificate = "agent_expiring"


@fault(CONNECTIVITY, "agent_certificate_overdue")
def agent_certificate_expired(world: World) -> None:
    """The certificate of kvm-2's agent has ended two days ago; the connection that it made before still stands."""
    _host(world, "kvm-2").certificate = "agent_expired"


@fault(CONNECTIVITY, "host_link_local_up")
def host_link_local_lost(world: World) -> None:
    """The bridge of control NICs of the host of the first router has lost its address."""
    world.routers[0].host.hypervisor.lost_networks.add("cloud0")


@fault(CONNECTIVITY, "console_proxy_hosts_unreachable")
def console_screens_dropped(world: World) -> None:
    """A firewall of one host with machines keeps console proxies from its screens."""
    proxy = _proxy(world)
    busy = next(one.kvm for one in world.instances if one.state == "Running" and one.host.zone is proxy.zone)
    busy.hypervisor.dropped.add("vnc")


@fault(CONNECTIVITY, "console_proxy_names_unknown")
def console_name_servers_silent(world: World) -> None:
    """The name servers of a console proxy do not answer; it is connected to the address of a management server."""
    _proxy(world).resolver = "silent"


@fault(CONNECTIVITY, "console_proxy_names_unknown", "console_proxy:agent_hosts_ok")
def console_name_unknown(world: World) -> None:
    """A console proxy was told the name of a management server that no name server knows; it is connected still."""
    _proxy(world).management = "ms.nowhere.invalid,127.3.0.10"
