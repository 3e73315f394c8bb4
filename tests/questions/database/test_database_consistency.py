"""Every check of the database before a real MariaDB: a healthy cloud has nothing, each corruption its own set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pymysql
import pytest

from exporter.checks import Registered
from exporter.checks.hypervisor_links import database_inconsistencies, database_leftovers
from exporter.checks.hypervisor_links.database_kinds import INCONSISTENCIES, LEFTOVERS
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.judging import Judging, Judgment
from exporter.memory import TargetMemory
from exporter.model import Answer, Failure, Issue, Outcome, Question, Reason, Sample
from exporter.questions.database.counts import ADDRESS_POOLS, RULE_SEQUENCES, VLANS_TAKEN
from exporter.questions.database.rows import Rows, for_schema
from exporter.sources.database import Database
from tests.database_asking import ask
from tests.database_cloud import LARGE, fill
from tests.database_corruptions import CORRUPTIONS, QUIET
from tests.database_releases import OLDER
from tests.mariadb import READER, Server, install_account, install_role, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(300), pytest.mark.xdist_group("mariadb")]
KINDS = (*INCONSISTENCIES, *LEFTOVERS)
NAMES = {kind.name for kind in KINDS}
QUESTIONS: tuple[Question[Any], ...] = (*(kind.question for kind in KINDS), ADDRESS_POOLS, VLANS_TAKEN, RULE_SEQUENCES)
CHECKS = tuple(
    Registered(Issue.HYPERVISOR_LINKS, module.__name__.rpartition(".")[2], module.CHECK)
    for module in (database_inconsistencies, database_leftovers)
)
READING, WRITING, TESTER = "reading", "writing", "tester"
ROUND = 600.0
Outcomes = Mapping[Question[Any], Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Small:
    """A healthy cloud in its small size, and a connection whose changes are undone after each test.

    It writes as one who may do everything, and asks as one who may read what ``privileges database`` grants.
    """

    server: Server
    connection: pymysql.connections.Connection[pymysql.cursors.Cursor]
    columns: frozenset[str]

    def run(self, how: str) -> None:
        with self.connection.cursor() as cursor:
            for statement in how.split(";"):
                cursor.execute(statement)

    def ask(self, database: str = "cloud") -> Outcomes:
        """Return what every question reads inside the transaction."""
        found: dict[Question[Any], Any] = {}
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {READING}")
            cursor.execute(f"USE `{database}`")
            columns = columns_of(self.connection, database)
            for question in QUESTIONS:
                cursor.execute(for_schema(question.text, columns))
                names = tuple(column[0] for column in cursor.description)
                found[question] = question.read(Rows(names, tuple(cursor.fetchall())))
            cursor.execute(f"SET ROLE {WRITING}")
            cursor.execute("USE cloud")
        return found


def columns_of(connection: pymysql.connections.Connection[Any], database: str) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT LOWER(CONCAT(table_name, '.', column_name)) FROM information_schema.columns"
            " WHERE table_schema = %s",
            (database,),
        )
        return frozenset(row[0] for row in cursor.fetchall())


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[Small]:
    fill(server)
    install_role(server, READING)
    server.run(
        f"CREATE ROLE {WRITING}",
        f"GRANT ALL ON *.* TO {WRITING}",
        f"CREATE USER {TESTER}@localhost",
        *(f"GRANT {role} TO {TESTER}@localhost" for role in (READING, WRITING)),
    )
    with closing(pymysql.connect(unix_socket=str(server.folder / "sock"), user=TESTER)) as connection:
        connection.autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {WRITING}")
            cursor.execute("USE cloud")
            cursor.execute("SET SESSION sql_mode = ''")
        yield Small(server, connection, columns_of(connection, "cloud"))


@pytest.fixture
def small(filled: Small) -> Iterator[Small]:
    filled.connection.rollback()
    filled.run("UPDATE mshost SET last_update = UTC_TIMESTAMP()")  # the servers' hearts beat
    yield filled
    filled.connection.rollback()


def judged(*rounds: Outcomes) -> dict[str, Sample]:
    """Return what the checks say after these rounds, by the name of the check; each makes its own sample."""
    memory, standing = TargetMemory(), dict[str, Judgment]()
    judging = Judging(CHECKS, lambda judgment: standing.update({judgment.registered.name: judgment}))
    for number, values in enumerate(rounds, start=1):
        asked = ROUND * number
        memory.note({one: _outcome(told, asked) for one, told in values.items()}, asked)
        judging.target(DatabaseTarget(), memory, Cloud(expires=1e9))
    samples = [sample for judgment in standing.values() for sample in judgment.samples]
    assert judging.defects == {}
    return {sample.labels[0]: sample for sample in samples if not sample.metric.name.endswith("_ratio")}


def _outcome(told: Any, asked: float) -> Outcome:
    return told if isinstance(told, Failure) else Answer(told, asked, asked, asked + 2 * ROUND)


def problems(samples: Mapping[str, Sample]) -> set[str]:
    assert samples.keys() == NAMES
    return {name for name, one in samples.items() if one.metric.problem and one.metric.problem.holds(one.value, 0)}


async def test_a_healthy_cloud_of_realistic_size_has_nothing(server: Server) -> None:
    """10,000 machines, 4,000 VLANs, 3,000 addresses, and the traps of healthy systems, as the exporter asks."""
    fill(server, LARGE)
    install_account(server, "granted")
    database = Database(server.settings(user="granted"))
    patient = {replace(question, seconds=20.0): question for question in QUESTIONS}  # a busy test machine
    try:
        brought = await ask(database, tuple(patient), 240.0)
    finally:
        await database.close()
        fill(server)
    assert {one.name: told for one, told in brought.items() if not isinstance(told, Rows)} == {}
    values = {patient[one]: one.read(told) for one, told in brought.items()}
    assert problems(judged(values, values)) == set()
    assert len(values[RULE_SEQUENCES]) == LARGE.vms
    assert len(values[VLANS_TAKEN]["pn-200"]) == LARGE.networks + 1


@pytest.mark.parametrize(("what", "how", "expected"), CORRUPTIONS, ids=[row[0] for row in CORRUPTIONS])
def test_each_corruption_yields_exactly_its_set(small: Small, what: str, how: str, expected: set[str]) -> None:
    """What was done by hand is found in the second round, by name and with words; nothing else is."""
    healthy = small.ask()
    small.run(how)
    broken = small.ask()
    assert problems(judged(healthy, broken)) == set(), what
    assert judged(broken).keys() == NAMES - expected  # the first look: neither healthy nor a problem
    samples = judged(healthy, broken, broken)
    assert problems(samples) == expected
    for name in expected:
        one = samples[name]
        assert one.seen.startswith(f"{one.value}: "), what
        assert "None" not in one.seen
        assert "? (" not in one.seen
        assert one.expected.startswith("none: ")
        assert len(one.remedy) > 20
    assert problems(judged(broken, broken, healthy)) == set()  # mended: healthy at the next look


@pytest.mark.parametrize(("what", "how"), QUIET, ids=[row[0] for row in QUIET])
def test_what_looks_odd_and_is_not(small: Small, what: str, how: str) -> None:
    """Grace periods, exclusions and old spellings."""
    small.run(how)
    odd = small.ask()
    assert problems(judged(odd, odd)) == set(), what


@pytest.mark.parametrize("zone", ["+09:00", "-08:00"])
@pytest.mark.parametrize(("hours", "expected"), [(5, set[str]()), (7, {"lock_held_long"})])
def test_locks_are_as_old_as_gmt_says(small: Small, zone: str, hours: int, expected: set[str]) -> None:
    """CloudStack writes when a lock was taken in GMT, into a column whose times are those of the session."""
    small.run(f"DELETE FROM op_lock; SET SESSION time_zone = '{zone}'")
    try:
        taken = f"UTC_TIMESTAMP() - INTERVAL {hours} HOUR"
        small.run(f"INSERT INTO op_lock (`key`, mac, ip, thread, acquired_on) VALUES ('n', '9001', 't', 'x', {taken})")
        odd = small.ask()
        assert problems(judged(odd, odd)) == expected
    finally:
        small.run("SET SESSION time_zone = DEFAULT")


@pytest.mark.parametrize("off", ["+ INTERVAL 3 HOUR", "- INTERVAL 3 HOUR"])
def test_a_living_server_whose_clock_is_wrong_is_not_dead(small: Small, off: str) -> None:
    """Its heartbeat goes on, so that in no two rounds the same rows are found; of one that died they are the same."""
    rounds = []
    for seconds in (0, 600):
        small.run(
            f"UPDATE mshost SET last_update = UTC_TIMESTAMP() {off} + INTERVAL {seconds} SECOND WHERE id = 2;"
            "UPDATE op_lock SET mac = '9002'"
        )
        rounds.append(small.ask())
    assert problems(judged(*rounds)) == set()
    assert problems(judged(rounds[1], rounds[1])) == {"host_of_dead_server", "lock_of_dead_server"}


IN_ZONES = {
    "address_free_with_owner": "UPDATE user_ip_address SET one_to_one_nat = 1 WHERE id = 60",
    "address_allocated_to_nothing": "UPDATE user_ip_address SET network_id = NULL WHERE id = 12",
    "address_in_removed_network": "UPDATE user_ip_address SET network_id = 13 WHERE id = 12",
    "address_of_removed_range": "UPDATE vlan SET removed = UTC_TIMESTAMP() - INTERVAL 2 HOUR WHERE id = 1",
    "management_address_leaked": "UPDATE op_dc_ip_address_alloc SET nic_id = 99999, taken = '2026-01-01' WHERE id = 2",
    "control_address_leaked": (
        "UPDATE op_dc_link_local_ip_address_alloc SET nic_id = 99999, taken = '2026-01-01' WHERE id = 2"
    ),
    "vlan_leaked": "UPDATE op_dc_vnet_alloc SET taken = '2026-01-01' WHERE vnet = '150'",
    "vlan_shared": "UPDATE networks SET broadcast_uri = 'vlan://100' WHERE id = 1001",
    "vlan_range_differs": "UPDATE physical_network SET vnet = '100-170' WHERE id = 200",
    "vlan_on_one_bridge": "UPDATE physical_network_traffic_types SET kvm_network_label = 'cloudbr1' WHERE id = 4",
}
"""Kind of which names are unique in a zone only -> how one comes about."""


@pytest.mark.parametrize("name", IN_ZONES)
def test_what_two_zones_have_alike_is_not_one_row(small: Small, name: str) -> None:
    """Private addresses, pods' control addresses and names of physical networks repeat: the zone is in the name."""
    small.run(IN_ZONES[name])
    here = small.ask()
    small.run("UPDATE data_center SET name = 'another' WHERE id = 1")
    there = small.ask()
    assert name in problems(judged(here, here))
    assert name not in problems(judged(here, there))


def test_it_is_asked_with_the_printed_grants_alone(small: Small) -> None:
    """Within the transaction, so that what was broken and not committed is seen: secrets are refused."""
    with small.connection.cursor() as cursor:
        cursor.execute("UPDATE vm_instance SET name = 'renamed'")
        cursor.execute(f"SET ROLE {READING}")
        cursor.execute("SELECT DISTINCT name FROM vm_instance")
        assert cursor.fetchall() == (("renamed",),)
        for refused in ("SELECT vnc_password FROM vm_instance", "SELECT 1 FROM mysql.user", "DELETE FROM op_lock"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(refused)
        cursor.execute(f"SET ROLE {WRITING}")


def test_the_traps_are_there(small: Small) -> None:
    """What healthy systems do and must not be cried at is in the tables that are judged: facts, "do not check"."""
    traps = {
        "removed networks with another state": "networks WHERE removed IS NOT NULL AND state <> 'Destroy'",
        "counters that drift": "op_networks WHERE nics_count = 77",
        "no last ping": "host WHERE COALESCE(last_ping, 0) = 0 AND removed IS NULL AND status = 'Up'",
        "machines being expunged": "vm_instance WHERE state = 'Expunging' AND removed IS NULL",
        "stopped networks": "networks WHERE state = 'Allocated' AND broadcast_uri IS NULL AND removed IS NULL",
        "redundant routers": "nics a JOIN nics b ON a.id < b.id AND a.mac_address = b.mac_address",
        "an old queue": "op_nwgrp_work WHERE step = 'Processing'",
        "shared VLANs outside the pool": "vlan WHERE vlan_type = 'DirectAttached' AND vlan_id = 'vlan://4000'",
        "placeholders": "nics WHERE strategy = 'PlaceHolder' AND instance_id IS NULL",
        "free addresses": "user_ip_address WHERE state = 'Free'",
        "removed hosts": "host WHERE status = 'Removed'",
        "a VNI with the number of a VLAN": "op_dc_vnet_alloc WHERE physical_network_id = 205 AND vnet = '105'",
    }
    with small.connection.cursor() as cursor:
        for name, where in traps.items():
            cursor.execute(f"SELECT COUNT(*) FROM {where}")
            assert cursor.fetchone()[0] > 0, name  # type: ignore[index]
    values = small.ask()
    assert problems(judged(values, values)) == set()


@pytest.mark.parametrize("release", OLDER)
def test_older_schemas_still_work(small: Small, release: str) -> None:
    """What a release has no column for is left out; everything else is asked and finds what it finds."""
    old = f"old_{release.replace('.', '_')}"
    missing = OLDER[release]
    tables = {column.partition(".")[0] for column in small.columns}
    with small.connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{old}`")
        for table in sorted(tables):
            cursor.execute(f"CREATE TABLE `{old}`.`{table}` LIKE cloud.`{table}`")
            gone = [column.partition(".")[2] for column in missing if column.startswith(f"{table}.")]
            kept = [one.partition(".")[2] for one in small.columns - missing if one.startswith(f"{table}.")]
            for column in gone:
                cursor.execute(f"ALTER TABLE `{old}`.`{table}` DROP COLUMN `{column}`")
            names = ", ".join(f"`{column}`" for column in kept)
            cursor.execute(f"INSERT INTO `{old}`.`{table}` ({names}) SELECT {names} FROM cloud.`{table}`")
        if "vlan.ip4_range" in missing:
            cursor.execute(f"ALTER TABLE `{old}`.vlan ADD COLUMN description varchar(255)")
            cursor.execute(f"UPDATE `{old}`.vlan o JOIN cloud.vlan n USING (id) SET o.description = n.ip4_range")
        if "data_center.type" in missing:
            cursor.execute(f"DELETE FROM `{old}`.data_center WHERE id = 2")  # edge zones came with the column
    assert columns_of(small.connection, old).isdisjoint(missing)
    install_role(small.server, READING, old)
    healthy = small.ask(old)
    assert problems(judged(healthy, healthy)) == set()
    with small.connection.cursor() as cursor:
        cursor.execute(f"UPDATE `{old}`.op_dc_vnet_alloc SET taken = NULL WHERE vnet = '101'")
        column = "description" if "vlan.ip4_range" in missing else "ip4_range"
        cursor.execute(f"UPDATE `{old}`.vlan SET {column} = '203.0.125.1-203.0.126.254' WHERE id = 3")
    broken = small.ask(old)
    assert problems(judged(broken, broken)) == {"vlan_not_taken", "ranges_overlap"}


async def test_a_missing_column_or_grant_blinds_its_own_checks_alone(server: Server) -> None:
    """Whose question cannot be answered has no sample, never 0; the others are judged."""
    fill(server)
    user = f"'{READER}'@'%'"
    server.run(
        "ALTER TABLE account_vnet_map CHANGE vnet_range other varchar(255)",
        f"REVOKE SELECT ON cloud.* FROM {user}",
        *(
            f"GRANT SELECT ON cloud.`{name}` TO {user}"
            for (name,) in server.rows("SHOW TABLES")
            if name not in {"op_lock", "op_ha_work"}
        ),
    )
    database = Database(server.settings())
    try:
        brought = await ask(database, QUESTIONS, 120.0)
    finally:
        await database.close()
        server.run(
            "ALTER TABLE account_vnet_map CHANGE other vnet_range varchar(255)", f"GRANT SELECT ON cloud.* TO {user}"
        )
    failed = {
        one.name.removeprefix("database_"): told.reason for one, told in brought.items() if isinstance(told, Failure)
    }
    assert failed == {
        "vlan_dedicated_to_nobody": Reason.UNSUPPORTED,
        "vlan_not_dedicated": Reason.UNSUPPORTED,
        "lock_of_dead_server": Reason.PERMISSION,
        "lock_held_long": Reason.PERMISSION,
        "ha_work_stuck": Reason.PERMISSION,
    }
    values = {one: told if isinstance(told, Failure) else one.read(told) for one, told in brought.items()}
    samples = judged(values, values)
    assert samples.keys() == NAMES - failed.keys()
    assert not any(one.value for one in samples.values())


@pytest.mark.parametrize("older", [False, True])
async def test_a_grant_that_comes_while_the_session_is_open_is_no_older_schema(server: Server, *, older: bool) -> None:
    """The columns were asked while the table was not granted: its guards stay, and a healthy cloud has nothing."""
    fill(server)
    user = f"late{older:d}"
    grant = f"SELECT ON cloud.user_ip_address {{}} '{user}'@'127.0.0.1'"
    install_account(server, user)
    server.run(
        f"REVOKE {grant.format('FROM')}", *(["ALTER TABLE user_ip_address RENAME COLUMN forsystemvms TO x"] * older)
    )
    database = Database(server.settings(user=user))
    patient = {replace(question, seconds=20.0): question for question in QUESTIONS}
    rounds: list[Outcomes] = []
    try:
        for number in range(3):
            brought = await ask(database, tuple(patient), 240.0)
            rounds.append(
                {patient[one]: told if isinstance(told, Failure) else one.read(told) for one, told in brought.items()}
            )
            if number == 0:
                server.run(f"GRANT {grant.format('TO')}")
    finally:
        await database.close()
        if older:
            server.run("ALTER TABLE user_ip_address RENAME COLUMN x TO forsystemvms")
    failures = [{one.reason for one in told.values() if isinstance(one, Failure)} for told in rounds]
    assert failures == [{Reason.PERMISSION}, set(), set()]
    assert {name for name, one in judged(*rounds[1:]).items() if one.value} == set()


def test_every_check_has_a_corruption() -> None:
    """No check that nothing ever turns."""
    assert {name for _, _, expected in CORRUPTIONS for name in expected} == NAMES


def test_no_question_asks_for_a_lock_or_writes() -> None:
    """They are read-only by their text too, beside the account's grants and the session."""
    for question in QUESTIONS:
        assert question.text.startswith("SELECT ")
        words = set(question.text.upper().replace("(", " ").split())
        assert words.isdisjoint({"UPDATE", "DELETE", "INSERT", "LOCK", "INTO", "CALL", "SET"})
        assert "FOR UPDATE" not in question.text.upper()
