"""The agent by CloudStack's own word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.console_proxy.agent import CHECK
from tests.checks.console_proxy.scene import NOW, agent_host, cloud, of_zone, problems, proxy, values


def test_an_agent_that_is_up() -> None:
    """Zero problems are said per running proxy."""
    said = of_zone(CHECK, cloud(proxy(), proxy("v-3-VM")))
    assert values(said) == {("agent_up", "v-2-VM"): 1, ("agent_up", "v-3-VM"): 1}


@pytest.mark.parametrize(
    "state", ["Connecting", "Disconnected", "Down", "Alert", "Error", "Rebalancing", "Unknown", "Levitating", ""]
)
def test_every_other_state_is_a_problem(state: str) -> None:
    """Also one that never registered, or of a word that nobody expects, and the finding names the state."""
    said = of_zone(CHECK, cloud(proxy(agent_state=state)))
    assert problems(said) == {("agent_up", "v-2-VM")}
    assert (state or "NeverRegistered") in said["agent_up", "v-2-VM"].seen


def test_a_new_proxy_gets_its_minutes() -> None:
    """Recreating takes 2-5 minutes; Up is said at once, anything else not yet."""
    assert of_zone(CHECK, cloud(proxy(agent_state="Connecting", created=NOW - 300))) == {}
    assert values(of_zone(CHECK, cloud(proxy(created=NOW - 300)))) == {("agent_up", "v-2-VM"): 1}


def test_what_does_not_run_has_no_agent() -> None:
    """A stopped or starting proxy is judged elsewhere."""
    assert of_zone(CHECK, cloud(proxy(state="Stopped", agent_state="Down"), proxy("v-3-VM", state="Starting"))) == {}


def test_a_cloud_that_does_not_tell_is_unknown() -> None:
    """Neither agentstate nor listHosts."""
    assert of_zone(CHECK, cloud(proxy(agent_state=""), lacks=["listHosts"])) == {}


def test_secondary_storage_vms_are_not_console_proxies() -> None:
    """They have checks of their own."""
    assert of_zone(CHECK, cloud(proxy("s-1-VM", kind="secondarystoragevm", agent_state="Down"))) == {}


def test_an_agent_that_is_held_back() -> None:
    """Its zone was disabled, or its row: what is not Up there was meant."""
    down = proxy(agent_state="Disconnected")
    assert of_zone(CHECK, cloud(down, enabled=False)) == {}
    row = replace(agent_host(down.name, "Disconnected"), resource_state="Disabled")
    assert of_zone(CHECK, cloud(down, hosts=[row])) == {}
    assert values(of_zone(CHECK, cloud(proxy(), enabled=False))) == {("agent_up", "v-2-VM"): 1}
