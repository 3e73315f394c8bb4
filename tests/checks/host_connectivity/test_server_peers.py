"""Management servers that hold living ones for dead."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.server_peers import judge
from exporter.model import Sample
from exporter.questions.database.found import Found
from exporter.questions.database.state import DATABASE_SERVERS
from exporter.questions.management.peers import MANAGEMENT_PEERS
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS
from tests.checks.host_connectivity import management_scene as scene

ONE = scene.target(scene.server(1))
TWO = scene.target(scene.server(2))
FIRST_OF_SECOND = Found("id-1", "id-2")
"""mgmt-1 holds mgmt-2 for dead."""
NOBODY = scene.sockets(peers=frozenset())


def database(
    now: tuple[Found, ...], before: tuple[Found, ...] | None, rows: tuple[Any, ...] = (scene.row(1), scene.row(2))
) -> dict[Any, Any]:
    """Return the database as a member; ``before`` None: it was asked once."""
    given: dict[Any, Any] = {MANAGEMENT_PEERS: now, DATABASE_SERVERS: rows}
    return {scene.DATABASE: scene.answers(given, None if before is None else {MANAGEMENT_PEERS: before})}


def sockets(target: Any, found: Any) -> dict[Any, Any]:
    """Return a management server as a member."""
    return {target: scene.answers({MANAGEMENT_SOCKETS: found})}


def said(members: dict[Any, Any]) -> list[Sample]:
    """Return the samples."""
    return scene.of_group(judge, scene.cloud(), members)


def down(members: dict[Any, Any]) -> dict[tuple[str, ...], float]:
    """Return the verdict by server."""
    return scene.values(said(members), "management_server_peers_down")


def test_all_know_each_other() -> None:
    """Zero is said of each server."""
    assert down(database((), ())) == {("mgmt-1",): 0, ("mgmt-2",): 0}


def test_two_looks_show_it() -> None:
    """The one that says so is named, with whom it says it of."""
    found = said(database((FIRST_OF_SECOND,), (FIRST_OF_SECOND,)))
    (one,) = [one for one in found if one.value]
    assert (one.labels, one.seen) == (("mgmt-1",), "holds for dead: mgmt-2")


@pytest.mark.parametrize("before", [None, ()])
def test_one_look_is_none(before: tuple[Found, ...] | None) -> None:
    """A server that was restarted is known again within seconds."""
    assert set(down(database((FIRST_OF_SECOND,), before)).values()) == {0}


@pytest.mark.parametrize(
    "members",
    [
        sockets(ONE, scene.sockets(peers=frozenset({"10.0.0.2"}))),
        sockets(TWO, scene.sockets(peers=frozenset({"10.0.0.1"}))),
    ],
)
def test_a_connection_speaks_against_it(members: dict[Any, Any]) -> None:
    """As either of the two sees it."""
    assert set(down(members | database((FIRST_OF_SECOND,), (FIRST_OF_SECOND,))).values()) == {0}


def test_no_connection_proves_nothing_and_clears_nothing() -> None:
    """They are opened when there is something to say."""
    quiet = sockets(ONE, NOBODY) | sockets(TWO, scene.sockets(peers=frozenset({"10.0.0.77"})))
    assert set(down(quiet | database((), ())).values()) == {0}
    assert down(quiet | database((FIRST_OF_SECOND,), (FIRST_OF_SECOND,)))["mgmt-1",] == 1


def test_only_living_servers_judge() -> None:
    """What a dead one last held for true is nothing."""
    rows = (scene.row(1, age=400.0), scene.row(2))
    assert down(database((FIRST_OF_SECOND,), (FIRST_OF_SECOND,), rows)) == {("mgmt-2",): 0}


def test_who_is_connected_with_whom() -> None:
    """Others than management servers have that port too; a server is no peer of itself."""
    found = said(sockets(ONE, scene.sockets(peers=frozenset({"10.0.0.1", "10.0.0.2", "10.0.0.77"}))))
    assert {one.labels: one.value for one in found} == {("mgmt-1",): 1}


def test_nothing_without_the_database() -> None:
    """And nothing while it cannot be judged."""
    assert down({}) == {}
    assert down({scene.DATABASE: scene.answers({DATABASE_SERVERS: (scene.row(),)})}) == {}
    assert down({scene.DATABASE: scene.answers({MANAGEMENT_PEERS: ()})}) == {}
