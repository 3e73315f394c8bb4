"""Guest VLANs that are left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.vlan_trunking.pools import judge_zone
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import DedicatedRange
from exporter.cloud.objects import Zone
from tests.checks.vlan_trunking import vlan_scene as scene


def values(seen_by: Cloud) -> dict[str, float]:
    """Return what is said of the pool of the one physical network."""
    found = scene.values_of(list(judge_zone(ZoneGroup("z", "zone1"), {}, seen_by)))
    return {name.removeprefix("pool_"): value for (name, _), value in found.items()}


def pool(taken: int, *ranges: tuple[int, int]) -> Cloud:
    """Return a zone in which the first VLANs of the ranges are taken."""
    numbers = [number for first, last in ranges for number in range(first, last + 1)]
    networks = tuple(scene.network(str(number), f"n{number}") for number in numbers[:taken])
    return scene.cloud(networks=networks, physicals=(scene.physical(vlan_ranges=ranges),))


def test_a_pool() -> None:
    """Size, use and rest."""
    assert values(pool(25, (100, 199))) == {
        "vlans": 100,
        "allocated_vlans": 25,
        "dedicated_vlans": 0,
        "free_vlans": 75,
        "free_ratio": 0.75,
    }


def test_vlans_of_one_account_are_not_free() -> None:
    """Those that its networks have already count once; ranges of others and outside of the pool take nothing."""
    ranges = (
        DedicatedRange("d1", "pn", ((110, 139),)),
        DedicatedRange("d2", "pn", ((135, 144), (300, 310))),
        DedicatedRange("d3", "other", ((150, 199),)),
    )
    seen_by = replace(pool(25, (100, 199)), dedicated_ranges=scene.by_id(*ranges))
    assert values(seen_by) == {
        "vlans": 100, "allocated_vlans": 25, "dedicated_vlans": 20, "free_vlans": 55, "free_ratio": 0.55,
    }  # fmt: skip
    found = list(judge_zone(ZoneGroup("z", "zone1"), {}, seen_by))
    assert scene.only(found, "pool_free_vlans").seen == "55 of 100 free, 20 more for one account"


def test_a_small_pool_is_small_on_purpose() -> None:
    """Two of three may be enough for ever; only the ratio is judged."""
    assert values(pool(1, (100, 100), (105, 106))) == {
        "vlans": 3,
        "allocated_vlans": 1,
        "dedicated_vlans": 0,
        "free_ratio": 0.6667,
    }


@pytest.mark.parametrize(
    ("taken", "few", "low"), [(15, False, False), (16, True, False), (18, True, False), (19, True, True)]
)
def test_when_it_is_a_problem(taken: int, few: bool, low: bool) -> None:
    """Fewer than five, or less than a tenth."""
    found = list(judge_zone(ZoneGroup("z", "zone1"), {}, pool(taken, (100, 119))))
    free, ratio = scene.only(found, "pool_free_vlans"), scene.only(found, "pool_free_ratio")
    assert free.metric.problem is not None
    assert ratio.metric.problem is not None
    assert free.metric.problem.holds(free.value, 0) is few
    assert ratio.metric.problem.holds(ratio.value, 0) is low
    assert free.seen == f"{20 - taken} of 20 free"


def test_what_takes_nothing_from_the_pool() -> None:
    """VLANs chosen by hand outside it, untagged networks, others' and those without a VLAN; one VLAN counts once."""
    networks = [
        scene.network(vlan, f"n{place}")
        for place, vlan in enumerate(("99", "untagged", "N/A", "", "100-105", "150", "150"))
    ]
    networks.append(scene.network("160", "far", physical_network_id="other"))
    assert values(scene.cloud(networks=tuple(networks)))["allocated_vlans"] == 1


def test_a_disabled_zone_is_told_and_not_judged() -> None:
    """Nobody makes networks in it."""
    disabled = {"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=False)}
    assert values(replace(pool(20, (100, 119)), zones=disabled)) == {
        "vlans": 20,
        "allocated_vlans": 20,
        "dedicated_vlans": 0,
    }


def test_physical_networks_of_one_name() -> None:
    """CloudStack allows it; each has its own series."""
    twins = tuple(scene.physical(one, name="twin") for one in ("a", "b"))
    found = list(judge_zone(ZoneGroup("z", "zone1"), {}, scene.cloud(physicals=twins)))
    assert {sample.labels[1] for sample in found} == {"twin (a)", "twin (b)"}
    assert len({(sample.metric.name, sample.labels) for sample in found}) == len(found)


def test_no_range_is_no_pool() -> None:
    """Basic zones and physical networks for public traffic have none."""
    assert values(scene.cloud(physicals=(scene.physical(vlan_ranges=()),))) == {}


def test_millions_of_vnis() -> None:
    """A VXLAN range is counted without being written out."""
    found = values(
        scene.cloud(networks=(scene.network("5001"),), physicals=(scene.physical(vlan_ranges=((1, 16_000_000),)),))
    )
    assert (found["vlans"], found["allocated_vlans"]) == (16_000_000, 1)
