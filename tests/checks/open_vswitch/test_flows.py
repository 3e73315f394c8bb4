"""Flows, their limit, dumps and lost lookups."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.open_vswitch.flows import judge
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_datapath import Datapath, read_datapaths
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME
from tests.checks.open_vswitch.switch_scene import (
    HEALTHY,
    Values,
    cloud,
    database,
    judged,
    problems,
    runtime,
    values_of,
)
from tests.remote_texts import sample

NAME = "system@ovs-system"


def busy(**fields: Any) -> Values:
    """Return answers with one datapath."""
    given: dict[str, Any] = {"flows": 220, "limit": 10_000, "dump_seconds": 0.004, "missed": 3, "lost": 0}
    return {**HEALTHY, OVS_RUNTIME: runtime(datapaths={NAME: Datapath(name=NAME, **(given | fields))})}


def test_a_healthy_datapath() -> None:
    """Everything that was told is exported; the counters begin where the switch counts."""
    found = judged(judge, busy())
    assert values_of(found) == {
        ("flows", NAME): 220,
        ("flows_ratio", NAME): 0.022,
        ("flow_dump_seconds", NAME): 0.004,
        ("lost_lookups_total", NAME): 0,
        ("missed_lookups_total", NAME): 3,
    }
    assert problems(found) == set()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"flows": 9000}, set()),
        ({"flows": 9001}, {"flows_ratio"}),
        ({"flows": 907, "limit": 200_000}, set()),
        ({"flows": 1200, "limit": 1000}, {"flows_ratio"}),
        ({"dump_seconds": 1.0}, set()),
        ({"dump_seconds": 1.5}, {"flow_dump_seconds"}),
        ({"lost": 10**9}, set()),
    ],
)
def test_limits(fields: dict[str, float], expected: set[str]) -> None:
    """What was lost long ago is rated by the alert, not by a total."""
    assert problems(judged(judge, busy(**fields))) == expected


def test_what_is_not_told_yields_nothing() -> None:
    """A switch that hangs, and a part that only one command tells."""
    assert judged(judge, {**HEALTHY, OVS_RUNTIME: runtime(datapaths=None)}) == []
    only_lookups = read_datapaths(None, sample("questions/ovs", "dpctl-show"))
    found = values_of(judged(judge, {**HEALTHY, OVS_RUNTIME: runtime(datapaths=only_lookups)}))
    assert {key[0] for key in found} == {"lost_lookups_total", "missed_lookups_total"}
    assert ("flows_ratio", NAME) not in values_of(judged(judge, busy(limit=0)))


def test_an_unused_switch() -> None:
    """It is not judged, and absent it says nothing."""
    values: Values = {OVS_RUNTIME: busy(flows=9999)[OVS_RUNTIME], OVS_DATABASE: database()}
    assert judged(judge, values, cloud(label="cloudbr0")) == []
    assert judged(judge, {**HEALTHY, OVS_RUNTIME: None}) == []
