"""Rules on hosts against the sequences in the database: late enough, seen twice, and of the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.security_groups.nics import NEEDED
from exporter.checks.security_groups.rule_versions import CHECK, judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.database.counts import RULE_SEQUENCES
from exporter.questions.hosts.firewall import FIREWALL
from tests.checks.security_groups import guarded_host as scene

ZONE = ZoneGroup("z", "zone1")
ROUND = 600.0
IN_STEP = {vm: log.sequence for vm, log in scene.values()[FIREWALL].logs.items() if log.sequence not in (None, -1)}
VM = "i-2-56-VM"


def database(*rounds: Mapping[str, Any] | None, asked: float) -> Answers:
    """Return the newest answer, asked just before the host's, and the one before."""
    at = [asked - 5 - ROUND * back for back in range(len(rounds))][::-1]
    told = [Answer(value, when, scene.NOW, 1e12) for value, when in zip(rounds, at, strict=True)]
    return Answers(
        now=scene.NOW,
        asked=at[-1],
        values={RULE_SEQUENCES: told[-1]},
        previous={RULE_SEQUENCES: told[-2]} if len(told) > 1 else {},
        memory=Scope().held,
    )


def judged(
    *rounds: Mapping[str, Any],
    looks: int = 2,
    target: HostTarget = scene.TARGET,
    without: Question[Any] | None = None,
    seen_by: Cloud | None = None,
    texts: scene.Texts | None = None,
) -> list[Sample]:
    """Return what the last look says of the host of the samples, with these rounds of the database before it."""
    scope, found = Scope(), list[Sample]()
    known = {question: value for question, value in scene.values(texts).items() if question is not without}
    for look in range(1, looks + 1):
        asked = 10_000 + 100.0 * look
        host = Answers(
            now=scene.NOW,
            asked=asked,
            values={question: Answer(value, asked, scene.NOW, 1e12) for question, value in known.items()},
            memory=scope.held,
        )
        members: dict[HostTarget | DatabaseTarget, Answers] = {
            target: host,
            DatabaseTarget(): database(*rounds, asked=asked),
        }
        cloud = replace(seen_by or scene.cloud(), asked=asked - 50, finished=asked - 40, generation=look)
        scope.begin()
        found = list(judge(ZONE, members, cloud))
        scope.end()
    return found


def one(samples: list[Sample]) -> Sample:
    (found,) = samples
    assert found.labels == ("zone1", "cluster1", "kvm1")
    return found


def test_hosts_in_step() -> None:
    """Zero is said for each host; some machine of the samples has rules that CloudStack sent."""
    assert IN_STEP[VM] == 7
    assert one(judged(IN_STEP, IN_STEP)).value == 0


def test_rules_older_than_the_round_before() -> None:
    """The machine is named with both numbers."""
    newer = {**IN_STEP, VM: 9}
    found = one(judged(newer, newer))
    assert (found.value, found.seen) == (1, "i-2-56-VM: rules of sequence 7, CloudStack has 9")
    assert found.metric.problem is not None
    assert found.metric.problem.holds(found.value, 0)


def test_rules_that_never_came() -> None:
    """A machine that has only what its start wrote is open to nobody, or to less than its groups say."""
    initial = next(vm for vm, log in scene.values()[FIREWALL].logs.items() if log.is_initial and vm.startswith("i-"))
    told = {**IN_STEP, initial: 1}
    found = one(judged(told, told))
    assert found.seen == f"{initial}: rules of sequence -1, CloudStack has 1 (it has only those of its start)"


def test_rules_that_were_never_made() -> None:
    """CloudStack makes the rules of each machine at its start; where it has none, nothing would ever come."""
    initial = next(vm for vm, log in scene.values()[FIREWALL].logs.items() if log.is_initial and vm.startswith("i-"))
    told = {**IN_STEP, initial: 0}
    found = one(judged(told, told))
    assert found.seen == f"{initial}: only the rules of its start, and CloudStack has never made any"
    assert one(judged(IN_STEP, told)).value == 0  # not Running at the round before: it may just have started
    assert one(judged(told, {**IN_STEP, initial: 1})).value == 1  # made since, and still not there


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (IN_STEP, {**IN_STEP, VM: 9}),  # changed since: the agent has not been sent it, or not reported yet
        ({**IN_STEP, VM: 5}, {**IN_STEP, VM: 5}),  # the host is ahead: the database was asked before the change
        ({**IN_STEP, VM: 900}, {**IN_STEP, VM: 1}),  # a database that was restored begins anew
        ({}, {VM: 9}),  # a machine that was not Running at the round before
        ({VM: 9}, {}),
    ],
)
def test_what_may_still_be_on_its_way(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Only what the database has known for a round, and still knows, must be on the host."""
    assert one(judged(before, now)).value == 0


def test_one_look_is_not_enough() -> None:
    """A machine that migrates away between the Cloud and the visit leaves its log behind."""
    newer = {**IN_STEP, VM: 9}
    assert one(judged(newer, newer, looks=1)).value == 0


def test_logs_that_are_wrong_in_themselves_belong_to_another_check() -> None:
    """A log of an earlier run says nothing of the rules of this one."""
    logs = scene.Texts().logs.replace("i-2-56-VM,56,10.1.1.56,4,", "i-2-56-VM,56,10.1.1.56,2,")
    newer = {**IN_STEP, VM: 9}
    assert one(judged(newer, newer, texts=scene.Texts(logs=logs))).value == 0


@pytest.mark.parametrize("question", [*NEEDED, FIREWALL], ids=lambda question: question.name)
def test_a_host_that_did_not_tell_is_unknown(question: Question[Any]) -> None:
    """Law 1."""
    assert judged(IN_STEP, IN_STEP, without=question) == []


def test_without_two_rounds_of_the_database_nothing_is_said() -> None:
    """After a start, and while the database is behind or away."""
    assert judged(IN_STEP) == []
    assert list(judge(ZONE, {}, scene.cloud())) == []


def test_hosts_that_are_held_back_and_a_database_asked_too_lately() -> None:
    """Maintenance does not alarm; an answer of the host that is hardly younger than the database's proves nothing."""
    held = HostTarget(replace(scene.HOST, resource_state="Maintenance"), "zone1", scene.TARGET.via)
    newer = {**IN_STEP, VM: 9}
    assert [one.value for one in judged(newer, newer, target=held)] == [0]
    host = Answers(
        now=scene.NOW,
        asked=100.0,
        values={question: Answer(value, 100.0, scene.NOW, 1e12) for question, value in scene.values().items()},
        memory=Scope().held,
    )
    late: dict[HostTarget | DatabaseTarget, Answers] = {
        scene.TARGET: host,
        DatabaseTarget(): database(newer, newer, asked=100.0 + ROUND),
    }
    assert list(judge(ZONE, late, scene.cloud())) == []


def test_it_needs_both_kinds() -> None:
    """The database is a member of every zone."""
    (group,) = CHECK.groups
    assert set(group.needs) == {HostTarget, DatabaseTarget}
