"""Clocks of management servers against each other."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.server_clocks import judge
from exporter.model import Sample
from exporter.questions.management.service import MANAGEMENT_SERVICE
from exporter.thresholds import CLOCKS_APART_SECONDS
from tests.checks.host_connectivity import management_scene as scene


def said(*ahead: float) -> list[Sample]:
    """Return the samples of servers whose clocks are so far ahead of ours."""
    members = {
        scene.target(scene.server(number)): scene.answers({MANAGEMENT_SERVICE: scene.service(seconds)})
        for number, seconds in enumerate(ahead, 1)
    }
    return scene.of_group(judge, scene.cloud(), members)


@pytest.mark.parametrize(
    ("ahead", "apart"),
    [
        ((0, 0), [0, 0]),
        ((3600, 3601), [0, 1]),
        ((0, 45), [0, 45]),
        ((0, -45), [45, 0]),
        ((0, 1, 90), [1, 0, 89]),
        ((0, 0, -90), [0, 0, 90]),
        ((0, 0, 60, 60), [0, 0, 60, 60]),
    ],
)
def test_how_far_each_is_from_the_middle(ahead: tuple[float, ...], apart: list[float]) -> None:
    """Our own clock does not matter."""
    assert [one.value for one in said(*ahead)] == apart


def test_words() -> None:
    """Which way it is off."""
    (_, ahead) = said(0, 45)
    (behind, _) = said(0, 45 + 3600, 3600)[0:2]
    assert ahead.seen == "45 s ahead of the others"
    assert behind.seen == "3600 s behind the others"
    assert ahead.metric.problem is not None
    assert ahead.metric.problem.limit == CLOCKS_APART_SECONDS


def test_one_server_has_nobody_to_be_compared_with() -> None:
    """Nothing is said of it."""
    assert said(900) == []
    assert said() == []
