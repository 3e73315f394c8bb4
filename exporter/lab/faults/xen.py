"""Faults of XenServer hosts. They strike xen-2 in zone south, where a machine of lobby must be guarded."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.world import World
from exporter.lab.world.xen import Dom0
from exporter.model import Issue

GROUPS, LINKS = Issue.SECURITY_GROUPS, Issue.HYPERVISOR_LINKS
HOST = "xen-2"


def _dom0(world: World) -> Dom0:
    return next(host.dom0 for host in world.xen_hosts if host.name == HOST)


@fault(GROUPS, "cluster_unenforceable", "hypervisor_links:cluster_network_backends")
def xen_open_vswitch(world: World) -> None:
    """xen-2 came back with Open vSwitch, the default, although its zone has security groups."""
    _dom0(world).configured = _dom0(world).running = "openvswitch"


@fault(LINKS, "network_backend_pending", "cluster_network_backends", "security_groups:cluster_unenforceable")
def xen_not_rebooted(world: World) -> None:
    """xen-2 was switched to Linux bridges and not rebooted: CloudStack writes rules that no frame comes to."""
    _dom0(world).running = "openvswitch"


@fault(LINKS, "network_backend_pending", "security_groups:cluster_unenforceable")
def xen_about_to_change(world: World) -> None:
    """xen-2 was switched to Open vSwitch and not rebooted: CloudStack writes no rules on it any more."""
    _dom0(world).configured = "openvswitch"


@fault(GROUPS, "tools_missing")
def xen_ipset_missing(world: World) -> None:
    """The program ipset is not installed in dom0 of xen-2, so that CloudStack guards nobody there."""
    _dom0(world).missing.add("ipset")


@fault(GROUPS, "bridges_unfiltered")
def xen_sysctl_off(world: World) -> None:
    """The sysctl bridge-nf-call-iptables of xen-2 is 0: all its security groups stand open."""
    _dom0(world).sysctls["iptables"] = "0"


@fault(GROUPS)
def xen_backend_untold(world: World) -> None:
    """Dom0 of xen-2 has no network.conf: nobody knows whether its machines can be guarded."""
    _dom0(world).configured = None
