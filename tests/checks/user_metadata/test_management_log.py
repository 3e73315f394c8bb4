"""What is said of management-server.log."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.user_metadata.management_log import COMPLAINTS, MESSAGES, judge
from exporter.model import Sample
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LEVELS, LogCounts, LogTold, messages
from exporter.questions.management.log_signatures import SIGNATURES
from exporter.thresholds import LOG_COMPLAINTS, LOG_FREQUENT
from tests.checks.user_metadata import log_scene as scene


def verdict(told: LogTold) -> list[Sample]:
    return scene.judged(judge, {MANAGEMENT_LOG: told})


def problems(told: LogTold) -> list[Sample]:
    return [one for one in verdict(told) if one.metric.problem and one.metric.problem.holds(one.value, 0)]


def test_a_log_that_tells_nothing() -> None:
    """Zero is said of every signature and every level, with the issue that each speaks of."""
    samples = verdict(LogTold())
    totals = [one.labels for one in samples if one.metric is MESSAGES]
    assert totals == [("ms1", row.issue.value, row.name) for row in SIGNATURES]
    assert {one.value for one in samples} == {0}
    assert sum("level" in one.metric.labels for one in samples) == len(LEVELS)


def test_what_is_counted() -> None:
    """Kinds, levels, and classes of errors that nobody knows."""
    told = LogTold(by_signature={"vlan_exhausted": 5}, by_level={"WARN": 7, "FATAL": 1}, unknown={"Foo": 3, "other": 2})
    values = {one.labels[1:]: one.value for one in verdict(told) if one.value}
    assert values == {
        ("vlan_trunking", "vlan_exhausted"): 5,
        ("WARN",): 7,
        ("FATAL",): 1,
        ("Foo",): 3,
        ("other",): 2,
    }


def test_what_is_repeated_is_a_problem_and_names_its_kind() -> None:
    """With how often, and the class that writes it."""
    told = LogTold(by_signature={"router_disconnected": 40}, lately={"router_disconnected": LOG_COMPLAINTS + 1})
    [sample] = problems(told)
    assert sample.metric is COMPLAINTS
    assert sample.labels == ("ms1", "user_metadata", "router_disconnected")
    assert sample.seen == (
        "router disconnected: 3 times in 15 minutes, 40 since it is followed (written by BasicNetworkTopology)"
    )


@pytest.mark.parametrize("row", SIGNATURES, ids=lambda row: row.name)
def test_what_healthy_clouds_write_is_counted_and_no_problem(row: object) -> None:
    """Nor is a kind that came once or twice."""
    for signature in SIGNATURES:
        if signature is row:
            many = {signature.name: 1000}
            assert bool(problems(LogTold(by_signature=many, lately=many))) is not signature.is_noise
            few = {signature.name: signature.tolerated}
            assert signature.tolerated >= LOG_COMPLAINTS
            assert problems(LogTold(by_signature=few, lately=few)) == []


def told_by(*texts: str) -> LogTold:
    """Return what these messages come to, each with a log id of its own."""
    counts = LogCounts()
    counts.take(
        messages(
            f"2025-10-27 15:50:13,678 WARN  [c.c.a.AgentManagerImpl] (T-1:[ctx-1]) (logid:{number}) {text}"
            for number, text in enumerate(texts)
        )
    )
    lately = counts.lately(0, 0.0)
    return LogTold(by_signature=dict(counts.by_signature), lately=lately, unknown=dict(counts.unknown))


HOST = "Resource [Host:5] is unreachable: Host 5:"


@pytest.mark.parametrize(
    "text",
    [
        f"{HOST} Unable to send class com.cloud.agent.api.StopCommand because agent 5 is in maintenance mode",
        f"{HOST} Host with specified id is not in the right state: Maintenance",
        f"Exception while stopping com.cloud.exception.AgentUnavailableException: {HOST} state: PrepareForMaintenance",
        "Resource [Cluster:2] is unreachable: Cluster 2 is disabled",
        "com.cloud.exception.OperationTimedoutException: Commands 81 to Host 5 timed out after 60 in Maintenance",
        "Commands 8123 to Host 5 timed out after 3600, resource state: Disabled",
        "Agent 5 state cannot be determined, host is in maintenance",
        "Unable to reach the peer that the agent is connected: host in PrepareForMaintenance",
    ],
)
def test_a_host_out_of_service_is_counted_and_never_a_complaint(text: str) -> None:
    """However often the log tells of it."""
    told = told_by(*[text] * 100)
    assert problems(told) == []
    assert (told.by_signature, told.unknown) == ({"host_out_of_service": 100}, {})


@pytest.mark.parametrize(
    "text",
    [
        f"{HOST} Host with specified id is not in the right state: Down",
        f"{HOST} Host is not in the right state: ErrorInMaintenance",
        f"{HOST} Host is not in the right state: ErrorInPrepareForMaintenance",
        'Commands 8123 to Host 5 timed out after 3600: {"disabled":false}',
    ],
)
def test_hosts_that_cannot_be_reached_are_a_complaint_when_there_are_many(text: str) -> None:
    """A rebooting host in a big cloud causes some; what lasts causes more."""
    assert problems(told_by(*[text] * LOG_FREQUENT)) == []
    [sample] = problems(told_by(*[text] * (LOG_FREQUENT + 1)))
    assert sample.value == 1
    assert sample.expected == f"at most {LOG_FREQUENT} in 15 minutes"


CANARIES = ("pass-CANARY-1", "key_CANARY_2", "token.CANARY.3", "CANARY4", "user-CANARY-5")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["WARN", "ERROR", "FATAL", "INFO"]),
            st.sampled_from(["c.c.{}", "{}", "a.{}.B", "c.c.n.X"]),
            st.sampled_from(["T-1:[{}]", "Job:{}", "T-1:[ctx-1]"]),
            st.sampled_from(["{}", "aa"]),
            st.sampled_from(
                [
                    "password={} for VM",
                    "Unable to save password for VM {} on router {}",
                    "Access ticket expired or has been modified {}",
                    "Failed to update userdata for vm {} and nic {}",
                    "x\njava.lang.Exception: {}\n\tat {}",
                ]
            ),
            st.sampled_from(CANARIES),
        ),
        max_size=30,
    )
)
def test_no_text_of_a_line_leaves(rows: list[tuple[str, str, str, str, str, str]]) -> None:
    """Neither in samples nor in words; a logger's name leaves when it is a name as classes have, and only then."""
    counts = LogCounts()
    lines = [
        f"2025-10-27 15:50:13,678 {level} [{logger.format(canary)}] ({context.format(canary)})"
        f" (logid:{logid.format(canary)}) {text.replace('{}', canary)}"
        for level, logger, context, logid, text, canary in rows
    ]
    counts.take(messages("\n".join(lines).split("\n")), 5)
    told = LogTold(
        by_signature=dict(counts.by_signature),
        by_level=dict(counts.by_level),
        unknown=dict(counts.unknown),
        lately=counts.lately(5, 0.0),
    )
    shown = json.dumps([(one.labels, one.seen, one.expected, one.remedy) for one in verdict(told)])
    assert not [canary for canary in CANARIES if canary in shown]
    assert "ctx-" not in shown
