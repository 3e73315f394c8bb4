"""The verdict on routers as CloudStack sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.user_metadata.router_state import judge, judge_zone
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import KnownRouter, ZoneGroup, groups
from exporter.model import Sample
from tests.checks.user_metadata import scene

VM = scene.instance()


def found(cloud: Cloud) -> list[Sample]:
    """Return the samples of every router and of the zone."""
    samples: list[Sample] = []
    for group in groups(cloud):
        if isinstance(group, KnownRouter):
            samples += judge(group, {}, cloud)
        elif isinstance(group, ZoneGroup):
            samples += judge_zone(group, {}, cloud)
    return samples


def verdict(*routers: Any, instances: tuple[Any, ...] = (VM,), **fields: Any) -> dict[tuple[str, ...], float]:
    """Return the values without those of info."""
    samples = found(scene.cloud(*routers, instances=instances, **fields))
    return scene.values_of([one for one in samples if not one.metric.name.endswith("_info")])


def test_a_running_router() -> None:
    """Zero is said of every router."""
    assert verdict(scene.router()) == {
        ("networks_without_router",): 0,
        ("router_down", "r-4-VM"): 0,
        ("router_requires_upgrade", "r-4-VM"): 0,
    }


@pytest.mark.parametrize("state", ["Stopped", "Starting", "Stopping", "Error", "Unknown"])
def test_a_router_that_is_needed_and_does_not_run(state: str) -> None:
    """Its instances run without it; a stopped router has no addresses any more."""
    stopped = scene.router(state=state, nics=(scene.nic(""),), host_id="", host_name="")
    down = scene.only(found(scene.cloud(stopped, instances=(VM,))), "router_down")
    assert (down.value, down.seen) == (1, f"router {state}, 1 instances run without it")


def test_a_router_under_live_migration_serves() -> None:
    """It is not interrupted."""
    assert verdict(scene.router(state="Migrating"))["router_down", "r-4-VM"] == 0


def test_a_router_stopped_for_lack_of_instances_is_normal() -> None:
    """CloudStack's own clean-up stops it; instances that do not run need no router."""
    stopped = scene.router(state="Stopped")
    assert verdict(stopped, instances=())["router_down", "r-4-VM"] == 0
    assert verdict(stopped, instances=(replace(VM, state="Stopped"),))["router_down", "r-4-VM"] == 0


def test_the_stopped_peer_of_a_running_router_is_a_fault_of_the_pair() -> None:
    """Tenants are served; both stopped is another matter."""
    one, two = (scene.router(name, is_redundant=True) for name in ("r-4-VM", "r-5-VM"))
    values = verdict(one, replace(two, state="Stopped"))
    assert [values["router_down", name] for name in ("r-4-VM", "r-5-VM")] == [0, 0]
    values = verdict(replace(one, state="Stopped"), replace(two, state="Stopped"))
    assert [values["router_down", name] for name in ("r-4-VM", "r-5-VM")] == [1, 1]


def test_a_vpc_router_is_needed_by_any_tier() -> None:
    """One tier with a running instance is enough."""
    nics = (scene.nic("", "web"), scene.nic("", "db"))
    vpc = scene.router(vpc_id="v", network_id="", nics=nics, state="Stopped")
    tiers = (scene.network("web", vpc_id="v"), scene.network("db", vpc_id="v"))
    vm = scene.instance(nics=(scene.nic("10.2.2.10", "db"),))
    assert verdict(vpc, networks=tiers, instances=(vm,))["router_down", "r-4-VM"] == 1


def test_the_upgrade_flag() -> None:
    """Only of a router that runs: a stopped one is upgraded by its next start."""
    old = scene.router(requires_upgrade=True, version="")
    flag = scene.only(found(scene.cloud(old)), "router_requires_upgrade")
    assert (flag.value, flag.seen) == (1, "version unknown requires an upgrade; commands are refused")
    assert verdict(replace(old, state="Stopped"), instances=())["router_requires_upgrade", "r-4-VM"] == 0


def test_networks_that_lost_their_router() -> None:
    """A router that was destroyed is in no list: its network is missed."""
    lost = scene.only(found(scene.cloud(instances=(VM,))), "networks_without_router")
    assert (lost.value, lost.seen) == (1, "network")
    assert verdict(instances=())["networks_without_router",] == 0
    assert verdict(networks=(scene.network(services={}),))["networks_without_router",] == 0
    assert verdict(scene.router(state="Stopped"))["networks_without_router",] == 0


def test_other_zones_and_load_balancers_are_left_out() -> None:
    """A zone's verdict is about its own networks; a load balancer is no router."""
    assert verdict(scene.router(role="INTERNAL_LB_VM"), instances=()) == {("networks_without_router",): 0}
    assert verdict(networks=(replace(scene.network(), zone_id="y"),))["networks_without_router",] == 0


def test_routers_of_one_shared_network_stand_in_for_each_other() -> None:
    """In a basic zone each pod has a router of the same network: one that runs is enough to know no better."""
    one, two = scene.router(), scene.router("r-5-VM", state="Stopped")
    values = verdict(one, two, networks=(scene.network(type="Shared"),))
    assert [values["router_down", name] for name in ("r-4-VM", "r-5-VM")] == [0, 0]


def test_info() -> None:
    """What may change while the router lives is here and nowhere else."""
    info = scene.only(found(scene.cloud(scene.router(is_redundant=True, redundant_state="PRIMARY"))), "router_info")
    names = ("zone", "router", "network", "vpc", "host", "version", "state", "redundant_state")
    assert dict(zip(names, info.labels, strict=True)) == {
        "zone": "zone1",
        "router": "r-4-VM",
        "network": "network",
        "vpc": "",
        "host": "kvm1",
        "version": "4.22.0",
        "state": "Running",
        "redundant_state": "PRIMARY",
    }
