"""VLAN ranges that collide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.vlan_trunking.ranges import judge_host, judge_zone
from exporter.checks.vlan_trunking.vlan_sets import common, merged, size
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.networks import VlanRange
from exporter.cloud.objects import Cluster, Zone
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from tests.checks.vlan_trunking import vlan_scene as scene

ONE, OTHER = scene.physical("one", vlan_ranges=((100, 199),)), scene.physical("two", vlan_ranges=((190, 290),))


def zone(seen_by: Cloud) -> list[Sample]:
    """Return what is said of the zone."""
    return list(judge_zone(ZoneGroup("z", "zone1"), {}, seen_by))


def two(one: str = "cloudbr1", other: str = "cloudbr1", **fields: Any) -> Cloud:
    """Return a zone of two physical networks with these guest labels."""
    labels = (scene.label(one, "one"), scene.label(other, "two"), *fields.pop("labels", ()))
    return scene.cloud(physicals=fields.pop("physicals", (ONE, OTHER)), labels=labels, **fields)


def test_two_networks_with_one_label() -> None:
    """Both say how many VLANs they share, and with whom."""
    overlaps = [sample for sample in zone(two()) if sample.metric.name.endswith("range_overlaps")]
    assert [(sample.labels[1], sample.value) for sample in overlaps] == [("physical-one", 10), ("physical-two", 10)]
    assert overlaps[0].seen == "VLANs 190-199 also in physical-two"


@pytest.mark.parametrize(
    "seen_by",
    [
        two("cloudbr1", "cloudbr2"),
        two(physicals=(ONE, scene.physical("two", vlan_ranges=((200, 290),)))),
        two(physicals=(ONE, scene.physical("two", vlan_ranges=((100, 199),), isolation_methods=("VXLAN",)))),
        scene.cloud(physicals=(ONE, OTHER), labels=(scene.label("cloudbr1", "one"),)),
    ],
)
def test_ranges_that_do_not_meet(seen_by: Cloud) -> None:
    """Other labels, other numbers, other kinds of numbers, or no guest traffic."""
    assert {sample.value for sample in zone(seen_by)} == {0}


def test_two_without_a_label_share_the_default() -> None:
    """The agents take the same device for both."""
    assert scene.values_of(zone(two("", "")))["range_overlaps", "physical-one"] == 10


def test_a_disabled_zone() -> None:
    """It is being built."""
    disabled = {"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=False)}
    assert zone(two(zones=disabled)) == []


def test_zones_of_other_hypervisors() -> None:
    """Their labels are others."""
    clusters = {"c": Cluster("c", "cluster1", "z", "p", "VMware", enabled=True, managed=True)}
    assert zone(two(clusters=clusters)) == []


def public(vlan: str, network: str = "one", **fields: Any) -> dict[str, VlanRange]:
    """Return a public range."""
    made: dict[str, Any] = {"is_public": True, "physical_network_id": network} | fields
    return scene.by_id(VlanRange(id="v", zone_id="z", vlan=vlan, **made))


@pytest.mark.parametrize(
    ("ranges", "inside"),
    [
        (public("vlan://150"), 1),
        (public("150"), 1),
        (public("vlan://99"), 0),
        (public("vlan://untagged"), 0),
        (public("vxlan://150"), 0),
        (public("vlan://150", is_public=False), 0),
        (public("vlan://150", "far"), 0),
    ],
)
def test_a_public_vlan_among_the_guests(ranges: dict[str, VlanRange], inside: int) -> None:
    """Shared networks may use a guest VLAN on purpose; untagged is no VLAN."""
    seen_by = scene.cloud(physicals=(ONE,), labels=(scene.label("cloudbr1", "one"),), vlan_ranges=ranges)
    found = scene.only(zone(seen_by), "public_in_guest_range")
    assert (found.value, found.expected) == (inside, "public VLANs outside VLANs 100-199")


def test_a_public_vlan_of_another_network_with_the_same_label() -> None:
    """On the hosts both are the same device."""
    labels = (scene.label("cloudbr1", "far", "Public"),)
    seen_by = two("cloudbr1", "cloudbr2", labels=labels, vlan_ranges=public("vlan://150", "far"),
                  physicals=(ONE, OTHER, scene.physical("far", vlan_ranges=())))  # fmt: skip
    assert scene.values_of(zone(seen_by))["public_in_guest_range", "physical-one"] == 1


SHARED = (
    scene.link("bond0", "bond", "cloudbr1"),
    scene.link("cloudbr1", "bridge"),
    scene.link("bond0.50", "vlan", "cloudbr2", parent="bond0", vlan=50),
    scene.link("cloudbr2", "bridge"),
)


def on_host(seen_by: Cloud, *links: Any) -> Sample:
    """Return what is said of a host."""
    return scene.only(scene.on_host(judge_host, seen_by, scene.answered(scene.links(*links))), "uplink_overlaps")


def test_two_labels_on_one_uplink() -> None:
    """A label on a VLAN of the bond makes its own VLANs on the bond."""
    found = on_host(two("cloudbr1", "cloudbr2"), *SHARED)
    assert (found.value, found.seen) == (10, "VLANs 190-199 of physical-one and physical-two on bond0")


def test_uplinks_of_their_own() -> None:
    """The same VLANs on two bonds are two networks; one label for both is the zone's finding."""
    own = (*SHARED[:2], scene.link("bond1", "bond", "cloudbr2"), SHARED[3])
    assert on_host(two("cloudbr1", "cloudbr2"), *own).value == 0
    assert on_host(two("cloudbr1", "cloudbr1"), *SHARED).value == 0


def test_where_a_label_leads_is_not_known() -> None:
    """Nobody told the agent's default, so that nothing was found says nothing."""
    answers = scene.answered(scene.links(*SHARED))
    assert scene.on_host(judge_host, two("cloudbr1", ""), answers) == []
    told = answers | {AGENT: Agent(guest="cloudbr2")}
    assert scene.only(scene.on_host(judge_host, two("cloudbr1", ""), told), "uplink_overlaps").value == 10


def test_hosts_in_maintenance() -> None:
    """They have no fault, and that is said: an alert of before ends."""
    seen_by = two("cloudbr1", "cloudbr2", hosts=(scene.host(resource_state="Maintenance"),))
    found = scene.on_host(judge_host, seen_by, scene.answered(scene.links(*SHARED)))
    assert scene.only(found, "uplink_overlaps").value == 0


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=5)


@given(one=RANGES, other=RANGES)
def test_sets_of_vlans(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Ranges are the sets of their numbers, however they are cut."""

    def numbers(ranges: Any) -> set[int]:
        return {number for first, last in ranges for number in range(first, last + 1)}

    assert numbers(merged(one)) == numbers(one)
    assert size(merged(one)) == len(numbers(one))
    assert numbers(common(one, other)) == numbers(one) & numbers(other)
    assert size(common(one, other)) == len(numbers(one) & numbers(other))
