"""Ports that Open vSwitch could not open."""

from __future__ import annotations

import pytest

from exporter.checks.open_vswitch.switch_ports import BRING_BACK, REMOVE, judge
from exporter.memory import Scope
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsPort, read_database
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.open_vswitch.switch_scene import (
    HEALTHY,
    answers,
    cloud,
    database,
    host,
    judged,
    port,
    problems,
    refreshed,
    tap,
    target,
    values_of,
)
from tests.remote_texts import sample

ERROR = "could not open network device vnet9 (No such device)"
BROKEN = port("vnet9", ofport=-1, error=ERROR)


def test_zero_is_said() -> None:
    """A switch whose ports are all open is healthy; one that was not yet told a number is no fault."""
    assert values_of(judged(judge)) == {("ports_failed",): 0}
    waiting = {**HEALTHY, OVS_DATABASE: database(port("dpdk0", kind="dpdk", ofport=None), port("p", ofport=65534))}
    assert values_of(judged(judge, waiting)) == {("ports_failed",): 0}


@pytest.mark.parametrize(
    ("broken", "remedy"),
    [
        (BROKEN, REMOVE),
        (port("vnet9", ofport=-1), REMOVE),
        (port("vnet9", error="no room"), REMOVE),
        (port("eth1", ofport=-1, error="could not open network device eth1 (No such device)"), BRING_BACK),
    ],
)
def test_a_port_that_is_not_open(broken: OvsPort, remedy: str) -> None:
    """It is counted and named; a lost uplink is brought back, a tap's port removed."""
    found = judged(judge, {**HEALTHY, OVS_DATABASE: database(tap(), broken)})
    assert values_of(found) == {("ports_failed",): 1, ("port_failed", "cloudbr1", broken.name): 1}
    assert problems(found) == {"ports_failed"}
    assert found[0].remedy == remedy
    assert broken.name in found[0].seen


def test_a_true_database() -> None:
    """The port of the recorded answer is found."""
    true = read_database(sample("questions/ovs", "database.failing"))
    assert values_of(judged(judge, {**HEALTHY, OVS_DATABASE: true})) == {
        ("ports_failed",): 1,
        ("port_failed", "cloudbr1", "vnet999"): 1,
    }


def test_a_tap_that_is_just_being_made() -> None:
    """One look is none, and another port on the next visit begins its own count."""
    assert values_of(judged(judge, {**HEALTHY, OVS_DATABASE: database(BROKEN)}, looks=1)) == {("ports_failed",): 0}
    scope, found = Scope(), {}
    for look, name in ((1, "vnet8"), (2, "vnet9")):
        scope.begin()
        told = answers({**HEALTHY, OVS_DATABASE: database(port(name, ofport=-1))}, 100.0 * look, scope)
        found = values_of(list(judge(target(host()), told, refreshed(cloud(), look))))
        scope.end()
    assert found == {("ports_failed",): 0}


def test_rows_are_bounded_and_uplinks_come_first() -> None:
    """The count stays whole."""
    ports = [port(f"vnet{number}", ofport=-1) for number in range(30)] + [port("eth1", ofport=-1)]
    found = values_of(judged(judge, {**HEALTHY, OVS_DATABASE: database(*ports)}))
    assert found.pop(("ports_failed",)) == 31
    assert len(found) == ROWS_PER_TARGET
    assert next(iter(found)) == ("port_failed", "cloudbr1", "eth1")


def test_unused_and_absent_switches() -> None:
    """Neither says anything."""
    assert judged(judge, {OVS_DATABASE: database(BROKEN)}, cloud(label="cloudbr0")) == []
    assert judged(judge, {**HEALTHY, OVS_DATABASE: None}) == []
