"""Hosts of a cluster and what reaches them, judged once or twice with a refresh of the Cloud between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Cluster, Host
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from tests.checks.host_connectivity import management_scene

NOW = management_scene.NOW
ADDRESSES = {number: f"10.0.1.{number}" for number in range(1, 9)}


def host(number: int = 1, **changes: Any) -> Host:
    """Return a KVM host of the one cluster that is Up and enabled."""
    given: dict[str, Any] = {"cluster_id": "c", "created": NOW - 1e6}
    return management_scene.host(number, **(given | changes))


def cloud(*hosts: Host, **fields: Any) -> Cloud:
    """Return a Cloud with these hosts."""
    cluster = Cluster("c", "cluster-1", "z", "p", "KVM", enabled=True, managed=True)
    given: dict[str, Any] = {"clusters": {"c": cluster}, "at": NOW}
    return Cloud(hosts={one.id: one for one in hosts}, **(given | fields))


def judged(
    judge: Callable[..., Any], target: Any, values: Mapping[Question[Any], Any], seen_by: Cloud, *, looks: int = 2
) -> list[Sample]:
    """Return what is said after so many looks at the same; the Cloud is read anew before each."""
    return judged_in_turn(judge, target, [values] * looks, seen_by)[-1]


def judged_in_turn(
    judge: Callable[..., Any], target: Any, told: Sequence[Mapping[Question[Any], Any]], seen_by: Cloud
) -> list[list[Sample]]:
    """Return what is said after each look; of a list of targets each has its look."""
    scope, found = Scope(), []
    for look, values in enumerate(told):
        asked = 1000.0 * (look + 1)
        known = replace(seen_by, asked=asked - 20, finished=asked - 10)
        answers = Answers(
            now=NOW,
            asked=asked,
            values={question: Answer(value, asked, NOW, 1e12) for question, value in values.items()},
            memory=scope.held,
        )
        scope.begin()
        found.append(list(judge(target[look] if isinstance(target, list) else target, answers, known)))
        scope.end()
    return found


def values(samples: list[Sample], metric: str) -> dict[tuple[str, ...], float]:
    """Return the values of one metric, named without the common prefix, by the labels behind zone, cluster, host."""
    return {labels[3:]: value for labels, value in management_scene.values(samples, metric).items()}


only = management_scene.only
