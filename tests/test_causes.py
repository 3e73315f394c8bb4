"""Cause and consequence: who explains whom, and that nothing is explained away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.causes import explained
from exporter.checks import discover
from exporter.findings import Finding
from exporter.model import Issue

DAEMON, BOND, SILENT, BACKEND = "ovs_up", "ovs_bond_members_down", "instances_silent", "backend_mixed"
FOLLOWS = {BOND: (DAEMON,), SILENT: (BOND, DAEMON), DAEMON: (BACKEND,)}


def finding(metric: str, **labels: str) -> Finding:
    return Finding(
        issue=Issue.OPEN_VSWITCH,
        check=metric,
        metric=metric,
        help="",
        zone=labels.get("zone", ""),
        subject_kind="host",
        subject=labels.get("host", ""),
        labels=labels,
        value=1,
        seen="",
        expected="",
        since=1.0,
        at_least=False,
        at=1.0,
    )


def causes(*rows: Finding) -> dict[str, tuple[str, ...]]:
    return {row.metric: row.because for row in explained(rows, FOLLOWS)}


H1 = {"zone": "z", "cluster": "c", "host": "h1"}
H2 = {"zone": "z", "cluster": "c", "host": "h2"}


def test_what_follows_names_the_first_cause_of_all() -> None:
    """A chain ends at its beginning, not at the link before."""
    found = causes(finding(SILENT, **H1, vlan="7"), finding(BOND, **H1, bond="b"), finding(DAEMON, **H1))
    assert found == {SILENT: (DAEMON, "z", "c", "h1"), BOND: (DAEMON, "z", "c", "h1"), DAEMON: ()}


def test_another_host_explains_nothing() -> None:
    """The dead daemon of a neighbour is not why this bond is down."""
    assert causes(finding(BOND, **H1), finding(DAEMON, **H2))[BOND] == ()
    assert causes(finding(BOND, **H1), finding(DAEMON, **{**H1, "zone": "other"}))[BOND] == ()


def test_what_serves_all_zones_explains_in_each() -> None:
    """A management server is in none of them; what is of one zone explains nothing of all."""
    server = {"management_server": "mgmt-1"}
    assert causes(finding(BOND, **H1), finding(DAEMON, **server))[BOND] == (DAEMON, "mgmt-1")
    assert causes(finding(BOND, **server), finding(DAEMON, **H1))[BOND] == ()


def test_another_bond_or_vlan_explains_nothing() -> None:
    """What both name must be the same: the pulled cable of one bond is not why another one is split."""
    assert causes(finding(SILENT, **H1, bond="b1"), finding(BOND, **H1, bond="b2"))[SILENT] == ()
    assert causes(finding(SILENT, **H1, bond="b1"), finding(BOND, **H1, bond="b1"))[SILENT] != ()


def test_a_cause_without_a_host_explains_its_cluster() -> None:
    """What is wrong with a cluster explains what is wrong with its hosts."""
    cause = finding(BACKEND, zone="z", cluster="c")
    assert causes(finding(DAEMON, **H1), cause)[DAEMON] == (BACKEND, "z", "c")
    assert causes(finding(DAEMON, **H1), finding(BACKEND, zone="z", cluster="d"))[DAEMON] == ()


def test_an_accepted_cause_explains_nothing() -> None:
    """What follows from an accepted finding is still to be done."""
    assert causes(finding(BOND, **H1), replace(finding(DAEMON, **H1), accepted="known"))[BOND] == ()


def test_a_circle_ends() -> None:
    """Two metrics that name each other do not hang the page."""
    rows = (finding("a", **H1), finding("b", **H1))
    found = {row.metric: row.because for row in explained(rows, {"a": ("b",), "b": ("a",)})}
    assert found == {"a": ("b", "z", "c", "h1"), "b": ("a", "z", "c", "h1")}


METRICS = {metric.name: metric for known in discover() for metric in known.check.metrics}


@pytest.mark.parametrize("metric", [one for one in METRICS.values() if one.follows], ids=lambda one: one.name)
def test_declared_causes_exist_and_do_not_circle(metric: object) -> None:
    """Each name is that of a metric with a problem, and no metric explains itself in the end."""
    start = metric.name  # type: ignore[attr-defined]
    passed: set[str] = set()
    wait = list(METRICS[start].follows)
    while wait:
        name = wait.pop()
        assert name in METRICS, f"{start} follows {name}, which is no metric"
        assert METRICS[name].problem is not None
        assert name != start
        if name not in passed:
            passed.add(name)
            wait += METRICS[name].follows
