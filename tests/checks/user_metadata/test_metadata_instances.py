"""The verdict on the data that a router holds for each instance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.user_metadata.metadata_instances import judge
from exporter.checks.user_metadata.remedies import READ_LOG, RECREATE_ROUTER, RESTART_INSTANCE, RESTART_ROUTER
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance, Router
from exporter.memory import Scope
from exporter.model import Sample
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES, InstanceData, read_instances
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.user_metadata import scene
from tests.remote_texts import sample

ROUTER = scene.router()
OWN = {"10.1.1.10": InstanceData(vm_id=scene.UUID)}
COUNTS = ("instances_incomplete", "instances_stale")


def verdict(
    data: dict[str, InstanceData], *instances: Instance, of: Router = ROUTER, **fields: Any
) -> dict[tuple[str, ...], float]:
    """Return the values for this data."""
    return scene.values_of(found(data, *instances, of=of, **fields))


def found(data: dict[str, InstanceData], *instances: Instance, of: Router = ROUTER, **fields: Any) -> list[Sample]:
    """Return the samples for this data."""
    about = {name: fields.pop(name) for name in ("networks", "network_type") if name in fields}
    cloud = scene.cloud(of, instances=instances, **about)
    return scene.judged(judge, of, cloud, {METADATA_INSTANCES: data}, **fields)


def test_health() -> None:
    """Every count is said, and no instance is."""
    assert verdict(OWN, scene.instance(), looks=1) == {
        ("instances", "r-4-VM"): 1,
        ("instances_incomplete", "r-4-VM"): 0,
        ("instances_stale", "r-4-VM"): 0,
        ("directories_exposed", "r-4-VM"): 0,
    }


@pytest.mark.parametrize("data", [{}, {"10.1.1.10": InstanceData(has_user_data=True)}])
def test_an_incomplete_instance(data: dict[str, InstanceData]) -> None:
    """No directory, or none with an identity: counted, shown, and repaired by itself."""
    assert verdict(data, scene.instance(), looks=1)["instances_incomplete", "r-4-VM"] == 0
    samples = found(data, scene.instance())
    count = scene.only(samples, "instances_incomplete")
    assert (count.value, count.seen, count.remedy) == (1, "no metadata: i-2-10-VM at 10.1.1.10", RESTART_INSTANCE)
    assert scene.only(samples, "instance_incomplete").labels == ("zone1", "r-4-VM", "i-2-10-VM", "10.1.1.10")


@pytest.mark.parametrize(
    ("vm_id", "is_stale"),
    [
        (scene.UUID, False),
        (scene.UUID.upper(), False),
        (scene.OTHER_UUID, True),
        ("i-2-10-VM", False),
        ("i-2-99-VM", True),
        ("42", False),
        ("something else", False),
    ],
)
def test_whose_data_it_is(vm_id: str, is_stale: bool) -> None:
    """Another instance's id or name is stale; numbers of old versions tell nothing."""
    values = verdict({"10.1.1.10": InstanceData(vm_id=vm_id)}, scene.instance())
    assert values["instances_stale", "r-4-VM"] == is_stale
    assert values["instances_incomplete", "r-4-VM"] == 0
    assert (("instance_stale", "r-4-VM", "i-2-10-VM", "10.1.1.10") in values) is is_stale


def test_without_internal_names_only_ids_are_compared() -> None:
    """The internal name is told to root administrators only; rows then carry the id."""
    nameless = scene.instance(instance_name="")
    assert verdict({"10.1.1.10": InstanceData(vm_id="i-2-99-VM")}, nameless)["instances_stale", "r-4-VM"] == 0
    values = verdict({}, nameless)
    assert values["instance_incomplete", "r-4-VM", scene.UUID, "10.1.1.10"] == 1


@pytest.mark.parametrize(
    "instance",
    [
        scene.instance(state="Stopped"),
        scene.instance(state="Migrating"),
        scene.instance(state="Starting"),
        scene.instance(created=scene.NOW - 60),
        scene.instance(nics=(replace(scene.nic("10.1.1.10"), is_default=False),)),
        scene.instance(nics=(scene.nic(""),)),
        scene.instance(nics=(scene.nic("10.1.1.10", "another"),)),
    ],
)
def test_instances_that_are_not_judged(instance: Instance) -> None:
    """Not running, young, without default NIC, without address, in a network of another router."""
    assert verdict({}, instance)["instances", "r-4-VM"] == 0
    assert verdict({}, instance)["instances_incomplete", "r-4-VM"] == 0


def test_an_instance_without_a_creation_time_is_judged() -> None:
    """What CloudStack does not say excuses nothing."""
    assert verdict({}, scene.instance(created=None))["instances_incomplete", "r-4-VM"] == 1


def test_other_providers() -> None:
    """In a network served by ConfigDrive, the router has nothing to hold."""
    services = scene.BY_ROUTER | {"UserData": frozenset({"ConfigDrive"})}
    values = verdict({}, scene.instance(), networks=(scene.network(services=services),))
    assert values == {("directories_exposed", "r-4-VM"): 0}


def test_orphans_are_normal() -> None:
    """The real router keeps the directory of a removed instance; it is no problem until its address is used again."""
    held = sample("metadata", "vm-removed").partition("## ls /var/www/html/metadata\n")[2].split()
    data = read_instances(
        "".join(f"metadata/{address}/vm-id:{scene.UUID}\nmetadata/{address}/.htaccess\n" for address in held)
    )
    assert set(data) == {"10.1.1.10", "10.1.1.11", "10.1.1.12"}
    values = verdict(data, scene.instance())
    assert [values[count, "r-4-VM"] for count in COUNTS] == [0, 0]
    newcomer = scene.instance("10.1.1.11", scene.OTHER_UUID)
    assert verdict(data, scene.instance(), newcomer)["instances_stale", "r-4-VM"] == 1


def test_a_live_migration_starts_the_count_again() -> None:
    """An instance that moved between the looks is not reported on the second, but on the one after."""
    counts = []
    scope = Scope()
    for look, host in enumerate(("h1", "h2", "h2"), start=1):
        cloud = scene.refreshed(scene.cloud(ROUTER, instances=(scene.instance(host_id=host),)), look)
        counts.append(_count(cloud, scope, look))
    assert counts == [0, 0, 1]


def test_two_looks_at_one_cloud_are_one() -> None:
    """Without a refresh between the visits, the Cloud may be the one that is behind."""
    scope = Scope()
    cloud = scene.refreshed(scene.cloud(ROUTER, instances=(scene.instance(),)), 1)
    assert [_count(cloud, scope, look) for look in (1, 2, 3)] == [0, 0, 0]


def _count(cloud: Cloud, scope: Scope, look: int) -> float:
    values = {ROUTER_IDENTITY: scene.identity(), ROUTER_REDUNDANCY: Role.ALONE, METADATA_INSTANCES: {}}
    scope.begin()
    samples = list(judge(scene.target(ROUTER), scene.answers(values, 100.0 * look, scope), cloud))
    scope.end()
    return scene.only(samples, "instances_incomplete").value


def many(count: int) -> tuple[Instance, ...]:
    """Return instances with addresses of their own."""
    return tuple(
        scene.instance(f"10.1.1.{number}", f"{number:08x}" + scene.UUID[8:]) for number in range(10, 10 + count)
    )


@pytest.mark.parametrize(
    ("failing", "of", "remedy"), [(1, 1, RESTART_INSTANCE), (2, 20, RESTART_INSTANCE), (3, 20, RESTART_ROUTER)]
)
def test_few_and_many(failing: int, of: int, remedy: str) -> None:
    """Few are repaired one by one; many point to their router."""
    instances = many(of)
    data = {vm.nics[0].address: InstanceData(vm_id=vm.id) for vm in instances[failing:]}
    count = scene.only(found(data, *instances), "instances_incomplete")
    assert (count.value, count.remedy) == (failing, remedy)


def test_after_a_restart_and_after_a_new_router() -> None:
    """Many that are still incomplete: recreate the router, then read the log."""
    count = scene.only(found({}, *many(5), uptime=3600.0), "instances_incomplete")
    assert count.remedy == RECREATE_ROUTER
    new = replace(ROUTER, created=scene.NOW - 7200)
    assert scene.only(found({}, *many(5), of=new, uptime=7000.0), "instances_incomplete").remedy == READ_LOG


def test_rows_are_capped_and_the_count_is_not() -> None:
    """However many fail, only some are shown one by one."""
    values = verdict({}, *many(ROWS_PER_TARGET + 5))
    assert values["instances_incomplete", "r-4-VM"] == ROWS_PER_TARGET + 5
    assert sum(key[0] == "instance_incomplete" for key in values) == ROWS_PER_TARGET
    count = scene.only(found({}, *many(5)), "instances_incomplete")
    assert (
        count.seen == "no metadata: i-2-10-VM at 10.1.1.10, i-2-11-VM at 10.1.1.11, i-2-12-VM at 10.1.1.12 and 2 more"
    )


def test_exposed_directories() -> None:
    """Data that others could read is said at once, also of a former instance and on a backup."""
    data = OWN | {"10.1.1.77": InstanceData(vm_id=scene.OTHER_UUID, is_exposed=True)}
    exposed = scene.only(found(data, scene.instance(), looks=1), "directories_exposed")
    assert (exposed.value, exposed.seen) == (1, "readable by other machines: 10.1.1.77")
    pair = scene.router(is_redundant=True, nics=(scene.nic("10.1.1.5", gateway="10.1.1.1"),))
    assert verdict(data, scene.instance(), of=pair, role=Role.BACKUP) == {("directories_exposed", "r-4-VM"): 1}


def test_a_router_that_settles() -> None:
    """The data of all instances is written after a start: until then nothing is counted."""
    assert verdict({}, scene.instance(), uptime=60.0) == {("directories_exposed", "r-4-VM"): 0}


def test_basic_zones_have_a_router_in_each_pod() -> None:
    """The router holds the data of its own pod's instances only; where the pod is unknown nothing is judged."""
    shared = (scene.network(type="Shared"),)
    for host, judged in (("h1", 1), ("h2", 0), ("gone", 0)):
        values = verdict({}, scene.instance(host_id=host), networks=shared, network_type="Basic")
        assert values["instances", "r-4-VM"] == judged


def test_two_tiers_of_one_router() -> None:
    """An instance with a NIC in two tiers is judged in both."""
    nics = (scene.nic("10.1.1.1", "web"), scene.nic("10.2.2.1", "db"))
    vpc = scene.router(vpc_id="v", network_id="", nics=nics)
    tiers = (scene.network("web", vpc_id="v"), scene.network("db", vpc_id="v"))
    cards = (scene.nic("10.1.1.10", "web"), replace(scene.nic("10.2.2.10", "db"), is_default=False))
    values = verdict(OWN, scene.instance(nics=cards), of=vpc, networks=tiers)
    assert values["instances", "r-4-VM"] == 2
    assert values["instance_incomplete", "r-4-VM", "i-2-10-VM", "10.2.2.10"] == 1
