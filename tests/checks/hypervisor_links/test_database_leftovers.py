"""Leftovers in the database: counted in two rounds; leaked addresses as a share of their pool."""

from __future__ import annotations

from typing import Any

from exporter.checks.hypervisor_links.database_kinds import LEFTOVERS
from exporter.checks.hypervisor_links.database_leftovers import CHECK
from exporter.model import Failure, Question, Reason
from exporter.questions.database.addresses import CONTROL_ADDRESS_LEAKED, MANAGEMENT_ADDRESS_LEAKED
from exporter.questions.database.counts import ADDRESS_POOLS
from exporter.questions.database.hosts import AGENT_WITHOUT_VM
from exporter.thresholds import DATABASE_LEAKED_RATIO
from tests.checks.hypervisor_links.database_scene import judged, rows

LEFT, RATIO = "leftovers", "leaked_addresses_ratio"
POD, OTHER = "zone/pod", "zone/a/b"
SIZES = {"management_address_leaked": {POD: 20, OTHER: 480}, "control_address_leaked": {POD: 1000}}
POOLS: dict[Question[Any], Any] = {ADDRESS_POOLS: SIZES}


def test_a_clean_database_has_none() -> None:
    """Zero is said of each, also of the share."""
    found = judged(CHECK, POOLS)
    counts = {name: one.value for (metric, name), one in found.items() if metric == LEFT}
    assert counts == dict.fromkeys((kind.name for kind in LEFTOVERS), 0)
    shares = {name: one.value for (metric, name), one in found.items() if metric == RATIO}
    assert shares == dict.fromkeys(SIZES, 0)


def test_a_leftover_counts_when_it_stays() -> None:
    """An agent's row outlives its machine for a moment at every recreation."""
    agents = {**POOLS, AGENT_WITHOUT_VM: rows("v-2-VM")}
    assert (LEFT, "agent_without_vm") not in judged(CHECK, agents)
    one = judged(CHECK, agents, agents)[LEFT, "agent_without_vm"]
    assert (one.value, one.seen) == (1, "1: v-2-VM (what is odd about v-2-VM)")
    assert "deleteHost" in one.remedy


def test_many_leaked_addresses_are_a_problem_and_few_are_not() -> None:
    """What counts is the share of the pod's: exactly a tenth is not yet too much. Other pods have none to give."""
    found = {}
    few, many = ((rows(*(f"{POD}/10.0.0.{one}" for one in range(number)))) for number in (2, 3))
    for leaked, is_problem in ((few, False), (many, True)):
        told = {**POOLS, MANAGEMENT_ADDRESS_LEAKED: leaked, CONTROL_ADDRESS_LEAKED: leaked}
        found = judged(CHECK, told, told)
        one = found[RATIO, "management_address_leaked"]
        assert one.metric.problem is not None
        assert one.metric.problem.holds(one.value, 0) == is_problem
        assert one.value == len(leaked) / 20
        assert not one.metric.problem.holds(found[RATIO, "control_address_leaked"].value, 0)
    worst = found[RATIO, "management_address_leaked"]
    assert worst.seen.startswith(f"15% of those of pod {POD}; 3: {POD}/10.0.0.0 (")
    assert worst.expected == f"at most {DATABASE_LEAKED_RATIO:.0%} in each pod"
    elsewhere = {**POOLS, MANAGEMENT_ADDRESS_LEAKED: rows(*(f"{OTHER}/10.0.9.{one}" for one in range(3)))}
    assert judged(CHECK, elsewhere, elsewhere)[RATIO, "management_address_leaked"].value == round(3 / 480, 4)


def test_without_the_size_of_the_pool_there_is_no_share() -> None:
    """Nor where the pool itself is empty; the count is said all the same."""
    lost = {ADDRESS_POOLS: Failure(Reason.PERMISSION)}
    assert RATIO not in {metric for metric, _ in judged(CHECK, lost)}
    assert judged(CHECK, lost)[LEFT, "control_address_leaked"].value == 0
    empty = judged(CHECK, {ADDRESS_POOLS: {"control_address_leaked": {POD: 0}}})
    assert empty[RATIO, "control_address_leaked"].value == 0.0
    assert (RATIO, "management_address_leaked") not in empty


def test_a_leak_seen_once_has_no_share_yet() -> None:
    """Unknown is not healthy: neither count nor share before the second look."""
    found = judged(CHECK, {**POOLS, CONTROL_ADDRESS_LEAKED: rows("169.254.0.9")})
    assert (LEFT, "control_address_leaked") not in found
    assert (RATIO, "control_address_leaked") not in found
