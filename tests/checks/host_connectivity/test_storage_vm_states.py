"""What CloudStack says of secondary storage VMs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.host_connectivity.storage_vm_states import judge
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene


def test_a_healthy_one() -> None:
    """One state each of the VM and its agent, Running, and not settling."""
    found = scene.of_zone(judge, scene.cloud(scene.vm()))
    assert scene.states(found, "secondary_storage_vm_state") == {"s-2-VM": "Running"}
    assert scene.states(found, "secondary_storage_vm_agent_state") == {"s-2-VM": "Up"}
    assert scene.values(found, "secondary_storage_vm_running") == {"s-2-VM": 1}
    assert scene.values(found, "secondary_storage_vm_settling") == {"s-2-VM": 0}


@pytest.mark.parametrize("state", ["Stopped", "Shutdown", "Error", "Unknown"])
def test_states_that_it_does_not_leave(state: str) -> None:
    """These are problems however new it is; nothing is said of its agent."""
    found = scene.of_zone(judge, scene.cloud(scene.vm(state=state, created=scene.NOW - 60)))
    assert scene.problems(found) == ["secondary_storage_vm_running s-2-VM"]
    assert scene.values(found, "secondary_storage_vm_settling") == {"s-2-VM": 0}
    assert scene.states(found, "secondary_storage_vm_agent_state") == {}


def test_a_zone_that_is_disabled() -> None:
    """It is being built or torn down; the state itself is shown."""
    zones = {"z": replace(scene.cloud().zones["z"], enabled=False)}
    found = scene.of_zone(judge, scene.cloud(scene.vm(state="Stopped"), scene.vm("s-3-VM"), zones=zones))
    assert scene.values(found, "secondary_storage_vm_running") == {"s-3-VM": 1}
    assert scene.states(found, "secondary_storage_vm_state") == {"s-2-VM": "Stopped", "s-3-VM": "Running"}


@pytest.mark.parametrize("state", ["Starting", "Stopping", "Migrating"])
def test_while_it_changes(state: str) -> None:
    """It is neither running nor broken."""
    found = scene.of_zone(judge, scene.cloud(scene.vm(state=state)))
    assert scene.values(found, "secondary_storage_vm_running") == {}
    assert scene.values(found, "secondary_storage_vm_settling") == {"s-2-VM": 1}


def test_a_new_one_settles() -> None:
    """For a quarter of an hour."""
    for age, value in ((SYSTEM_VM_SETTLES_SECONDS - 1, 1), (SYSTEM_VM_SETTLES_SECONDS, 0)):
        found = scene.of_zone(judge, scene.cloud(scene.vm(created=scene.NOW - age)))
        assert scene.values(found, "secondary_storage_vm_settling") == {"s-2-VM": value}


@pytest.mark.parametrize("changes", [{"state": "Destroyed"}, {"state": "Expunging"}, {"kind": "consoleproxy"},
                                     {"zone_id": "other"}])  # fmt: skip
def test_who_is_not_meant(changes: dict[str, str]) -> None:
    """What is gone, console proxies (issue 7 has them), other zones."""
    assert scene.of_zone(judge, scene.cloud(scene.vm(**changes))) == []


def test_versions_without_the_agents_state() -> None:
    """The row of the agent in listHosts has it; one without a row has never been there."""
    seen = scene.cloud(scene.vm(agent_state=""), scene.agent(state="Alert"), scene.vm("s-3-VM", agent_state=""))
    found = scene.of_zone(judge, seen)
    assert scene.states(found, "secondary_storage_vm_agent_state") == {"s-2-VM": "Alert", "s-3-VM": "NeverRegistered"}
