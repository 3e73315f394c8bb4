"""System VMs by CloudStack's word: which of them live, settle and serve, and where they are told their servers are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, SystemVm
from exporter.model import Answers
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS
from exporter.topology.zones import is_zone_judged

CONSOLE_PROXY = "consoleproxy"
STORAGE_VM = "secondarystoragevm"
GONE = frozenset({"Destroyed", "Expunging"})
"""States of a system VM that is no more."""
PROBLEM_STATES = frozenset({"Stopped", "Shutdown", "Error", "Unknown"})
"""States that a system VM does not leave by itself, or should not be in."""
NEVER_REGISTERED = "NeverRegistered"
"""Our word for an agent that CloudStack has no state of."""
AGENT_TYPES = {STORAGE_VM: "SecondaryStorageVM", CONSOLE_PROXY: "ConsoleProxy"}
"""Kind of system VM -> type of its agent's row in listHosts. Rows of type SecondaryStorage have no agent at all."""


def living(cloud: Cloud, zone_id: str, kind: str) -> tuple[SystemVm, ...]:
    """Return the system VMs of one kind in a zone that are not gone, by name."""
    every = (vm for vm in cloud.system_vms.values() if vm.kind == kind and vm.zone_id == zone_id)
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


def may_alarm(cloud: Cloud, vm: SystemVm, now: float) -> bool:
    """Return whether what fails in or about a system VM is a fault: it has settled, and its zone is in use."""
    return is_zone_judged(cloud, vm.zone_id) and not is_settling(cloud, vm, now)


def is_agent_held_back(cloud: Cloud, vm: SystemVm) -> bool:
    """Return whether somebody has disabled the zone of a system VM, or its agent's row."""
    row = agent_row(cloud, vm)
    is_row_held = row is not None and (row.resource_state == "Disabled" or row.in_maintenance)
    return is_row_held or not is_zone_judged(cloud, vm.zone_id)


def is_usable(cloud: Cloud, vm: SystemVm) -> bool | None:
    """Return whether it runs and its agent is Up; None when CloudStack does not tell."""
    if not vm.is_running:
        return False
    state = agent_state(cloud, vm)
    return None if state is None else state == "Up"


@dataclass(frozen=True, slots=True)
class Service:
    """What the system VMs of one kind do for their zone.

    Attributes:
        usable: how many run with an agent that is Up.
        is_served: whether that is enough; None while a new one starts.
    """

    usable: int
    is_served: bool | None


def service(vms: Iterable[SystemVm], cloud: Cloud, answers: Answers, *, is_needed: bool) -> Service | None:
    """Return what these do for their zone; None where one runs and CloudStack does not tell of its agent.

    One after the other that starts and never arrives is none: they are waited for as long as one needs. ``answers``
    are the zone's own, whose memory knows since when nobody serves it.
    """
    known = {vm.id: (vm, is_usable(cloud, vm)) for vm in vms}
    usable = sum(is_up is True for _, is_up in known.values())
    if usable == 0 and any(is_up is None for _, is_up in known.values()):
        return None
    if usable or not is_needed:
        return Service(usable, is_served=True)
    starts = any(vm.state not in PROBLEM_STATES and is_settling(cloud, vm, cloud.at) for vm, _ in known.values())
    waited = answers.held("unserved").seconds
    return Service(usable, is_served=None if starts and waited < SYSTEM_VM_SETTLES_SECONDS else False)


def entries(setting: str) -> tuple[str, ...]:
    """Return the addresses and names of the setting ``host``, without the algorithm; an empty one is one entry."""
    words = (word.strip().partition("@")[0].strip() for word in setting.split(","))
    return tuple(dict.fromkeys(filter(None, words))) or ("",)


def is_local(entry: str) -> bool:
    """Return whether an entry of ``host`` leads every machine to itself; an empty one falls back to localhost."""
    if entry.lower() in ("", "localhost", "localhost.localdomain"):
        return True
    try:
        return ip_address(entry).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Told:
    """Which management servers a system VM was told when it was made, against the setting ``host``.

    Attributes:
        wanted: those of the setting that lead to one.
        is_ok: whether one that it was told is among them; any, while the setting names none.
    """

    wanted: frozenset[str]
    is_ok: bool


def told_servers(told: Iterable[str], setting: str) -> Told:
    """Return whether a system VM knows a management server that still counts."""
    wanted = frozenset(entry for entry in entries(setting) if not is_local(entry))
    usable = {entry for entry in told if not is_local(entry)}
    return Told(wanted, bool(usable & wanted) if wanted else bool(usable))
