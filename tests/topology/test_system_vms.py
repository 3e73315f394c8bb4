"""What judgments of system VMs share: which live, settle, serve, and where they are told their servers are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, SystemVm, Zone
from exporter.memory import Scope
from exporter.model import Answers, Failure, Reason
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS
from exporter.topology.system_vms import (
    AGENT_TYPES,
    CONSOLE_PROXY,
    STORAGE_VM,
    Service,
    agent_state,
    entries,
    is_agent_held_back,
    is_local,
    is_settling,
    is_usable,
    living,
    may_alarm,
    service,
    told_servers,
)

NOW = 1_795_000_000.0
KINDS = (CONSOLE_PROXY, STORAGE_VM)


def vm(name: str = "v-2-VM", kind: str = CONSOLE_PROXY, **changes: Any) -> SystemVm:
    """Return a healthy system VM, ten days old."""
    given: dict[str, Any] = {"state": "Running", "agent_state": "Up", "zone_id": "z1", "created": NOW - 864000}
    return SystemVm(id=name, name=name, kind=kind, **(given | changes))


def row(of: SystemVm, state: str = "Up", resource_state: str = "Enabled", zone_id: str = "z1") -> Host:
    """Return the row of a system VM's agent in listHosts."""
    return Host(
        id=f"agent-{of.name}", name=of.name, type=AGENT_TYPES[of.kind], state=state, resource_state=resource_state,
        address="", zone_id=zone_id,
    )  # fmt: skip


def cloud(*vms: SystemVm, hosts: tuple[Host, ...] = (), lacks: tuple[str, ...] = (), enabled: bool = True) -> Cloud:
    """Return a Cloud of one zone."""
    return Cloud(
        at=NOW,
        zones={"z1": Zone("z1", "east", "Advanced", False, enabled)},
        system_vms={one.id: one for one in vms},
        hosts={one.id: one for one in hosts},
        lacks={command: Failure(Reason.PERMISSION) for command in lacks},
    )


def test_living_ones_by_name() -> None:
    """Destroyed ones, other zones' and other kinds are left out."""
    others = (vm("v-1-VM", state="Expunging"), vm("v-4-VM", zone_id="z2"), vm("s-5-VM", STORAGE_VM))
    assert [one.name for one in living(cloud(vm("v-3-VM"), *others, vm()), "z1", CONSOLE_PROXY)] == ["v-2-VM", "v-3-VM"]
    assert [one.name for one in living(cloud(*others), "z1", STORAGE_VM)] == ["s-5-VM"]


@pytest.mark.parametrize(
    ("known", "settles"),
    [
        (vm(), False),
        (vm(created=NOW - 899), True),
        (vm(created=NOW - 900), False),
        (vm(created=None), False),
        (vm(state="Migrating"), True),
        (vm("v-9-VM"), True),
    ],
    ids=["old", "young", "just old", "ageless", "moving", "gone"],
)
def test_the_newest_cloud_says_whether_one_settles(known: SystemVm, settles: bool) -> None:
    """A target of an older Cloud does not; nothing alarms meanwhile, nor in a zone that is disabled."""
    assert is_settling(cloud(known), vm(), NOW) is settles
    assert may_alarm(cloud(known), vm(), NOW) is not settles
    assert not may_alarm(cloud(known, enabled=False), vm(), NOW)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("told", "in_row", "state"),
    [("Up", "Down", "Up"), ("", "Down", "Down"), ("", None, "NeverRegistered")],
)
def test_the_agents_state_has_two_sources(kind: str, told: str, in_row: str | None, state: str) -> None:
    """listSystemVms first, listHosts else, of the same zone and of the type that belongs to the kind."""
    one = vm(kind=kind, agent_state=told)
    hosts = (row(one, in_row),) if in_row else (row(one, zone_id="z2"), replace(row(one), type="Routing"))
    assert agent_state(cloud(one, hosts=hosts), one) == state


def test_usable_is_running_and_up() -> None:
    """And unknown where nobody tells of the agent."""
    assert is_usable(cloud(), vm()) is True
    assert is_usable(cloud(), vm(agent_state="Alert")) is False
    assert is_usable(cloud(), vm(state="Stopped")) is False
    assert is_usable(cloud(lacks=("listHosts",)), vm(agent_state="")) is None


@pytest.mark.parametrize(
    ("resource_state", "enabled", "held"),
    [("Enabled", True, False), ("Disabled", True, True), ("Maintenance", True, True), ("Enabled", False, True)],
)
def test_agents_that_are_held_back(resource_state: str, enabled: bool, held: bool) -> None:
    """Somebody disabled the agent's row, put it into maintenance, or disabled the zone."""
    assert is_agent_held_back(cloud(vm(), hosts=(row(vm(), "Down", resource_state),), enabled=enabled), vm()) is held


def served(*vms: SystemVm, since: float = NOW, is_needed: bool = True, **fields: Any) -> Service | None:
    """Return what they do for a zone that has been unserved since then."""
    scope = Scope()
    scope.held(("unserved",), since)
    answers = Answers(now=NOW, asked=NOW, memory=scope.held)
    return service(vms, cloud(*vms, **fields), answers, is_needed=is_needed)


STARTS = vm(state="Starting", agent_state="")


@pytest.mark.parametrize(
    ("vms", "usable", "is_served"),
    [
        ((vm(), vm("v-3-VM", agent_state="Down")), 1, True),
        ((vm(agent_state="Down"),), 0, False),
        ((), 0, False),
        ((STARTS,), 0, None),
        ((vm(agent_state="", created=NOW - 60),), 0, None),
        ((vm(state="Stopped"),), 0, False),
        ((vm(state="Error"),), 0, False),
        ((vm(state="Shutdown"),), 0, False),
        ((vm(state="Unknown"),), 0, False),
    ],
)
def test_service(vms: tuple[SystemVm, ...], usable: int, is_served: bool | None) -> None:
    """One that starts is waited for; one that lies still in a wrong state does not start."""
    assert served(*vms) == Service(usable, is_served)


def test_a_start_that_never_ends() -> None:
    """It is waited for as long as one needs, counted from when nobody served the zone."""
    assert served(STARTS, since=NOW - SYSTEM_VM_SETTLES_SECONDS + 1) == Service(0, None)
    assert served(STARTS, since=NOW - SYSTEM_VM_SETTLES_SECONDS) == Service(0, is_served=False)


def test_none_is_needed_or_nobody_tells() -> None:
    """A zone that needs none is served; one of whose agents nobody tells is unknown."""
    assert served(is_needed=False) == Service(0, is_served=True)
    assert served(vm(agent_state=""), lacks=("listHosts",)) is None
    assert served(vm(agent_state=""), vm("v-3-VM"), lacks=("listHosts",)) == Service(1, is_served=True)


def test_entries_of_the_setting() -> None:
    """The algorithm behind @ is none, and one that is empty is one entry."""
    assert entries("10.1.1.11, ms2.example@roundrobin") == ("10.1.1.11", "ms2.example")
    assert entries(",10.1.1.11,,10.1.1.11") == ("10.1.1.11",)
    assert entries(" ") == ("",)


@pytest.mark.parametrize(
    ("entry", "local"),
    [
        ("", True), ("localhost", True), ("LOCALHOST", True), ("localhost.localdomain", True), ("127.0.0.1", True),
        ("127.1.2.3", True), ("::1", True), ("localhost.example", False), ("127.example", False), ("10.1.1.11", False),
    ],
)  # fmt: skip
def test_what_leads_a_machine_to_itself(entry: str, local: bool) -> None:
    """Loopback addresses and their names, and nothing, which is localhost by default."""
    assert is_local(entry) is local


@pytest.mark.parametrize(
    ("told", "setting", "is_ok"),
    [
        (("10.1.1.11",), "10.1.1.11,10.1.1.12@shuffle", True),
        (("10.9.9.9",), "10.1.1.11", False),
        (("localhost",), "10.1.1.11", False),
        ((), "localhost", False),
        (("10.9.9.9",), "localhost", True),
    ],
)
def test_the_servers_that_one_was_told(told: tuple[str, ...], setting: str, is_ok: bool) -> None:
    """One that still counts is enough; while the setting names none, any that is not local is."""
    assert told_servers(told, setting).is_ok is is_ok
