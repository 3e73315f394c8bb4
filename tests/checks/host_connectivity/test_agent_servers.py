"""Where the agents of hosts look for management servers."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.agent_servers import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import ManagementServer
from exporter.model import Sample
from exporter.questions.hosts.agent import Agent
from tests.checks.host_connectivity import states_scene as scene
from tests.checks.host_connectivity.visits_scene import LATER, looks

ONE, TWO, BALANCER, NOBODY = "10.0.0.1", "10.0.0.2", "10.0.0.100", "192.0.2.66"


def cloud(setting: str = f"{ONE},{BALANCER}@roundrobin", *addresses: str) -> Cloud:
    """Return a Cloud with this setting and servers at these addresses."""
    servers = {
        str(number): ManagementServer(str(number), f"mgmt-{number}", "Up", address)
        for number, address in enumerate(addresses or (ONE, TWO))
    }
    return scene.cloud(management_servers=servers, settings={"host": setting})


def samples(*told: str, seen: Cloud | None = None, connected: tuple[str, ...] = (), **changes: Any) -> list[Sample]:
    """Return what is said of a host with these entries."""
    agent = Agent(management_servers=told, is_active=True)
    return looks(judge, seen or cloud(), (LATER, agent, connected), **changes)


def unusable(*told: str, **given: Any) -> list[float]:
    """Return how many entries lead nowhere."""
    return [one.value for one in samples(*told, **given)]


@pytest.mark.parametrize("told", [(ONE,), (ONE, TWO), (BALANCER,), (TWO, ONE, BALANCER), ("cloud.example",)])
def test_what_leads_somewhere(told: tuple[str, ...]) -> None:
    """Servers, the address of a load balancer that the setting names, and names, which cannot be compared."""
    assert unusable(*told) == [0]


@pytest.mark.parametrize("told", [("localhost",), ("127.0.0.1",), ("::1",), ()])
def test_a_host_that_looks_for_itself(told: tuple[str, ...]) -> None:
    """Loopback; without the key the agent looks there too."""
    assert unusable(*told) == [1]


def test_a_host_that_is_a_management_server_itself() -> None:
    """A cloud in one machine: loopback is right."""
    assert unusable("localhost", seen=cloud("localhost", "10.0.1.1")) == [0]


def test_an_address_of_nobody() -> None:
    """A server that is no more, in words."""
    (bad,) = samples(ONE, NOBODY)
    assert bad.value == 1
    assert bad.seen == f"host = {ONE}, {NOBODY}; of no management server: {NOBODY}"
    assert bad.expected == f"some of {ONE}, {BALANCER}, {TWO}"


def test_an_address_that_works() -> None:
    """A load balancer that the setting does not name: the agent is connected to it."""
    assert unusable(BALANCER, seen=cloud(ONE), connected=(BALANCER,)) == [0]
    assert unusable(BALANCER, seen=cloud(ONE)) == [1]


def test_where_a_server_has_no_address() -> None:
    """Then nobody can say whose an address is; loopback is still wrong."""
    seen = cloud(ONE, ONE, "")
    assert unusable(NOBODY, seen=seen, connected=(ONE,)) == [0]
    assert unusable("localhost", NOBODY, seen=seen) == [1]


def test_a_server_that_is_down_is_a_server() -> None:
    """It may come back; that agents still need it is another check's."""
    servers = {"1": ManagementServer("1", "mgmt-1", "Down", NOBODY)}
    assert unusable(NOBODY, seen=scene.cloud(management_servers=servers)) == [0]


def test_addresses_are_compared_in_one_form() -> None:
    """As people write them."""
    assert unusable("2001:DB8:0::1", seen=cloud("2001:db8::1")) == [0]


def test_without_the_setting() -> None:
    """Unknown is not healthy."""
    assert unusable(NOBODY, seen=scene.cloud(settings={})) == []


def test_a_host_that_is_held_back() -> None:
    """Not judged."""
    assert unusable("localhost", resource_state="Maintenance") == []
