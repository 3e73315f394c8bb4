"""Whether the service of a management server runs."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.server_service import judge
from exporter.checks.host_connectivity.servers import HELD_BACK
from exporter.cloud.cloud import Cloud
from exporter.questions.management.service import MANAGEMENT_SERVICE
from tests.checks.host_connectivity import management_scene as scene


def said(state: str, cloud: Cloud | None = None) -> list[float]:
    """Return the values."""
    answers = scene.answers({MANAGEMENT_SERVICE: scene.service(state=state, running=None)})
    return [one.value for one in judge(scene.target(scene.server()), answers, cloud or scene.cloud())]


@pytest.mark.parametrize(("state", "up"), [("active", 1), ("reloading", 1), ("inactive", 0), ("failed", 0)])
def test_what_systemd_says(state: str, up: int) -> None:
    """Of a server that CloudStack calls Up."""
    assert said(state) == [up]


@pytest.mark.parametrize("state", ["activating", "", "maintenance"])
def test_what_tells_nothing(state: str) -> None:
    """While it is being started, without its unit or systemd, and a word that is not known."""
    assert said(state) == []


@pytest.mark.parametrize("state", ["Down", *sorted(HELD_BACK)])
def test_a_server_out_of_service(state: str) -> None:
    """It may be stopped; CloudStack's newest word counts."""
    assert said("inactive", scene.cloud(scene.server(1, state))) == []


def test_a_server_that_the_newest_list_lacks() -> None:
    """What it was when the target was made counts."""
    assert said("failed", scene.cloud(scene.server(2))) == [0]
