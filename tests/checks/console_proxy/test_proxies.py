"""What all judgments share: which proxies live, which settle, and what their agents are."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.proxies import agent_state, is_settling, is_usable, proxies
from exporter.cloud.objects import SystemVm
from tests.checks.console_proxy.scene import NOW, agent_host, cloud, proxy


def test_living_proxies_by_name() -> None:
    """Destroyed ones and other zones' are left out."""
    gone, far = proxy("v-1-VM", state="Expunging"), proxy("v-4-VM", zone_id="z2")
    assert [vm.name for vm in proxies(cloud(proxy("v-3-VM"), gone, far, proxy()), "z1")] == ["v-2-VM", "v-3-VM"]


@pytest.mark.parametrize(
    ("known", "settles"),
    [
        (proxy(), False),
        (proxy(created=NOW - 899), True),
        (proxy(created=NOW - 900), False),
        (proxy(created=None), False),
        (proxy(state="Migrating"), True),
        (proxy("v-9-VM"), True),
    ],
    ids=["old", "young", "just old", "ageless", "moving", "gone"],
)
def test_the_newest_cloud_says_whether_a_proxy_settles(known: SystemVm, settles: bool) -> None:
    """A target of an older Cloud does not."""
    assert is_settling(cloud(known), proxy(), NOW) is settles


@pytest.mark.parametrize(
    ("told", "row", "state"),
    [("Up", "Down", "Up"), ("", "Down", "Down"), ("", None, "NeverRegistered")],
)
def test_the_agents_state_has_two_sources(told: str, row: str | None, state: str) -> None:
    """listSystemVms first, listHosts else."""
    vm = proxy(agent_state=told)
    world = cloud(vm, hosts=[agent_host(vm.name, row)] if row else [])
    assert agent_state(world, vm) == state


def test_usable_is_running_and_up() -> None:
    """And unknown where nobody tells of the agent."""
    assert is_usable(cloud(), proxy()) is True
    assert is_usable(cloud(), proxy(agent_state="Alert")) is False
    assert is_usable(cloud(), proxy(state="Stopped")) is False
    assert is_usable(cloud(lacks=["listHosts"]), proxy(agent_state="")) is None
