"""What all judgments of console proxies share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import SystemVm
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS

PER_PROXY = ("zone", "console_proxy")
"""Labels of what is said of one proxy."""

GONE = frozenset({"Destroyed", "Expunging"})
"""States of a proxy that is no more."""

NEVER_REGISTERED = "NeverRegistered"
"""Our word for an agent that CloudStack has no state of."""


def proxies(cloud: Cloud, zone_id: str) -> tuple[SystemVm, ...]:
    """Return the console proxies of a zone that are not gone, by name."""
    living = (vm for vm in cloud.console_proxies(zone_id) if vm.state not in GONE)
    return tuple(sorted(living, key=lambda vm: vm.name))


def is_settling(cloud: Cloud, vm: SystemVm, now: float) -> bool:
    """Return whether a proxy is being changed or was created so lately that what fails means nothing yet.

    The newest Cloud decides, since the visit may have been to what was there before. ``now`` is unix time.
    """
    known = cloud.system_vms.get(vm.id)
    if known is None or not known.is_running:
        return True
    return known.created is not None and now - known.created < SYSTEM_VM_SETTLES_SECONDS


def agent_state(cloud: Cloud, vm: SystemVm) -> str | None:
    """Return the state of the proxy's agent as CloudStack sees it; None when it does not tell.

    Source: listSystemVms agentstate; versions without it have a row in listHosts, type ConsoleProxy.
    """
    if vm.agent_state:
        return vm.agent_state
    for host in cloud.hosts.values():
        if host.type == "ConsoleProxy" and host.name == vm.name:
            return host.state
    return None if "listHosts" in cloud.lacks else NEVER_REGISTERED


def is_usable(cloud: Cloud, vm: SystemVm) -> bool | None:
    """Return whether the proxy runs and its agent is Up; None when CloudStack does not tell."""
    if not vm.is_running:
        return False
    state = agent_state(cloud, vm)
    return None if state is None else state == "Up"
