"""Image stores that a host does not reach: which, why, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_stores import FIX_NAME, OPEN_WAY, START_SERVICE, judge
from exporter.cloud.storage import Place
from exporter.cloud.targets import HostTarget
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.hosts.reach import HOST_REACH, HostReach
from tests.checks.host_connectivity import reach_scene as scene

NAS, OTHER = Place("nas.example", 2049), Place("10.9.0.2", 2049)


def said(first: Reach, second: Reach | None = Reach.OPEN, looks: int = 2, **of: Any) -> list[Sample]:
    """Return what is said of a host with two image stores; of None it was not asked."""
    host = scene.host(**of)
    target = HostTarget(host, "zone-1", None, stores=(NAS, OTHER))
    stores = {NAS: first} | ({OTHER: second} if second else {})
    return scene.judged(judge, target, {HOST_REACH: HostReach(stores=stores)}, scene.cloud(host), looks=looks)


@pytest.mark.parametrize("reach", [Reach.OPEN, Reach.ESTABLISHED])
def test_all_are_reached(reach: Reach) -> None:
    """A mount whose connection stands is as good as one that can be made."""
    assert scene.values(said(reach, looks=1), "host_stores_unreachable") == {(): 0}


@pytest.mark.parametrize(
    ("reach", "remedy"),
    [(Reach.TIMEOUT, OPEN_WAY), (Reach.UNREACHABLE, OPEN_WAY), (Reach.REFUSED, START_SERVICE),
     (Reach.UNRESOLVED, FIX_NAME)],
)  # fmt: skip
def test_one_is_not_reached(reach: Reach, remedy: str) -> None:
    """A refusal is a failure here: a store must listen."""
    samples = said(reach)
    sample = scene.only(samples, "host_stores_unreachable")
    assert (sample.value, sample.remedy, sample.seen) == (1, remedy, f"nas.example:2049 {reach}")
    assert scene.values(samples, "host_store_unreachable") == {("nas.example:2049",): 1}


def test_none_is_reached() -> None:
    """Both are counted."""
    assert scene.values(said(Reach.TIMEOUT, Reach.TIMEOUT), "host_stores_unreachable") == {(): 2}


def test_it_is_looked_at_twice() -> None:
    """Nothing is said after one look: a store that was restarted is no problem, and one that is lost is not reached."""
    assert said(Reach.TIMEOUT, looks=1) == []


def test_a_second_store_is_lost() -> None:
    """The first one is a problem already, and goes on being one."""
    first, both = ({NAS: Reach.TIMEOUT, OTHER: second} for second in (Reach.OPEN, Reach.TIMEOUT))
    host = scene.host()
    target = HostTarget(host, "zone-1", None, stores=(NAS, OTHER))
    told = [{HOST_REACH: HostReach(stores=stores)} for stores in (first, first, both, both)]
    found = scene.judged_in_turn(judge, target, told, scene.cloud(host))
    counts = [scene.values(samples, "host_stores_unreachable") for samples in found]
    assert counts == [{}, {(): 1}, {(): 1}, {(): 2}]


def test_a_store_that_was_not_asked_about() -> None:
    """It was added after the last look: that all are reached is not known, that one is lost is."""
    assert said(Reach.OPEN, None) == []
    assert scene.values(said(Reach.TIMEOUT, None), "host_stores_unreachable") == {(): 1}


def test_a_store_that_is_gone_meanwhile() -> None:
    """It was dialled for the Cloud of before."""
    host = scene.host()
    target = HostTarget(host, "zone-1", None, stores=(OTHER,))
    values = {HOST_REACH: HostReach(stores={NAS: Reach.TIMEOUT, OTHER: Reach.OPEN})}
    found = scene.judged(judge, target, values, scene.cloud(host))
    assert scene.values(found, "host_stores_unreachable") == {(): 0}


def test_hosts_that_are_not_judged() -> None:
    """Maintenance, and zones whose stores are not dialled."""
    assert said(Reach.TIMEOUT, resource_state="Maintenance") == []
    host = scene.host()
    assert scene.judged(judge, HostTarget(host, "zone-1", None), {HOST_REACH: HostReach()}, scene.cloud(host)) == []
