"""Versions of Open vSwitch inside a cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.open_vswitch.versions import judge, judge_cluster
from exporter.cloud.groups import ClusterGroup
from exporter.model import Answers, Sample
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, Daemon, State
from tests.checks.open_vswitch.switch_scene import (
    Values,
    answers,
    cloud,
    database,
    host,
    judged,
    problems,
    runtime,
    target,
    values_of,
)


def says(version: str) -> Values:
    """Return answers of a host with that version."""
    daemon = Daemon(name="ovsdb-server", state=State.UP, version=version)
    return {OVS_RUNTIME: runtime(database=daemon), OVS_DATABASE: database(version=version)}


def compared(*told: Values, resting: int = 0) -> list[Sample]:
    """Return the verdicts on a cluster of hosts that told this; the last ``resting`` are in maintenance."""
    members: dict[object, Answers] = {}
    for number, values in enumerate(told, start=1):
        state = "Maintenance" if number > len(told) - resting else "Enabled"
        members[target(host(number, resource_state=state))] = answers(values, 100.0)
    return list(judge_cluster(ClusterGroup("zone1", cloud().clusters["c"]), members, cloud()))  # type: ignore[arg-type]


def odd(found: list[Sample]) -> list[str]:
    """Return the hosts that differ."""
    return [sample.label("host") for sample in found if sample.value]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (("3.1.0", "3.1.0", "3.1.0"), []),
        (("3.1.0", "2.17.0", "3.1.0"), ["kvm2"]),
        (("3.1.0", "2.17.0"), []),
        (("3.1.0", "2.17.0", "2.13.0"), []),
        (("3.1.0", "3.1.0", "2.17.0", "2.17.0"), []),
    ],
)
def test_the_odd_one_out(versions: tuple[str, ...], expected: list[str]) -> None:
    """Only a majority says who is wrong."""
    found = compared(*map(says, versions))
    assert odd(found) == expected
    assert problems(found) == ({"version_differs"} if expected else set())
    assert len(found) == len(versions)


def test_hosts_without_a_version_have_no_say_and_no_verdict() -> None:
    """Hosts without Open vSwitch, and those in maintenance, are not compared; these have no fault, and that is said."""
    absent: Values = {OVS_RUNTIME: None, OVS_DATABASE: None}
    found = compared(says("3.1.0"), says("3.1.0"), says("2.17.0"), absent)
    assert odd(found) == ["kvm3"]
    assert len(found) == 3
    assert odd(compared(says("3.1.0"), says("3.1.0"), says("2.17.0"), says("2.17.0"), resting=1)) == ["kvm3"]
    resting = compared(says("3.1.0"), says("3.1.0"), says("2.17.0"), resting=1)
    assert {one.label("host"): one.value for one in resting} == {"kvm1": 0, "kvm2": 0, "kvm3": 0}


def test_the_version_is_told_of_unused_switches_too() -> None:
    """It is a fact: what runs counts before what the start script wrote; without either nothing is said."""
    assert values_of(judged(judge, says("3.1.0"), cloud(label="x"))) == {("info", "3.1.0"): 1}
    upgraded = {**says("3.1.0"), OVS_DATABASE: database(version="2.17.0")}
    assert values_of(judged(judge, upgraded)) == {("info", "3.1.0"): 1}
    hanging = replace(runtime(), database=Daemon(name="ovsdb-server", state=State.HANGS))
    assert values_of(judged(judge, {OVS_RUNTIME: hanging, OVS_DATABASE: database(version="2.17.0")})) == {
        ("info", "2.17.0"): 1
    }
    assert judged(judge, {OVS_RUNTIME: None}) == []


def test_hosts_that_did_not_tell() -> None:
    """While they may have another version and be most, none is called the usual one."""
    silent = {f"s{number}": host(20 + number) for number in range(3)}
    members = {target(host(number)): answers(says("3.1.0"), 100.0) for number in (1, 2)}
    group = ClusterGroup("zone1", cloud().clusters["c"])
    assert list(judge_cluster(group, members, replace(cloud(), hosts=silent))) == []
    silent.pop("s0")
    assert [one.value for one in judge_cluster(group, members, replace(cloud(), hosts=silent))] == [0, 0]
