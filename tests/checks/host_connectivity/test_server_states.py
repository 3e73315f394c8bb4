"""Management servers that are Down: a problem only where somebody needs them."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.server_states import judge
from exporter.checks.host_connectivity.servers import HELD_BACK, STATES
from exporter.cloud.cloud import Cloud
from exporter.model import Sample
from tests.checks.host_connectivity import management_scene as scene

NAMED = "10.0.0.1,10.0.0.2@roundrobin"


def said(cloud: Cloud) -> list[Sample]:
    """Return the samples."""
    return scene.of_group(judge, cloud)


def down(cloud: Cloud) -> dict[tuple[str, ...], float]:
    """Return the verdict by server."""
    return scene.values(said(cloud), "management_server_down")


def test_two_servers_that_are_up() -> None:
    """Zero is said of each."""
    assert down(scene.cloud()) == {("mgmt-1",): 0, ("mgmt-2",): 0}


def test_the_state_is_one_of_all() -> None:
    """One state is 1, the others are 0."""
    states = scene.values(said(scene.cloud(scene.server(1, "Maintenance"))), "management_server_state")
    assert {state for (_, state), value in states.items() if value} == {"Maintenance"}
    assert {state for _, state in states} == set(STATES)


def test_a_state_that_is_not_known_yet() -> None:
    """It is told beside the others."""
    states = scene.values(said(scene.cloud(scene.server(1, "Sleeping"))), "management_server_state")
    assert (states["mgmt-1", "Sleeping"], states["mgmt-1", "Up"]) == (1, 0)


@pytest.mark.parametrize("listed", ["10.0.0.1,10.0.0.2@roundrobin", " 10.0.0.2 ", "10.0.0.2@static"])
def test_a_server_that_agents_are_sent_to(listed: str) -> None:
    """The setting still names the one that is Down."""
    found = said(scene.cloud(scene.server(1), scene.server(2, "Down"), settings={"host": listed}))
    wrong = [one for one in found if one.metric.problem and one.value]
    assert [one.labels for one in wrong] == [("mgmt-2",)]
    assert wrong[0].seen == "Down, and the setting 'host' sends agents to 10.0.0.2"


def test_a_server_that_hosts_still_belong_to() -> None:
    """Behind a load balancer the setting says nothing."""
    hosts = (scene.host(1), scene.host(2, "id-2"), scene.host(3, "id-2"))
    cloud = scene.cloud(scene.server(1), scene.server(2, "Down"), hosts=hosts)
    assert down(cloud) == {("mgmt-1",): 0, ("mgmt-2",): 1}


def test_a_server_that_was_taken_out_of_service() -> None:
    """It is listed as Down for ever: nobody needs it. Hosts that are down themselves need nobody."""
    hosts = (scene.host(1), scene.host(2, "id-2", state="Down"), scene.host(3, "id-2", type="SecondaryStorage"))
    cloud = scene.cloud(scene.server(1), scene.server(2, "Down"), hosts=hosts, settings={"host": "10.0.0.1"})
    assert down(cloud) == {("mgmt-1",): 0, ("mgmt-2",): 0}


@pytest.mark.parametrize("state", sorted(HELD_BACK))
def test_a_server_that_is_held_back(state: str) -> None:
    """Maintenance and shutting down are somebody's will."""
    assert set(down(scene.cloud(scene.server(1), scene.server(2, state), settings={"host": NAMED})).values()) == {0}


def test_an_old_version_that_tells_no_address() -> None:
    """An empty address is named by nobody, also not by an empty setting."""
    cloud = scene.cloud(scene.server(1, "Down", address=""), settings={"host": ""})
    assert down(cloud) == {("mgmt-1",): 0}


def test_agents_are_counted_where_hosts_name_their_server() -> None:
    """A server without any has 0; a version whose hosts name nobody tells nothing."""
    hosts = (scene.host(1), scene.host(2), scene.host(3, "", state="Alert"))
    assert scene.values(said(scene.cloud(hosts=hosts)), "management_server_agents") == {
        ("mgmt-1",): 2,
        ("mgmt-2",): 0,
    }
    assert scene.values(said(scene.cloud(hosts=(scene.host(1, ""),))), "management_server_agents") == {}
