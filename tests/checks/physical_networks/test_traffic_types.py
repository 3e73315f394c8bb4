"""Traffic types of a zone: missing, doubled, without labels."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.physical_networks.traffic_types import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import StorageRange, TrafficType
from exporter.cloud.objects import Cluster
from exporter.model import Failure, Reason
from tests.checks.physical_networks import scene


def verdict(cloud: Cloud) -> dict[tuple[str, ...], float]:
    """Return the values that are said of the zone."""
    return scene.values_of(scene.on_zone(judge, cloud))


def without(*names: str) -> tuple[TrafficType, ...]:
    """Return the four traffic types but these."""
    return tuple(one for one in scene.labels() if one.name not in names)


def test_a_healthy_zone() -> None:
    """Zero is said; labels and shared storage are facts without a verdict."""
    assert verdict(scene.cloud()) == {
        ("traffic_types_missing",): 0,
        ("traffic_types_doubled",): 0,
        ("labels_unset", "KVM"): 0,
        ("storage_shares_management",): 0,
    }


@pytest.mark.parametrize(
    ("fields", "names", "missing"),
    [
        ({}, ("Guest",), 1),
        ({}, ("Management",), 1),
        ({}, ("Public",), 1),
        ({}, ("Public", "Guest", "Management"), 3),
        ({}, ("Storage",), 0),
        ({"security_groups": True}, ("Public",), 0),
        ({"security_groups": True}, ("Guest",), 1),
        ({"network_type": "Basic"}, ("Public",), 0),
        ({"network_type": "Basic"}, ("Management",), 1),
        ({"type": "Edge"}, ("Public", "Management"), 0),
        ({"type": "Edge"}, ("Guest",), 1),
        ({"type": ""}, ("Public",), 1),
        ({"enabled": False}, ("Guest", "Management"), 0),
    ],
)
def test_what_a_zone_needs(fields: dict[str, Any], names: tuple[str, ...], missing: int) -> None:
    """Guest always, management but in edge zones, public in advanced zones without security groups."""
    found = scene.on_zone(judge, scene.cloud(of=scene.zone(**fields), types=without(*names)))
    sample = scene.only(found, "traffic_types_missing")
    assert sample.value == missing
    assert not missing or all(name in sample.seen for name in names)


@pytest.mark.parametrize(("method", "missing"), [("VLAN", 1), ("VXLAN", 1), ("vlan", 1), ("NSX", 0), ("GRE", 0)])
def test_networks_of_a_controller_may_lack_public(method: str, missing: int) -> None:
    """They have a way out of their own."""
    networks = (scene.physical(isolation_methods=(method,)),)
    assert verdict(scene.cloud(types=without("Public"), networks=networks))["traffic_types_missing",] == missing


def test_a_zone_without_any_physical_network() -> None:
    """Lacks everything."""
    assert verdict(scene.cloud(types=(), networks=()))["traffic_types_missing",] == 3


def test_doubled_traffic_types() -> None:
    """Management, public and storage are on one physical network each; guests may be on several."""
    networks = (scene.physical(), scene.physical("pn2"))
    types = (*scene.labels(), *(scene.label(name, "cloudbr1", "pn2") for name in ("Public", "Storage", "Guest")))
    sample = scene.only(scene.on_zone(judge, scene.cloud(types=types, networks=networks)), "traffic_types_doubled")
    assert sample.value == 2
    assert "Public on physical-pn, Public on physical-pn2" in sample.seen
    disabled = scene.cloud(types=types, networks=networks, of=scene.zone(enabled=False))
    assert verdict(disabled)["traffic_types_doubled",] == 0


def test_traffic_types_of_another_zone_do_not_count() -> None:
    """They are on physical networks that are not of this zone."""
    types = (*without("Guest"), scene.label("Guest", network="far"))
    assert verdict(scene.cloud(types=types))["traffic_types_missing",] == 1


def test_labels_that_are_not_set() -> None:
    """Counted for each hypervisor that the zone has, without a verdict: hosts then use their default."""
    clusters = {
        name: Cluster(name, name, "z", "p", hypervisor, enabled=True, managed=True)
        for name, hypervisor in (("c", "KVM"), ("v", "VMware"), ("b", "BareMetal"))
    }
    types = (*scene.labels(guest="", storage=""), TrafficType("x", "pn", "Control", {}))
    found = scene.on_zone(judge, scene.cloud(types=types, clusters=clusters))
    values = scene.values_of(found)
    assert {key: value for key, value in values.items() if key[0] == "labels_unset"} == {
        ("labels_unset", "KVM"): 2,
        ("labels_unset", "VMware"): 4,
    }
    assert scene.only([one for one in found if "VMware" in one.labels], "labels_unset").metric.problem is None


def storage(vlan: int | None) -> dict[str, StorageRange]:
    """Return the storage ranges of the zone."""
    return {"s": StorageRange("s", "z", "n", vlan)}


def test_storage_that_shares_the_label_of_management() -> None:
    """A fact to know where storage has a VLAN of its own; sharing an uplink is a choice."""
    found = scene.on_zone(judge, scene.cloud(storage_ranges=storage(40)))
    shared = scene.only(found, "storage_shares_management")
    assert (shared.value, shared.metric.problem) == (1, None)
    assert verdict(scene.cloud(storage_ranges=storage(None)))["storage_shares_management",] == 0
    apart = scene.cloud(types=scene.labels(storage="cloudbr3"), storage_ranges=storage(40))
    assert verdict(apart)["storage_shares_management",] == 0
    lacks = {"listStorageNetworkIpRange": Failure(Reason.PERMISSION)}
    assert ("storage_shares_management",) not in verdict(scene.cloud(lacks=lacks))
