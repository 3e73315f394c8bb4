"""Guest physical networks, their tags, their VLANs, and offerings that need them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.physical_networks.guest_physical import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import NetworkOffering
from tests.checks.physical_networks import scene

TWO_TYPES = (*scene.labels(), scene.label("Guest", "cloudbr1", "pn2"))


def offering(name: str = "isolated", **fields: Any) -> NetworkOffering:
    """Return an enabled offering of isolated networks."""
    given: dict[str, Any] = {"state": "Enabled", "guest_type": "Isolated"}
    return NetworkOffering(id=name, name=name, **(given | fields))


def two(first: tuple[str, ...], second: tuple[str, ...], **fields: Any) -> Cloud:
    """Return a zone with two guest physical networks of these tags."""
    networks = (scene.physical(tags=first), scene.physical("pn2", tags=second))
    return scene.cloud(types=TWO_TYPES, networks=networks, **fields)


def verdict(cloud: Cloud) -> dict[tuple[str, ...], float]:
    """Return the values that are said of the zone."""
    return scene.values_of(scene.on_zone(judge, cloud))


def test_one_guest_physical_network_needs_no_tags() -> None:
    """Nor do the offerings fit it by theirs: there is nothing to choose."""
    cloud = scene.cloud(offerings=(offering(), offering("gold", tags=("gold",))))
    assert verdict(cloud) == {
        ("guest_networks_untagged",): 0,
        ("offerings_without_network",): 0,
        ("vlan_range_missing", "physical-pn"): 0,
    }


def test_several_guest_physical_networks_need_tags() -> None:
    """Each of them."""
    assert verdict(two(("a",), ("b",)))["guest_networks_untagged",] == 0
    sample = scene.only(scene.on_zone(judge, two(("a",), ())), "guest_networks_untagged")
    assert (sample.value, sample.seen) == (1, "without tags: physical-pn2")
    assert verdict(two((), ()))["guest_networks_untagged",] == 2
    assert verdict(two((), (), of=scene.zone(enabled=False)))["guest_networks_untagged",] == 0


def test_offerings_whose_tags_match_no_physical_network() -> None:
    """Enabled ones for guests; without tags they match what the user chooses."""
    offerings = (
        offering(),
        offering("a", tags=("a",)),
        offering("gold", tags=("gold",)),
        offering("old", tags=("gone",), state="Disabled"),
        offering("public", tags=("gone",), traffic_type="Public"),
    )
    sample = scene.only(scene.on_zone(judge, two(("a",), ("b",), offerings=offerings)), "offerings_without_network")
    assert (sample.value, sample.seen) == (1, "gold (gold)")


def test_an_offering_may_be_for_another_zone() -> None:
    """By its tags, or by name; a zone that is disabled, or has one network, excuses no other."""
    cloud = two(("a",), ("b",), offerings=(offering("gold", tags=("gold",)),))
    far = replace(scene.physical("far", tags=("gold",)), zone_id="z2")
    more = replace(
        cloud,
        zones={**cloud.zones, "z2": replace(scene.zone(), id="z2")},
        physical_networks={**cloud.physical_networks, "far": far},
        traffic_types={**cloud.traffic_types, "far": scene.label("Guest", network="far")},
    )
    assert verdict(more)["offerings_without_network",] == 0
    disabled = replace(more, zones={**cloud.zones, "z2": replace(scene.zone(enabled=False), id="z2")})
    assert verdict(disabled)["offerings_without_network",] == 1
    untagged = {**more.physical_networks, "far": replace(far, tags=())}
    assert verdict(replace(more, physical_networks=untagged))["offerings_without_network",] == 1
    named = replace(cloud, offerings={"gold": offering("gold", tags=("gold",), zone_ids=("z2",))})
    assert verdict(named)["offerings_without_network",] == 0
    own = replace(cloud, zones={"z": scene.zone(enabled=False)})
    assert verdict(own)["offerings_without_network",] == 0


@pytest.mark.parametrize(
    ("network", "zone", "offered", "missing"),
    [
        ({}, {}, {}, 1),
        ({"isolation_methods": ("VXLAN",)}, {}, {}, 1),
        ({"vlan_ranges": ((100, 199),)}, {}, {}, 0),
        ({"isolation_methods": ("NSX",)}, {}, {}, 0),
        ({"enabled": False}, {}, {}, 0),
        ({}, {"network_type": "Basic"}, {}, 0),
        ({}, {"security_groups": True}, {}, 0),
        ({}, {"enabled": False}, {}, 0),
        ({}, {}, {"guest_type": "Shared"}, 0),
        ({}, {}, {"specifies_vlan": True}, 0),
        ({}, {}, {"state": "Disabled"}, 0),
    ],
)
def test_vlan_ranges(network: dict[str, Any], zone: dict[str, Any], offered: dict[str, Any], missing: int) -> None:
    """A range is needed where CloudStack itself would choose a VLAN."""
    networks = (scene.physical(**({"vlan_ranges": ()} | network)),)
    cloud = scene.cloud(networks=networks, of=scene.zone(**zone), offerings=(offering(**offered),))
    assert verdict(cloud)["vlan_range_missing", "physical-pn"] == missing


def test_of_several_networks_the_tags_say_which_needs_a_range() -> None:
    """One that only shared networks use has none."""
    networks = (scene.physical(tags=("a",)), scene.physical("pn2", tags=("b",), vlan_ranges=()))
    cloud = scene.cloud(types=TWO_TYPES, networks=networks, offerings=(offering(tags=("a",)),))
    assert verdict(cloud)["vlan_range_missing", "physical-pn2"] == 0
    cloud = scene.cloud(types=TWO_TYPES, networks=networks, offerings=(offering(tags=("b",)),))
    assert verdict(cloud)["vlan_range_missing", "physical-pn2"] == 1


def test_physical_networks_without_guests_have_no_range() -> None:
    """Nothing is said of them."""
    networks = (scene.physical(), scene.physical("pn2", vlan_ranges=()))
    cloud = scene.cloud(networks=networks, offerings=(offering(),))
    assert ("vlan_range_missing", "physical-pn2") not in verdict(cloud)
