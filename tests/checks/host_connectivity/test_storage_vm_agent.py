"""The agents of secondary storage VMs: which "Alert" is normal, and which is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.host_connectivity.storage_vm_agent import judge
from exporter.cloud.cloud import Cloud
from exporter.model import Failure, Reason
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene

LOST = ["Alert", "Disconnected", "Down", "Error", "Connecting", "NeverRegistered"]


def said(*things: Any, **fields: Any) -> dict[str, float]:
    """Return the verdict by system VM."""
    seen: Cloud = scene.cloud(*things, **fields)
    return scene.values(scene.of_zone(judge, seen), "secondary_storage_vm_agent_up")


def test_alert_of_a_secondary_storage_row_is_normal() -> None:
    """The talk's word: an NFS share (before 4.2) is a host of type SecondaryStorage, has no agent, and is in Alert."""
    share = scene.host(9, name="nfs://10.0.3.1/export", type="SecondaryStorage", state="Alert", hypervisor="")
    assert said(share) == {}
    assert said(share, scene.vm()) == {"s-2-VM": 1}


@pytest.mark.parametrize("state", LOST)
def test_alert_of_the_agent_of_a_secondary_storage_vm_is_not(state: str) -> None:
    """Its agent is broken, and no template is downloaded."""
    assert said(scene.vm(agent_state=state)) == {"s-2-VM": 0}


@pytest.mark.parametrize("state", ["Alert", "Up"])
def test_versions_that_tell_it_only_in_list_hosts(state: str) -> None:
    """The row of type SecondaryStorageVM with the VM's name."""
    assert said(scene.vm(agent_state=""), scene.agent(state=state)) == {"s-2-VM": int(state == "Up")}


def test_who_never_registered() -> None:
    """A VM that runs, and no row at all; unless listHosts cannot be read."""
    assert said(scene.vm(agent_state="")) == {"s-2-VM": 0}
    assert said(scene.vm(agent_state=""), lacks={"listHosts": Failure(Reason.PERMISSION)}) == {}


def test_an_orphaned_row() -> None:
    """The VM is gone, its agent's row stays in Alert for ever (D31): that is no alarm."""
    assert said(scene.agent("s-1-VM", state="Alert"), scene.vm()) == {"s-2-VM": 1}
    assert said(scene.agent("s-1-VM", state="Disconnected")) == {}


def test_a_row_of_another_type_or_zone_is_not_its_agents() -> None:
    """Names are made by CloudStack, and hosts bring their own."""
    strangers = (scene.agent(type="ConsoleProxy", state="Up"), scene.agent(id="x", zone_id="other", state="Up"))
    assert said(scene.vm(agent_state=""), *strangers) == {"s-2-VM": 0}


def test_one_that_is_being_made() -> None:
    """For a quarter of an hour its agent may not be there; that it is there already is said."""
    young = scene.NOW - SYSTEM_VM_SETTLES_SECONDS + 1
    assert said(scene.vm(created=young, agent_state="Alert")) == {}
    assert said(scene.vm(created=young)) == {"s-2-VM": 1}
    assert said(scene.vm(created=young - 1, agent_state="Alert")) == {"s-2-VM": 0}


@pytest.mark.parametrize("state", ["Stopped", "Starting", "Migrating", "Destroyed"])
def test_one_that_does_not_run(state: str) -> None:
    """Its agent is not there, of course."""
    assert said(scene.vm(state=state, agent_state="Disconnected")) == {}


@pytest.mark.parametrize("state", ["Disabled", "Maintenance", "PrepareForMaintenance"])
def test_an_agent_that_somebody_holds_back(state: str) -> None:
    """Then only that it is Up is said."""
    assert said(scene.vm(agent_state="Disconnected"), scene.agent(resource_state=state)) == {}
    assert said(scene.vm(), scene.agent(resource_state=state)) == {"s-2-VM": 1}


def test_a_zone_that_is_disabled() -> None:
    """It is being built or torn down; that its agent is Up is said all the same."""
    zones = {"z": replace(scene.cloud().zones["z"], enabled=False)}
    assert said(scene.vm(agent_state="Alert"), zones=zones) == {}
    assert said(scene.vm(), zones=zones) == {"s-2-VM": 1}


def test_console_proxies_have_their_own_check() -> None:
    """Issue 7 alarms about them."""
    assert said(scene.vm("v-1-VM", kind="consoleproxy", agent_state="Alert")) == {}
