"""Bonds of Open vSwitch: judged member by member, never by the headline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.open_vswitch.switch_bonds import CABLE, SWITCH_LACP, judge
from exporter.memory import Scope
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsInterface, OvsPort
from exporter.questions.hosts.ovs_bonds import OvsBond, OvsBondMember, read_bonds
from exporter.questions.hosts.ovs_runtime import OVS_RUNTIME, OvsRuntime
from tests.checks.open_vswitch.switch_scene import (
    HEALTHY,
    Values,
    answers,
    cloud,
    database,
    host,
    judged,
    port,
    problems,
    refreshed,
    runtime,
    tap,
    target,
    values_of,
)
from tests.remote_texts import sample

ROOM = "questions/ovs"
INTERFACES = tuple(OvsInterface(name=name, ofport=1) for name in ("p0", "p1"))
METRICS = ("bond_members_without_partner", "bond_members_disabled", "bond_members_enabled")


USED: Values = {**HEALTHY, OVS_DATABASE: database(OvsPort(name="bond0", bridge="cloudbr1", interfaces=INTERFACES))}


def bond(*members: OvsBondMember, **fields: Any) -> OvsRuntime:
    """Return healthy daemons with one bond."""
    given: dict[str, Any] = {"name": "bond0", "mode": "balance-tcp", "lacp_status": "negotiated", "members": members}
    return runtime(bonds={"bond0": OvsBond(**(given | fields))})


def member(name: str, *, enabled: bool = True, lacp: str = "current") -> OvsBondMember:
    """Return a member."""
    return OvsBondMember(name=name, is_enabled=enabled, may_enable=enabled, lacp=lacp)


def recorded(name: str, lacp: str) -> OvsRuntime:
    """Return the bonds of a recorded output."""
    return runtime(bonds=read_bonds(sample(ROOM, f"{name}-bond-show"), sample(ROOM, f"{name}-{lacp}")))


def with_links(**states: bool | None) -> Values:
    """Return a database in which the members of bond0 have these link states."""
    interfaces = tuple(OvsInterface(name=name, ofport=1, is_up=state) for name, state in states.items())
    return {OVS_DATABASE: database(OvsPort(name="bond0", bridge="cloudbr1", interfaces=interfaces))}


CASES: dict[str, tuple[OvsRuntime, Values, tuple[int, int, int]]] = {
    "healthy": (bond(member("p0"), member("p1")), {}, (0, 0, 2)),
    "one member disabled": (bond(member("p0"), member("p1", enabled=False)), {}, (0, 1, 1)),
    "recorded: the headline says negotiated": (recorded("partner-no-lacp", "lacp-show"), {}, (2, 2, 0)),
    "recorded: a cable pulled": (
        recorded("member-carrier-down", "lacp"),
        with_links(bh0=True, bh1=False),
        (0, 1, 1),
    ),
    "the link state was not told": (recorded("member-carrier-down", "lacp"), with_links(bh0=True, bh1=None), (1, 1, 1)),
    "fallback without a partner": (
        bond(member("p0", lacp="defaulted"), member("p1", enabled=False, lacp="defaulted")),
        {},
        (2, 1, 1),
    ),
    "no LACP": (bond(member("p0", lacp=""), member("p1", lacp=""), lacp_status="off"), {}, (0, 0, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_members(name: str) -> None:
    """Silent, disabled and enabled members are counted; none enabled is a problem of its own."""
    found_runtime, values, counts = CASES[name]
    found = judged(judge, {**USED, **values, OVS_RUNTIME: found_runtime})
    assert values_of(found) == {(metric, "bond0"): count for metric, count in zip(METRICS, counts, strict=True)}
    silent, disabled, enabled = counts
    wanted = {METRICS[0]} if silent else set()
    wanted |= ({METRICS[1]} if disabled else set()) | (set() if enabled else {METRICS[2]})
    assert problems(found) == wanted


def test_the_old_words_judge_the_same() -> None:
    """Version 2.5 says slave; the output is constructed."""
    old = runtime(bonds=read_bonds(sample(ROOM, "bond-show.old-words"), sample(ROOM, "lacp-show.old-words")))
    found = judged(judge, {**USED, **with_links(eth0=True, eth1=True), OVS_RUNTIME: old})
    assert values_of(found) == {(METRICS[0], "bond0"): 1, (METRICS[1], "bond0"): 1, (METRICS[2], "bond0"): 1}


def test_remedy_and_words_follow_the_evidence() -> None:
    """A silent partner is a matter of the switch, a link one of the cable; the lying headline is quoted."""
    silent = judged(judge, {**USED, OVS_RUNTIME: recorded("partner-no-lacp", "lacp-show")})
    assert {one.remedy for one in silent} == {SWITCH_LACP}
    assert silent[0].seen == "bh0 disabled (LACP expired), bh1 disabled (LACP expired); the headline says negotiated"
    pulled = judged(
        judge,
        {**USED, **with_links(bh0=True, bh1=False), OVS_RUNTIME: recorded("member-carrier-down", "lacp")},
    )
    assert {one.remedy for one in pulled} == {CABLE}


def test_a_bond_is_given_the_time_to_negotiate() -> None:
    """For 90 seconds it is neither healthy nor broken; one that recovers begins anew."""
    configured = bond(member("p0", enabled=False, lacp="defaulted"), lacp_status="configured")
    well = bond(member("p0"))
    scope, seen = Scope(), []
    for asked, given in (
        (10.0, configured),
        (60.0, configured),
        (101.0, configured),
        (110.0, well),
        (120.0, configured),
    ):
        scope.begin()
        told = answers({**USED, OVS_RUNTIME: given}, asked, scope)
        seen.append(problems(list(judge(target(host()), told, refreshed(cloud(), 1)))))
        scope.end()
    assert seen == [set(), set(), set(METRICS), set(), set()]


def test_what_is_not_told_yields_nothing() -> None:
    """A switch that hangs says nothing of its bonds, nor does a host without one."""
    for known in (runtime(bonds=None), runtime(bonds={}), None):
        assert judged(judge, {**USED, OVS_RUNTIME: known}) == []
    dead = bond(member("p0", enabled=False))
    assert judged(judge, {**USED, OVS_DATABASE: None, OVS_RUNTIME: dead}) == []


def test_a_bond_of_an_unused_switch() -> None:
    """It is nobody's concern here."""
    values: Values = {OVS_RUNTIME: recorded("partner-no-lacp", "lacp-show"), OVS_DATABASE: database()}
    assert judged(judge, values, cloud(label="cloudbr0"), looks=3) == []


def test_a_bond_that_no_label_uses() -> None:
    """One that is prepared on a bridge of its own never alarms, while the other bridge is in use."""
    spare = OvsPort(name="bond0", bridge="spare", interfaces=INTERFACES)
    made = OvsBridge(name="spare", ports=(spare,))
    own = database(tap())
    prepared = replace(own, bridges={**own.bridges, "spare": made}, ports={**own.ports, "bond0": spare})
    dead = bond(member("p0", enabled=False), member("p1", enabled=False))
    assert judged(judge, {**USED, OVS_RUNTIME: dead})
    assert judged(judge, {**USED, OVS_DATABASE: prepared, OVS_RUNTIME: dead}) == []


def test_a_bond_behind_a_patch_port() -> None:
    """The label's bridge leads to another one, and that one's bond is what carries."""
    ways = (port("to-1", "br-ex", kind="patch"), OvsPort(name="bond0", bridge="br-ex", interfaces=INTERFACES))
    own = database(port("to-ex", kind="patch"))
    patched = replace(own, bridges={**own.bridges, "br-ex": OvsBridge(name="br-ex", ports=ways)})
    dead = bond(member("p0", enabled=False), member("p1"))
    found = judged(judge, {**USED, OVS_DATABASE: patched, OVS_RUNTIME: dead})
    assert problems(found) == {"bond_members_disabled"}
