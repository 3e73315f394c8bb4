"""The lab's cloud itself: deterministic, told alike by every wire, and without two objects of one address."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from exporter.lab.api.cloud import COMMANDS, Cloud
from exporter.lab.inside.host import host_tree
from exporter.lab.inside.router import router_tree
from exporter.lab.inside.tree import Tree
from exporter.lab.inside.xen_host import xen_tree
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports, World

PORTS = Ports.block(20000)
NOW = 1_795_000_000.0


def made(**options: int) -> World:
    return build(Options(**options), PORTS, NOW)


def _trees(world: World) -> list[Tree]:
    trees = [router_tree(world, router) for router in world.routers] + [host_tree(world, host) for host in world.hosts]
    return trees + [xen_tree(host) for host in world.xen_hosts]


def told(world: World) -> str:
    """Return everything the API tells of a world."""
    cloud = Cloud(world, lambda: NOW)
    asked = {"fetchhealthcheckresults": "true"}
    rows = {command: cloud.rows(command, asked) for command in (*COMMANDS, "listConfigurations")}
    return json.dumps(rows, sort_keys=True)


def test_the_same_options_make_the_same_cloud() -> None:
    """Ids, names and addresses do not change between two starts."""
    assert told(made()) == told(made())


def test_the_same_options_make_the_same_machines() -> None:
    """Files and what tools know are the same, byte for byte."""
    first, second = (_trees(made()) for _ in range(2))
    assert first == second


def test_no_two_machines_share_an_address() -> None:
    """Hosts, routers, system VMs and instances each have their own; a pair shares only its gateway."""
    world = made(hosts=300, routers=600, vms_per_network=3)
    addresses = [host.address for host in (*world.hosts, *world.xen_hosts)]
    addresses += [vm.public for vm in world.system_vms] + [vm.control for vm in world.system_vms]
    addresses += [nic.address for router in (*world.routers, *world.models) for nic in router.nics]
    addresses += [instance.nic.address for instance in world.instances]
    assert [address for address, count in Counter(addresses).items() if count > 1] == []


def test_every_id_is_given_once() -> None:
    """No object is told twice, at scale neither."""
    cloud = Cloud(made(hosts=50, routers=100), lambda: NOW)
    for command in COMMANDS:
        if command not in {"listCapabilities", "listTemplates"}:
            ids = [row["id"] for row in cloud.rows(command, {})]
            assert len(ids) == len(set(ids)), command


def test_the_cloud_has_what_the_issue_asks_for() -> None:
    """Three eras, a redundant pair, a VPC with two tiers, project-owned objects, two zones."""
    world = made()
    assert {router.era for router in world.routers} == {"A", "B", "C"}
    assert sorted(router.redundant_state for router in world.routers if router.redundant) == ["BACKUP", "PRIMARY"]
    assert [len(router.networks) for router in world.routers if router.vpc] == [2]
    assert {router.project for router in world.routers} == {"", "apollo"}
    assert [zone.name for zone in world.zones] == ["east", "west", "south", "north"]
    assert len(world.instances) >= 12


def test_health_results_stay_young_while_the_lab_grows_old() -> None:
    """Their dates move on with the clock, or the lab would become sick by itself."""
    now = [NOW]
    cloud = Cloud(made(), lambda: now[0])
    asked = {"fetchhealthcheckresults": "true"}
    before = cloud.rows("listRouters", asked)[0]["healthcheckresults"][0]["lastupdated"]
    now[0] += 86400
    assert cloud.rows("listRouters", asked)[0]["healthcheckresults"][0]["lastupdated"] > before


def test_zone_settings_win_in_their_zone() -> None:
    """listConfigurations tells the global value without a zone, and the zone's own with it."""
    world = made()
    cloud = Cloud(world, lambda: NOW)

    def value(**parameters: str) -> object:
        rows = cloud.rows("listConfigurations", parameters)
        return next(row.get("value") for row in rows if row["name"] == "consoleproxy.url.domain")

    assert value() is None
    assert value(zoneid=world.zones[0].id) == "*.console.lab.example"


def test_an_unknown_command_is_a_key_error() -> None:
    """The API server turns it into CloudStack's refusal."""
    with pytest.raises(KeyError):
        Cloud(made(), lambda: NOW).rows("destroyRouter", {})


@pytest.mark.parametrize("option", ["hosts", "routers", "vms_per_network"])
def test_too_small_a_lab_is_refused(option: str) -> None:
    """A lab without all of its kinds would prove less than it seems to."""
    with pytest.raises(ValueError, match="at least"):
        Options(**{option: 0})
