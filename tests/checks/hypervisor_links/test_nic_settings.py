"""The verdict on settings of NICs."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.nic_settings import judge
from exporter.model import Question, Sample
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.nic_counters import NIC_COUNTERS, NicCounters
from exporter.questions.hosts.nics import NICS, NicFacts
from tests.checks.hypervisor_links import links_scene as scene

LRO = {"large-receive-offload": True, "rx-vlan-offload": True}


def found(
    nic: NicFacts | None = None, links: Links | None = None, counted: NicCounters | None = None, **fields: Any
) -> list[Sample]:
    """Return what is said of a NIC, by default in a bond in cloudbr0."""
    counters = scene.counters(counted or scene.counted())
    told: dict[Question[Any], Any] = {
        NICS: scene.nics(nic or scene.nic()),
        NIC_COUNTERS: counters,
        LINKS: links or scene.bonded(),
    }
    return scene.judged(judge, told, **fields)


def test_a_healthy_nic() -> None:
    """Zero is said of both."""
    assert scene.values_of(found(scene.nic(offloads={"large-receive-offload": False}))) == {
        ("nic_half_duplex", "kvm1", "eth1"): 0,
        ("nic_merges_bridged_frames", "kvm1", "eth1"): 0,
        ("nics_without_features", "kvm1"): 0,
    }


def test_what_is_not_told_is_not_said() -> None:
    """A NIC that is down has no duplex; without ethtool nobody knows its offloads."""
    silent = found(scene.nic(is_asked=False), counted=scene.counted(duplex=""))
    assert scene.values_of(silent) == {("nics_without_features", "kvm1"): 1}


def test_half_duplex() -> None:
    """With its speed; without a link the word means nothing."""
    half = scene.only(found(counted=scene.counted(duplex="half", speed=100)), "nic_half_duplex")
    assert half.seen == "100 Mb/s in half duplex"
    assert scene.problems(found(None, scene.plain(has_carrier=False), scene.counted(duplex="half"))) == {}


VLAN = scene.link("eth1.20", "vlan", master="breth1-20", parent="eth1", vlan=20)


@pytest.mark.parametrize(
    "links",
    [
        scene.bonded(),
        scene.plain(),
        scene.links(scene.link("eth1"), VLAN, scene.link("breth1-20", "bridge")),
        scene.links(scene.link("eth1", master="ovs-system"), scene.link("ovs-system", "openvswitch")),
    ],
)
def test_merged_frames_below_a_bridge(links: Links) -> None:
    """In a bond, directly, below a VLAN device, and in Open vSwitch."""
    assert scene.problems(found(scene.nic(offloads=LRO), links)) == {("nic_merges_bridged_frames", "kvm1", "eth1"): 1}


@pytest.mark.parametrize(
    "links",
    [
        scene.links(scene.link("eth1", master="bond1"), scene.link("bond1", "bond")),
        scene.links(scene.link("eth1"), scene.link("eth1.30", "vlan", parent="eth1", vlan=30)),
    ],
)
def test_merged_frames_where_nothing_is_bridged(links: Links) -> None:
    """A storage network of the host's own may merge."""
    assert scene.problems(found(scene.nic(offloads=LRO), links)) == {}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """Somebody works on them."""
    broken = (scene.nic(offloads=LRO), None, scene.counted(duplex="half"))
    assert len(scene.problems(found(*broken))) == 2
    assert scene.problems(found(*broken, **fields)) == {}
