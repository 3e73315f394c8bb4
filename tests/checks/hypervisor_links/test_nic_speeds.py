"""The verdict on NICs that negotiated less than their peers; see test_nic_mixtures for who is held back or silent."""

from __future__ import annotations

from exporter.checks.hypervisor_links.nic_speeds import judge
from exporter.model import Sample
from exporter.questions.hosts.nic_counters import NIC_COUNTERS, NicCounters
from tests.checks.hypervisor_links import links_scene as scene


def speeds(*hosts: NicCounters | tuple[NicCounters, ...]) -> list[Sample]:
    """Return what is said of a cluster of hosts with these NICs."""
    told = [{NIC_COUNTERS: scene.counters(*(nics if isinstance(nics, tuple) else (nics,)))} for nics in hosts]
    return scene.compared(judge, *told)


def test_a_slower_nic() -> None:
    """The same NIC negotiated more elsewhere; a faster one is no fault."""
    odd = scene.only(speeds(scene.counted(), scene.counted(), scene.counted(speed=10000)), "nics_slower_than_peers")
    assert (odd.value, odd.seen, odd.expected) == (1, "eth1 10000 Mb/s", "eth1 25000 Mb/s")
    assert scene.problems(speeds(scene.counted(), scene.counted(), scene.counted(speed=100_000))) == {}


def test_speeds_mixed_on_purpose_look_alike_everywhere() -> None:
    """Each NIC is compared with those of its name."""
    mixed = (scene.counted("eth1"), scene.counted("eth2", speed=1000))
    assert scene.problems(speeds(mixed, mixed, mixed)) == {}


def test_a_nic_that_is_down_has_no_speed_to_compare() -> None:
    """That is the business of the bond."""
    assert scene.problems(speeds(scene.counted(), scene.counted(), scene.counted(speed=None))) == {}
