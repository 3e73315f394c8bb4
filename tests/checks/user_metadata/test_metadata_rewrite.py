"""The verdict on the rewrite rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.user_metadata.metadata_rewrite import DELETE, PUSH, judge
from exporter.model import Sample
from exporter.questions.routers.metadata import METADATA_RULES, RewriteRules, read_rules
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES, InstanceData
from tests.checks.user_metadata import scene

DATA = {"10.1.1.10": InstanceData(vm_id=scene.UUID)}


def verdict(rules: RewriteRules, data: dict[str, InstanceData] = DATA, age: float = scene.DAY) -> list[Sample]:
    """Return the samples for these rules."""
    router = replace(scene.router(), created=scene.NOW - age)
    return scene.judged(judge, router, scene.cloud(router), {METADATA_RULES: rules, METADATA_INSTANCES: data}, looks=1)


@pytest.mark.parametrize(
    ("text", "value", "seen", "remedy"),
    [
        ("missing", 0, "latest/.htaccess is missing", PUSH),
        ("on 0", 0, "0 rules for meta-data, RewriteEngine on", PUSH),
        ("off 0", 0, "0 rules for meta-data, RewriteEngine not on", DELETE),
        ("off 2", 0, "2 rules for meta-data, RewriteEngine not on", DELETE),
    ],
)
def test_faults_that_the_probe_cannot_see(text: str, value: int, seen: str, remedy: str) -> None:
    """Missing, empty, or appended to an empty file: every guest gets 404, as the router itself does."""
    (found,) = verdict(read_rules(text))
    assert (found.value, found.seen, found.remedy) == (value, seen, remedy)
    assert found.metric.problem
    assert found.metric.problem.holds(found.value, scene.NOW)


def test_health() -> None:
    """The number of working rules."""
    (found,) = verdict(read_rules("on 4"))
    assert found.value == 4
    assert found.metric.problem
    assert not found.metric.problem.holds(found.value, scene.NOW)


def test_nothing_is_expected_before_there_is_data() -> None:
    """A router without any instance's data, and one that has just come up, may lack the file."""
    assert verdict(read_rules("missing"), data={}) == []
    assert verdict(read_rules("missing"), data={"10.1.1.10": InstanceData(has_user_data=True)}) == []
    assert verdict(read_rules("missing"), age=60) == []
