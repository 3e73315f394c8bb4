"""What is missing when a source is not there."""

from __future__ import annotations

import pytest

from exporter.blindness import blind_rows, unanswered
from exporter.checks import Registered, discover
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.findings import Verdict
from exporter.judging import plan
from exporter.memory import TargetMemory
from exporter.model import Check, Failure, Issue, Reason, Unjudged

CHECKS = discover()
HOSTS = {Issue.VLAN_TRUNKING, Issue.HYPERVISOR_LINKS, Issue.SECURITY_GROUPS}


def missed(reason: Reason) -> dict[Issue, Verdict]:
    """Return the issues that miss the database, which is not there for ``reason``."""
    memory = TargetMemory()
    memory.note({question: Failure(reason) for question in plan(CHECKS)[DatabaseTarget]}, 1.0)
    return {issue: verdict for issue, _, verdict in unanswered(CHECKS, [(DatabaseTarget(), memory)], None, ())}


def test_issues_about_hosts_do_not_miss_a_database_that_nobody_configured() -> None:
    """They are as healthy as their hosts; what only the database tells is not configured."""
    assert missed(Reason.NOT_CONFIGURED) == {Issue.HOST_CONNECTIVITY: Verdict.NOT_CONFIGURED}


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.BEHIND, Reason.PERMISSION])
def test_a_database_that_does_not_answer_is_missed_by_all(reason: Reason) -> None:
    """Unknown is not healthy."""
    assert missed(reason) == dict.fromkeys({*HOSTS, Issue.HOST_CONNECTIVITY, Issue.TEMPLATES}, Verdict.UNKNOWN)


def test_an_object_that_nobody_can_judge() -> None:
    """It is unknown to the issue, and a row says why, although everything was answered."""
    told = Unjudged(zone="z", kind="cluster", name="c1", detail="nobody tells")
    check = Check(title="Clusters", metrics=())
    checks = (Registered(Issue.SECURITY_GROUPS, "clusters", check),)
    cloud, left_out = Cloud(at=7.0), [(checks[0], told)]
    unknown = [*unanswered(checks, [], cloud, left_out)]
    assert unknown == [(Issue.SECURITY_GROUPS, ("z", "cluster", "c1"), Verdict.UNKNOWN)]
    (row,) = blind_rows(checks, [], cloud, left_out)
    assert (row.issues, row.zone, row.subject_kind, row.subject) == ((Issue.SECURITY_GROUPS,), "z", "cluster", "c1")
    assert (row.what, row.reason, row.detail, row.since) == (("Clusters",), "unsupported", "nobody tells", 7.0)
