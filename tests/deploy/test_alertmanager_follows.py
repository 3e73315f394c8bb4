"""Alertmanager's example against what the checks declare: an alert that follows from another one is hidden by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.expressions import judged
from alerts.rows import SEVERITIES, Row, load, sources

Pair = tuple[str, str]
KNOWN = judged()
ROWS = {row.alert: row for source in sources() for row in load(source) if row.metrics}
EXPOSED = "CloudStackNetSecurityGroupsOpen"
SERVERS = ("ManagementServerLost", "ManagementServiceDown", "AgentPortClosed", "ManagementDatabaseUnconnected")
AGENTS = ("AgentDisconnected", "AgentServiceDown", "AgentServersWrong", "HostManagementUnreachable")
LOST = ("AgentDisconnected", "HostNotUp", "HostStateDisagrees", "HostFlapping", "HostManagementUnreachable")
TOLD_ANYWAY = {
    ("CloudStackNetTrafficLabelMissing", EXPOSED): "tenants are exposed, which a missing label does not say",
    ("CloudStackNetBackendDiffers", "CloudStackNetClusterBackendsMixed"): "a host's alert cannot hide a cluster's",
    **{
        (f"CloudStackNet{one}", f"CloudStackNet{other}"): "an agent goes on to another management server"
        for one in SERVERS
        for other in LOST
    },
    **{
        ("CloudStackNetAgentServersWrong", f"CloudStackNet{other}"): "the other entries of its list may be right"
        for other in LOST
    },
    **{
        (f"CloudStackNet{one}", f"CloudStackNet{other}"): "they follow from a host that is dead, not from its agent"
        for one in (*SERVERS, "ManagementDown", *AGENTS)
        for other in ("HostNeighboursUnreachable", "HostStoresUnreachable")
    },
}
"""Cause and effect by what metrics follow, yet both are told."""
BESIDE = {
    ("CloudStackNetUplinkDown", "CloudStackNetVlanOneWay"): "nothing is heard through an uplink that carries nothing",
    ("CloudStackNetSwitchDaemonDown", "CloudStackNetSwitchBusy"): "who hangs is busy",
    ("CloudStackNetSwitchDaemonDown", "CloudStackNetVlanSilentOnHost"): "the page about the host is out",
    ("CloudStackNetSwitchDaemonDown", "CloudStackNetVlanOneWay"): "the page about the host is out",
    **{
        ("CloudStackNetManagementDown", f"CloudStackNet{one}"): "all are dead, so each is"
        for one in (
            "ManagementServerLost",
            "ManagementServerDown",
            "ManagementServiceDown",
            "AgentPortClosed",
            "ManagementServerSilent",
        )
    },
}
"""Hidden although no metric says that it follows: people read causes first on the page, and tickets are few here."""
OBJECTS = ("host", "cluster", "management_server", "database")
"""The last label of the alerts that both tables and the checks speak of completely."""
Matching = Callable[[list[str]], list[str]]


def _causes(row: Row) -> set[str]:
    """Return every metric that explains one of the alert's, through others too."""
    found: set[str] = set()
    wait = [name for metric in row.metrics for name in KNOWN[metric].metric.follows]
    while wait:
        name = wait.pop()
        if name not in found:
            found.add(name)
            wait += KNOWN[name].metric.follows
    return found


def _following() -> Iterator[Pair]:
    """Yield cause and effect, by alerts."""
    for effect in ROWS.values():
        for cause in ROWS.values():
            is_about = KNOWN[cause.metrics[0]].identity[-1] in OBJECTS
            if cause is not effect and is_about and _causes(effect) & set(cause.metrics):
                yield cause.alert, effect.alert


FOLLOWING = frozenset(_following())


def _outranks(pair: Pair) -> bool:
    """Return whether the cause is told at least as loudly as the effect."""
    cause, effect = (SEVERITIES.index(ROWS[name].severity) for name in pair)
    return cause <= effect


HIDDEN = sorted({pair for pair in FOLLOWING if _outranks(pair) and pair not in TOLD_ANYWAY} | BESIDE.keys())
SHOWN = sorted(FOLLOWING - set(HIDDEN))


def _identity(alert: str) -> tuple[str, ...]:
    return KNOWN[ROWS[alert].metrics[0]].identity


@pytest.fixture
def rules(deploy: Path, matching: Matching) -> list[tuple[Pair, set[str]]]:
    """Return every pair of alerts of which the example hides the second, with the labels that must be equal."""
    config: dict[str, Any] = yaml.safe_load((deploy / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
    return [
        ((cause, effect), set(rule.get("equal", ())))
        for rule in config["inhibit_rules"]
        for cause in matching(rule["source_matchers"])
        for effect in matching(rule["target_matchers"])
    ]


def test_exceptions_are_about_what_follows() -> None:
    """What is told anyway would be hidden, and what is hidden beside does not follow: neither table is stale."""
    assert FOLLOWING
    assert TOLD_ANYWAY.keys() <= {pair for pair in FOLLOWING if _outranks(pair)}
    assert not BESIDE.keys() & FOLLOWING


def test_hosts_and_servers_hide_exactly_what_follows(rules: list[tuple[Pair, set[str]]]) -> None:
    """Of hosts, management servers and the database the example hides what the tables say, and nothing else."""
    about = {pair for pair, _ in rules if pair[0] in ROWS and _identity(pair[0])[-1] in OBJECTS}
    assert sorted(about) == HIDDEN


def test_what_stands_still_without_a_management_server_is_hidden() -> None:
    """Whatever connects to it, from hosts and from inside system VMs; and each host of a cluster that never arrives."""
    assert {
        ("CloudStackNetManagementDown", "CloudStackNetConsoleAgentBroken"),
        ("CloudStackNetManagementDown", "CloudStackNetSecondaryStorageVmDisconnected"),
        ("CloudStackNetManagementDown", "CloudStackNetHostStuckConnecting"),
        ("CloudStackNetClusterHostsLost", "CloudStackNetHostStuckConnecting"),
    } <= set(HIDDEN)


def test_what_anybody_may_raise_hides_nothing(rules: list[tuple[Pair, set[str]]]) -> None:
    """A tenant's template from a dead place stays for weeks; meanwhile stores and other templates must be heard of."""
    causes = {"CloudStackNetSecondaryStorageVmNoDns", "CloudStackNetTemplateImportsBlocked"}
    assert causes <= ROWS.keys()
    assert [pair for pair, _ in rules if pair[0] in causes] == []


def test_what_follows_is_hidden_on_the_same_object_only(rules: list[tuple[Pair, set[str]]]) -> None:
    """The labels that name the cause must be equal; no management server alive is about all of one job's."""
    for pair, equal in rules:
        if pair in HIDDEN:
            everywhere = pair[0] == "CloudStackNetManagementDown"
            assert equal == ({"job"} if everywhere else {"job", *_identity(pair[0])}), pair


def test_a_page_is_hidden_by_a_page_that_is_there_in_time() -> None:
    """A warning of a host or server hides nothing critical, and a page waits no longer than the one that it hides."""
    pages = [pair for pair in HIDDEN if ROWS[pair[1]].severity == "critical"]
    assert pages
    for cause, effect in pages:
        assert ROWS[cause].severity == "critical"
        assert ROWS[cause].hold <= ROWS[effect].hold


@pytest.mark.real
async def test_alertmanager_hides_what_follows(
    states: Callable[[list[dict[str, str]]], Awaitable[list[str]]],
) -> None:
    """Each pair on objects of its own: causes are active, what follows is suppressed there and active elsewhere."""
    fired, expected = [], []
    for number, pair in enumerate([*HIDDEN, *SHOWN]):
        here, there = ({"job": f"{place}-{number}"} for place in ("here", "there"))
        cause, effect = ({"alertname": name, **dict.fromkeys(_identity(name), "some")} for name in pair)
        fired += [{**cause, **here}, {**effect, **here}, {**effect, **there}]
        expected += ["active", "suppressed" if pair in HIDDEN else "active", "active"]
        if _identity(pair[1])[-1] == "host" and "host" in _identity(pair[0]):
            fired.append({**effect, **here, "host": "other"})
            expected.append("active")
    assert await states(fired) == expected
