"""Management servers that hold each other for dead, and their versions, before a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.questions.database.found import Found, read_found
from exporter.questions.database.rows import Rows
from exporter.questions.management.peers import MANAGEMENT_PEERS
from exporter.sources.database import Database
from tests.database_asking import ask
from tests.database_cloud import fill
from tests.mariadb import Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(300), pytest.mark.xdist_group("mariadb")]
BOTH = (
    "INSERT INTO mshost_peer (id, owner_mshost, peer_mshost, peer_runid, peer_state) VALUES"
    " (1, 1, 2, 1, 'Up'), (2, 2, 1, 1, 'Up')"
)
DOWN = "UPDATE mshost_peer SET peer_state = 'Down' WHERE id = 1"
ONE_OF_TWO = (Found("ms-1", "ms-2"),)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that runs."""
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        yield running


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ((), ()),
        ((DOWN,), ONE_OF_TWO),
        ((DOWN, "UPDATE mshost_peer SET peer_state = 'Down' WHERE id = 2"), (*ONE_OF_TWO, Found("ms-2", "ms-1"))),
        # a row of its former run: it has been started again since
        ((DOWN, "UPDATE mshost SET runid = 7 WHERE id = 2"), ()),
        ((DOWN, "UPDATE mshost SET state = 'Down' WHERE id = 2"), ()),
        ((DOWN, "UPDATE mshost SET state = 'Maintenance' WHERE id = 2"), ()),
        ((DOWN, "UPDATE mshost SET removed = UTC_TIMESTAMP() WHERE id = 2"), ()),
        ((DOWN, "UPDATE mshost SET last_update = UTC_TIMESTAMP() - INTERVAL 200 SECOND WHERE id = 2"), ()),
        # what the dead one held for true when it died
        ((DOWN, "UPDATE mshost SET last_update = UTC_TIMESTAMP() - INTERVAL 200 SECOND WHERE id = 1"), ()),
        (("UPDATE mshost_peer SET peer_state = 'Down', peer_mshost = 1 WHERE id = 1",), ()),
    ],
)
async def test_who_holds_whom_for_dead(server: Server, how: tuple[str, ...], found: tuple[Found, ...]) -> None:
    """Only living servers in their present run count, on both sides."""
    fill(server)
    server.run("DELETE FROM mshost_peer", BOTH, *how)
    database = Database(server.settings())
    try:
        told = await ask(database, [MANAGEMENT_PEERS], 10)
    finally:
        await database.close()
    rows = told[MANAGEMENT_PEERS]
    assert isinstance(rows, Rows), rows
    assert tuple(sorted(read_found(rows), key=lambda one: one.name)) == found
