"""MAC tables: how full, how many moves."""

from __future__ import annotations

import pytest

from exporter.checks.open_vswitch.mac_table import judge
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_datapath import MacTable
from exporter.questions.hosts.ovs_macs import OVS_MACS, MacTables
from tests.checks.open_vswitch.switch_scene import (
    HEALTHY,
    Values,
    cloud,
    database,
    judged,
    problems,
    values_of,
)


def tables(unasked: int = 0, **found: MacTable) -> Values:
    """Return answers with these tables."""
    return {**HEALTHY, OVS_MACS: MacTables(found, unasked)}


def test_each_bridge_is_told() -> None:
    """Ratio and counters per bridge; very old versions count no moves, and then none are said."""
    found = judged(
        judge,
        tables(cloudbr0=MacTable(current=0, maximum=8192, moved=3, evicted=0), cloudbr1=MacTable(current=4, maximum=8)),
    )
    assert values_of(found) == {
        ("bridges_without_mac_table",): 0,
        ("mac_table_ratio", "cloudbr0"): 0,
        ("mac_moves_total", "cloudbr0"): 3,
        ("mac_evictions_total", "cloudbr0"): 0,
        ("mac_table_ratio", "cloudbr1"): 0.5,
    }


@pytest.mark.parametrize(("current", "is_problem"), [(7372, False), (7373, True), (8192, True)])
def test_a_full_table(current: int, is_problem: bool) -> None:
    """Nine tenths of 8192 entries."""
    found = judged(judge, tables(cloudbr0=MacTable(current=current, maximum=8192, moved=10**9)))
    assert problems(found) == ({"mac_table_ratio"} if is_problem else set())


def test_a_table_without_a_size_is_not_judged() -> None:
    """A ratio of nothing is nothing."""
    assert values_of(judged(judge, tables(cloudbr0=MacTable(current=0, maximum=0, moved=1)))) == {
        ("bridges_without_mac_table",): 0,
        ("mac_moves_total", "cloudbr0"): 1,
    }


def test_nothing_told_and_nothing_used() -> None:
    """No table, an unused switch, none at all."""
    full = MacTable(current=8, maximum=8)
    assert values_of(judged(judge, tables(unasked=3))) == {("bridges_without_mac_table",): 3}
    told: Values = {OVS_MACS: MacTables({"b": full}, 0), OVS_DATABASE: database()}
    assert judged(judge, told, cloud(label="x")) == []
    assert judged(judge, {**HEALTHY, OVS_MACS: None}) == []
