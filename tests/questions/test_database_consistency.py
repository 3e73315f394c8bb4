"""Every question about the database before a real MariaDB: a healthy cloud has nothing, each corruption its own set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.model import Question, Via
from exporter.questions import catalogue
from exporter.questions.database_found import Found
from exporter.questions.database_rows import Rows
from exporter.sources.database import Database
from tests.database_cloud import LARGE, fill
from tests.mariadb import Server, mariadb

pytestmark = [pytest.mark.real, pytest.mark.timeout(300), pytest.mark.xdist_group("mariadb")]
QUESTIONS = [question for question in catalogue() if question.via is Via.DATABASE]
AGO = "UTC_TIMESTAMP() - INTERVAL 2 HOUR"
NOW = "UTC_TIMESTAMP()"

CORRUPTIONS: list[tuple[str, str, set[str]]] = [
    ("a VLAN taken for nobody", f"UPDATE op_dc_vnet_alloc SET taken = {AGO} WHERE vnet = '150'", {"vlan_leaked"}),
    ("a used VLAN freed", "UPDATE op_dc_vnet_alloc SET taken = NULL WHERE vnet = '101'", {"vlan_not_taken"}),
    (
        "two networks on one VLAN",
        (
            "UPDATE networks SET broadcast_uri = 'vlan://100' WHERE id = 1001;"
            "UPDATE nics SET broadcast_uri = 'vlan://100' WHERE network_id = 1001;"
            "UPDATE op_dc_vnet_alloc SET taken = NULL WHERE vnet = '101'"
        ),
        {"vlan_shared"},
    ),
    ("the range edited by hand", "UPDATE physical_network SET vnet = '100-170' WHERE id = 200", {"vlan_range_differs"}),
    ("one row of the pool deleted", "DELETE FROM op_dc_vnet_alloc WHERE vnet = '158'", {"vlan_range_differs"}),
    (
        "a public VLAN inside the guest range",
        "UPDATE vlan SET vlan_id = 'vlan://155', physical_network_id = 200 WHERE id = 1",
        {"public_vlan_in_pool"},
    ),
    (
        "one VLAN in two pools of one bridge",
        (
            "INSERT INTO physical_network (id, uuid, name, data_center_id, vnet, state) VALUES (202, 'x', 'two', 1,"
            " '120-120', 'Enabled');"
            "INSERT INTO physical_network_traffic_types (id, uuid, physical_network_id, traffic_type,"
            " kvm_network_label) VALUES (9, 't-9', 202, 'Guest', 'cloudbr1');"
            "INSERT INTO op_dc_vnet_alloc (id, vnet, physical_network_id, data_center_id) VALUES (9999, '120', 202, 1)"
        ),
        {"vlan_on_one_bridge"},
    ),
    ("a network half destroyed", "UPDATE networks SET state = 'Destroy' WHERE id = 14", {"network_half_destroyed"}),
    (
        "storage on two physical networks",
        (
            "INSERT INTO physical_network_traffic_types (id, uuid, physical_network_id, traffic_type) VALUES"
            " (7, 't-7', 200, 'Storage'), (8, 't-8', 201, 'Storage')"
        ),
        {"traffic_type_twice"},
    ),
    (
        "a network on a removed physical network",
        (
            "INSERT INTO physical_network (id, uuid, name, data_center_id, state, removed) VALUES"
            f" (203, 'y', 'gone', 1, 'Disabled', {AGO}); UPDATE networks SET physical_network_id = 203 WHERE id = 12"
        ),
        {"network_misplaced"},
    ),
    ("a range of a removed account", f"UPDATE account SET removed = {AGO} WHERE id = 2", {"vlan_dedicated_to_nobody"}),
    (
        "a NIC in a removed network",
        (
            f"UPDATE nics SET network_id = 13, ip4_address = '10.9.9.9' WHERE id = 1001;"
            f" UPDATE networks SET removed = {AGO}"
            " WHERE id = 13"
        ),
        {"nic_in_removed_network"},
    ),
    ("a machine removed, its NIC not", f"UPDATE vm_instance SET removed = {AGO} WHERE id = 105", {"nic_of_removed_vm"}),
    (
        "one MAC twice",
        (
            "UPDATE nics SET mac_address = (SELECT m FROM (SELECT UPPER(mac_address) m FROM nics WHERE id = 1000) x)"
            " WHERE id = 1040"
        ),
        {"mac_twice"},
    ),
    (
        "one address twice",
        (
            "UPDATE nics SET ip4_address = (SELECT a FROM (SELECT ip4_address a FROM nics WHERE id = 1000) x)"
            " WHERE id = 1040"
        ),
        {"address_twice"},
    ),
    (
        "a public NIC whose address is free",
        "UPDATE user_ip_address SET state = 'Free', allocated = NULL, network_id = NULL, source_nat = 0 WHERE id = 2",
        {"nic_without_public_address"},
    ),
    ("a NIC of another VLAN", "UPDATE nics SET broadcast_uri = 'vlan://999' WHERE id = 1003", {"nic_other_vlan"}),
    (
        "a free address with a rule",
        "UPDATE user_ip_address SET one_to_one_nat = 1 WHERE id = 60",
        {"address_free_with_owner"},
    ),
    (
        "an address allocated to nothing",
        "UPDATE user_ip_address SET network_id = NULL WHERE id = 12",
        {"address_allocated_to_nothing"},
    ),
    (
        "an address of a removed network",
        "UPDATE user_ip_address SET network_id = 13 WHERE id = 12",
        {"address_in_removed_network"},
    ),
    (
        "a leaked management address",
        f"UPDATE op_dc_ip_address_alloc SET nic_id = 99999, taken = {AGO} WHERE id = 2",
        {"management_address_leaked"},
    ),
    (
        "a leaked control address",
        f"UPDATE op_dc_link_local_ip_address_alloc SET nic_id = 99999, taken = {AGO} WHERE id = 2",
        {"control_address_leaked"},
    ),
    (
        "a range of a removed network",
        f"UPDATE vlan SET network_id = 13 WHERE id = 2; UPDATE networks SET removed = {AGO} WHERE id = 13",
        {"range_of_removed_network"},
    ),
    ("addresses of a removed range", f"UPDATE vlan SET removed = {AGO} WHERE id = 1", {"address_of_removed_range"}),
    ("a management server dies", f"UPDATE mshost SET last_update = {AGO} WHERE id = 2", {"host_of_dead_server"}),
    ("a running machine without a host", "UPDATE vm_instance SET host_id = NULL WHERE id = 103", {"vm_without_host"}),
    (
        "two hosts of one address",
        "UPDATE host SET private_ip_address = '10.0.0.11' WHERE id = 2",
        {"host_address_twice"},
    ),
    ("a host in a removed cluster", f"UPDATE cluster SET removed = {AGO} WHERE id = 1", {"host_in_removed_place"}),
    (
        "an agent without its machine",
        (
            f"UPDATE vm_instance SET removed = {AGO} WHERE id = 1; UPDATE nics SET removed ="
            f" {AGO} WHERE instance_id = 1; UPDATE op_dc_ip_address_alloc SET taken = NULL, nic_id = NULL WHERE id = 1;"
            " UPDATE op_dc_link_local_ip_address_alloc SET taken = NULL, nic_id = NULL WHERE id = 1"
        ),
        {"agent_without_vm"},
    ),
    (
        "a lock of a dead server",
        "INSERT INTO op_lock (`key`, mac, ip, thread, acquired_on) VALUES ('networks204', '7777', 't', 'x', NOW())",
        {"lock_of_dead_server"},
    ),
    (
        "a lock held too long",
        (
            "INSERT INTO op_lock (`key`, mac, ip, thread, acquired_on) VALUES ('networks204', '9001',"
            " 't', 'x', NOW() - INTERVAL 7 HOUR)"
        ),
        {"lock_held_long"},
    ),
    (
        "work of HA that stands",
        f"UPDATE op_ha_work SET step = 'Investigating', created = {AGO} WHERE id = 1",
        {"ha_work_stuck"},
    ),
    (
        "work on a machine that stands",
        "UPDATE op_it_work SET step = 'Prepare', updated_at = UNIX_TIMESTAMP() - 7200",
        {"vm_work_stuck"},
    ),
]
"""What was done by hand, and exactly what must be found then."""

QUIET: list[tuple[str, str]] = [
    ("a VLAN taken a minute ago", f"UPDATE op_dc_vnet_alloc SET taken = {NOW} WHERE vnet = '150'"),
    ("a machine removed a minute ago", f"UPDATE vm_instance SET removed = {NOW} WHERE id = 105"),
    (
        "unmanaged machines keep their NICs",
        f"UPDATE vm_instance SET removed = {AGO} WHERE id = 105; UPDATE configuration SET value = 'true'",
    ),
    (
        "two hosts of one address, one a simulator",
        "UPDATE host SET private_ip_address = '10.0.0.11', hypervisor_type = 'Simulator' WHERE id = 2",
    ),
    ("an old row of the range without a dash", "UPDATE physical_network SET vnet = '100-158,159' WHERE id = 200"),
    ("every management server is dead", f"UPDATE mshost SET last_update = {AGO}"),
    ("a shared network inside the pool", "UPDATE vlan SET vlan_id = 'vlan://155' WHERE id = 2"),
    ("an old schema's bare VLAN", "UPDATE vlan SET vlan_id = 'untagged' WHERE id = 1"),
]
"""What looks odd and is not."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mariadb(tmp_path_factory.mktemp("db")) as running:
        yield running


async def found(server: Server) -> dict[str, tuple[Found, ...]]:
    """Ask every question as the exporter does; return what has rows, by name without its beginning."""
    database = Database(server.settings())
    try:
        answers = await database.ask(QUESTIONS, 120.0)
    finally:
        await database.close()
    failures = {question.name: told for question, told in answers.items() if not isinstance(told, Rows)}
    assert failures == {}
    read: dict[Question[object], tuple[Found, ...]] = {one: one.read(told) for one, told in answers.items()}
    return {one.name.removeprefix("database_"): rows for one, rows in read.items() if rows}


async def test_a_healthy_cloud_of_realistic_size_has_nothing(server: Server) -> None:
    """10,000 machines, 4,000 VLANs, 3,000 addresses, and the traps of healthy systems."""
    fill(server, LARGE)
    assert await found(server) == {}


@pytest.mark.parametrize(("what", "how", "expected"), CORRUPTIONS, ids=[row[0] for row in CORRUPTIONS])
async def test_each_corruption_yields_exactly_its_set(server: Server, what: str, how: str, expected: set[str]) -> None:
    """What was done by hand is found, by name and with words; nothing else is."""
    fill(server)
    server.run("SET SESSION sql_mode = ''", *how.split(";"))
    rows = await found(server)
    assert rows.keys() == expected
    assert all(one.name and one.seen and "None" not in one.name for some in rows.values() for one in some), what


@pytest.mark.parametrize(("what", "how"), QUIET, ids=[row[0] for row in QUIET])
async def test_what_looks_odd_and_is_not(server: Server, what: str, how: str) -> None:
    """Grace periods, exclusions and old spellings."""
    fill(server)
    server.run("SET SESSION sql_mode = ''", *how.split(";"))
    assert await found(server) == {}, what


def test_every_question_has_a_corruption() -> None:
    """No question that nothing ever answers."""
    asked = {question.name.removeprefix("database_") for question in QUESTIONS}
    assert asked == {name for _, _, expected in CORRUPTIONS for name in expected}
