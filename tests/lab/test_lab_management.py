"""Management servers of the lab: their rows, who is connected to them, and the lines of their log."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.lab.api.rows_zone import hosts, management_servers
from exporter.lab.daemons.management_log import Logs
from exporter.lab.inside.management_server import management_tree
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.management import Complaint, ManagementServer
from exporter.lab.world.world import Ports, World
from exporter.questions.management.log_lines import HEADER

NOW = 1_795_000_000.0


def made() -> World:
    return build(Options(), Ports.block(20000), NOW)


def test_every_line_is_of_the_fourth_era(tmp_path: Path) -> None:
    """Dates are in order, and the newest line is no complaint, so that none is held back."""
    world = made()
    server = world.management_server(1)
    server.complaints = [Complaint("WARN", "c.c.n.e.VirtualRouterElement", "Unable to save password")]
    logs = Logs(tmp_path)
    logs.show(world)
    logs.write(server)
    written = logs.path(server.name).read_text().splitlines()
    heads = [HEADER.fullmatch(text) for text in written]
    assert None not in heads
    dates = [head["at"] for head in heads if head]
    assert dates == sorted(dates)
    assert "password" not in written[-1]


def sockets(world: World, server: ManagementServer) -> list[list[str]]:
    """Return the words of every socket of a management server."""
    return [text.split() for text in management_tree(world, server).knows["sockets"].splitlines()]


def agents(world: World, server: ManagementServer) -> set[str]:
    """Return the addresses that are connected to the port of agents."""
    local = f"[::ffff:{server.address}]:8250"
    return {words[5].partition("]:")[0].rpartition(":")[2] for words in sockets(world, server) if words[4] == local}


def test_every_agent_is_connected_to_the_server_that_cloudstack_names() -> None:
    """Hosts and console proxies; each to one, and each server has some. XenServer has no agent: servers dial it."""
    world = made()
    with_agents = (row for row in hosts(world) if row.get("hypervisor") != "XenServer")
    rows = {row["ipaddress"]: row["managementservername"] for row in with_agents}
    for server in world.management_servers:
        assert agents(world, server) == {address for address, name in rows.items() if name == server.name}
        assert len(agents(world, server)) > 5


def test_a_server_that_is_down_has_no_agents_and_no_peers() -> None:
    """CloudStack gives its agents to the other one."""
    world = made()
    first, second = world.management_servers
    first.state, first.service = "Down", "failed"
    assert {row["managementservername"] for row in hosts(world)} == {second.name}
    assert [words[1] for words in sockets(world, first)] == ["LISTEN"]
    assert not any(f":{world.ports.cluster}" in words[5] for words in sockets(world, second))
    assert "failed failed exit-code" in management_tree(world, first).knows["units"]


def test_connections_can_be_lost_one_by_one() -> None:
    """Agents, other management servers, the database; ports that nobody listens on."""
    world = made()
    server = world.management_server(1)
    server.agents, server.talks, server.database = 2, False, 0
    server.ports, server.cluster = {8080, 8096}, "refused"
    found = sockets(world, server)
    assert len(agents(world, server)) == 2
    assert len([words for words in found if words[1] == "ESTAB"]) == 2
    assert {words[4] for words in found if words[1] == "LISTEN"} == {"0.0.0.0:22", "*:8080", "*:8096"}


@pytest.mark.parametrize("how", ["dropped", "refused"])
def test_the_way_to_one_server_is_lost(how: str) -> None:
    """The other one has no connection to it, and it still has one to the other."""
    world = made()
    first, second = world.management_servers
    second.cluster = how
    cluster = f":{world.ports.cluster}"
    assert not any(words[5].endswith(f"{second.address}]{cluster}") for words in sockets(world, first))
    assert any(words[5].endswith(f"{first.address}]{cluster}") for words in sockets(world, second))
    assert any(words[4] == f"*{cluster}" for words in sockets(world, second)) is (how == "dropped")


def test_the_api_lists_them() -> None:
    """With address and version."""
    world = made()
    world.management_server(2).state, world.management_server(2).version = "Maintenance", "4.20.2.0"
    rows = [(row["name"], row["state"], row["version"], row["ipaddress"]) for row in management_servers(world)]
    assert rows == [("mgmt-1", "Up", "4.20.1.0", "127.3.0.101"), ("mgmt-2", "Maintenance", "4.20.2.0", "127.3.0.102")]
    assert len({server.msid for server in world.management_servers}) == 2
