"""The lab's database: a real server, CloudStack's tables, the lab's own cloud in them, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomysql
import pymysql
import pytest
import pytest_asyncio

from exporter.lab import CATALOGUE, Lab, Options
from exporter.lab.database.cloud import LabDatabase
from exporter.lab.database.server import PROGRAMS
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports
from exporter.model import Failure, Question, Via
from exporter.questions import catalogue
from exporter.questions.database.found import Found
from exporter.questions.database.rows import OPTIONAL, Rows
from exporter.sources.database import Database, DatabaseSettings
from tests.database_asking import ask
from tests.real_parts import require

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
COLUMNS = Path(__file__).parents[1] / "samples/database/columns-4.22.tsv"
QUESTIONS: list[Question[Any]] = [question for question in catalogue() if question.via is Via.DATABASE]

FOUND = {
    "database_vlan_leaked": {"database_vlan_leaked"},
    "database_vlan_range_edited": {"database_vlan_range_differs"},
    "database_vlan_of_two_networks": {"database_vlan_shared"},
    "database_vlan_freed_and_given_away": {"database_vlan_shared"},
    "database_address_twice": {"database_address_twice"},
    "database_address_of_nobody": {"database_address_allocated_to_nothing"},
    "database_cluster_removed": {"database_host_in_removed_place"},
    "database_lock_stale": {"database_lock_of_dead_server"},
    "database_work_stuck": {"database_ha_work_stuck"},
}
"""Fault -> the questions that find it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab() -> AsyncIterator[Lab]:
    require(*PROGRAMS)
    async with Lab(Options(database=True)) as running:
        assert running.database is not None
        assert running.database.missing == ""
        yield running


def settings(lab: Lab) -> DatabaseSettings:
    """Return what the lab's configuration says."""
    section = lab.config["database"]
    host, _, port = section["servers"][0].rpartition(":")
    password = Path(section["password_file"]).read_text()
    return DatabaseSettings(servers=((host, int(port)),), user=section["user"], password=password, tls=section["tls"])


@asynccontextmanager
async def reading(lab: Lab) -> AsyncIterator[Any]:
    """Yield a cursor of the account that the configuration names."""
    given = settings(lab)
    host, port = given.servers[0]
    connection = await aiomysql.connect(host=host, port=port, user=given.user, password=given.password, db="cloud")
    async with connection.cursor() as cursor:
        yield cursor
    connection.close()


async def rows(lab: Lab, statement: str) -> list[tuple[Any, ...]]:
    """Return what one statement brings whoever may read everything."""
    assert lab.database is not None
    connection = await lab.database._server._connection()
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
            return list(await cursor.fetchall())
    finally:
        connection.close()


async def found(lab: Lab) -> dict[str, Any]:
    """Ask every question as the exporter does; return what it finds, and why what was not answered."""
    database = Database(settings(lab))
    try:
        brought = await ask(database, QUESTIONS, 60.0)
    finally:
        await database.close()
    told = {one.name: one.read(given) if isinstance(given, Rows) else given for one, given in brought.items()}
    return {name: some for name, some in told.items() if isinstance(some, Failure) or _is_found(some)}


def _is_found(answer: object) -> bool:
    return isinstance(answer, tuple) and any(isinstance(one, Found) for one in answer)


async def test_its_tables_are_those_of_cloudstack(lab: Lab) -> None:
    """Every column has the name and the type that it has in 4.22; every table has its primary key."""
    lines = [line.split("\t") for line in COLUMNS.read_text().splitlines() if not line.startswith("#")]
    real = {(table, name): (kind, key == "PRI") for table, _, name, kind, _, key, *_ in lines}
    told = await rows(
        lab,
        "SELECT table_name, column_name, column_type, column_key = 'PRI' FROM information_schema.columns"
        " WHERE table_schema = 'cloud'",
    )
    ours = {(table, name): (kind, bool(is_primary)) for table, name, kind, is_primary in told}
    assert {place: (ours[place], real.get(place)) for place in ours if ours[place] != real.get(place)} == {}
    tables = {table for table, _ in ours}
    assert {place for place, (_, is_primary) in real.items() if is_primary and place[0] in tables} <= ours.keys()


async def test_it_has_what_is_optional_in_questions(lab: Lab) -> None:
    """Statements are asked whole, not with parts left out for an older schema."""
    told = await rows(
        lab, "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = 'cloud'"
    )
    optional = {match["column"] for question in QUESTIONS for match in OPTIONAL.finditer(question.text)}
    real = {".".join(line.split("\t")[:3:2]) for line in COLUMNS.read_text().splitlines()}
    assert optional & real <= {name for (name,) in told}


async def test_every_question_is_answered_and_finds_nothing(lab: Lab) -> None:
    """The healthy lab's database does not contradict itself."""
    assert await found(lab) == {}


async def test_it_tells_the_story_of_the_api(lab: Lab) -> None:
    """The same zones, hosts, networks, machines and management servers, by name and uuid."""
    world = lab.world
    assert set(await rows(lab, "SELECT uuid, name FROM data_center")) == {(one.id, one.name) for one in world.zones}
    hosts = await rows(lab, "SELECT uuid, name, private_ip_address FROM host WHERE type = 'Routing'")
    assert set(hosts) == {(one.id, one.name, one.address) for one in (*world.hosts, *world.xen_hosts)}
    guests = await rows(lab, "SELECT uuid, broadcast_uri FROM networks WHERE traffic_type = 'Guest'")
    assert set(guests) == {(one.id, f"vlan://{one.vlan}") for one in world.networks}
    machines = await rows(lab, "SELECT uuid, instance_name, state FROM vm_instance WHERE type = 'User'")
    assert set(machines) == {(one.id, one.domain, one.state) for one in world.instances}
    others = await rows(lab, "SELECT uuid, name FROM vm_instance WHERE type <> 'User'")
    inner = {(one.id, one.name) for one in world.routers} | {(one.id, one.name) for one in world.system_vms}
    assert set(others) == inner
    servers = await rows(lab, "SELECT uuid, name, msid, state FROM mshost")
    assert set(servers) == {(one.id, one.name, one.msid, one.state) for one in world.management_servers}
    taken = await rows(lab, "SELECT vnet, COUNT(*) FROM op_dc_vnet_alloc WHERE taken IS NOT NULL GROUP BY vnet")
    assert dict(taken) == {str(one.vlan): 1 for one in world.networks if one.kind == "Isolated"}


async def test_heartbeats_go_on(lab: Lab) -> None:
    """Management servers write while the lab runs."""
    statement = "SELECT MIN(last_update) FROM mshost"
    first = await rows(lab, statement)
    async with asyncio.timeout(60):
        while await rows(lab, statement) <= first:
            await asyncio.sleep(0.1)


async def test_its_temporary_tables_are_its_own(lab: Lab) -> None:
    """Two servers that share a directory for them clear each other's when they start."""
    assert lab.database is not None
    folder = lab.database._server.folder
    assert await rows(lab, "SELECT @@tmpdir, @@datadir") == [(f"{folder}/tmp", f"{folder}/data/")]


@pytest.mark.parametrize(
    "statement", ["UPDATE version SET step = 'x'", "SELECT uuid FROM host", "SELECT * FROM mysql.user"]
)
async def test_the_account_may_do_what_privileges_database_says(lab: Lab, statement: str) -> None:
    """The server itself refuses everything else."""
    async with reading(lab) as cursor:
        with pytest.raises(pymysql.err.Error, match="denied"):
            await cursor.execute(statement)


async def test_the_process_is_nobodys(lab: Lab) -> None:
    """It has no privilege, also where the lab is run by root."""
    assert lab.database is not None
    (line,) = re.findall(r"^Uid:.*$", Path(f"/proc/{lab.database.pid}/status").read_text(), re.MULTILINE)
    assert "0" not in line.split()
    assert line.split()[1] == str(os.geteuid() or 65534)


@pytest.mark.parametrize(("name", "expected"), FOUND.items(), ids=FOUND)
async def test_each_edit_is_found_and_is_undone(lab: Lab, name: str, expected: set[str]) -> None:
    """Exactly the question that is meant for it finds it, and nothing is left of it."""
    await lab.set(name, on=True)
    try:
        assert (await found(lab)).keys() == expected
    finally:
        await lab.set(name, on=False)
    assert await found(lab) == {}


async def test_every_edit_is_tried() -> None:
    """A fault of the database that finds an inconsistency stands above."""
    metric = "cloudstack_network_hypervisor_links_database_inconsistencies"
    edits = {name for name, fault in CATALOGUE.items() if name.startswith("database_") and metric in fault.expects}
    assert edits == FOUND.keys()


async def test_a_server_that_was_down_has_its_data(lab: Lab) -> None:
    """It is refused while it is down, and told as before afterwards."""
    before = await rows(lab, "SELECT uuid FROM nics ORDER BY id")
    await lab.set("database_down", on=True)
    try:
        with pytest.raises(pymysql.err.OperationalError, match="Can't connect"):
            await rows(lab, "SELECT 1")
    finally:
        await lab.set("database_down", on=False)
    assert await rows(lab, "SELECT uuid FROM nics ORDER BY id") == before


async def _read_version(lab: Lab) -> None:
    async with reading(lab) as cursor:
        await cursor.execute("SELECT version FROM version")
        assert await cursor.fetchall()


async def test_another_password_ends_sessions(lab: Lab) -> None:
    """Who was logged in is thrown out, and is let in again when it is mended."""
    async with reading(lab) as cursor:
        await lab.set("database_password_changed", on=True)
        try:
            with pytest.raises(pymysql.err.Error):
                await cursor.execute("SELECT 1")
            with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
                await _read_version(lab)
        finally:
            await lab.set("database_password_changed", on=False)
    await _read_version(lab)


async def _fail_inside(database: LabDatabase) -> None:
    try:
        await database.start()
        message = "on purpose"
        raise RuntimeError(message)
    finally:
        await database.close()


async def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Process and folder are gone, also when something fails while it starts."""
    require(*PROGRAMS)
    database = LabDatabase(23999, tmp_path / "password")
    with pytest.raises(RuntimeError, match="on purpose"):
        await _fail_inside(database)
    assert database.pid == 0
    assert not database.folder.exists()


async def test_it_says_why_it_does_not_start(tmp_path: Path) -> None:
    """A port that is taken does not stop the lab; the configuration has no database then."""
    require(*PROGRAMS)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        database = LabDatabase(taken.getsockname()[1], tmp_path / "password")
        try:
            await database.start()
            world = build(Options(), Ports.block(20000), 1_795_000_000.0)
            database.hold(world)
            await database.show(world)
        finally:
            await database.close()
    assert database.missing.startswith("MariaDB does not start")
    assert database.configuration() == {}


async def test_without_the_programs_there_is_none(tmp_path: Path) -> None:
    """It says what to install; everything else of the lab goes on."""
    database = LabDatabase(1, tmp_path / "password", search=str(tmp_path))
    world = build(Options(), Ports.block(20000), 1_795_000_000.0)
    await database.start()
    database.hold(world)
    await database.show(world)
    await database.close()
    assert "apt install mariadb-server-core" in database.missing
    assert database.configuration() == {}
