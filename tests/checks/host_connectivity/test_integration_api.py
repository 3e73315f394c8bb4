"""The API without passwords."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.integration_api import judge, judge_server
from exporter.cloud.cloud import Cloud
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS
from tests.checks.host_connectivity import management_scene as scene


def cloud(setting: str | None) -> Cloud:
    """Return a Cloud with this setting."""
    return scene.cloud(settings={} if setting is None else {"integration.api.port": setting})


@pytest.mark.parametrize(
    ("setting", "enabled"),
    [("0", [0]), ("", [0]), (" 0 ", [0]), ("8096", [1]), (" 18096", [1]), ("-1", [0]), ("99999", [0]), (None, [])],
)
def test_the_setting(setting: str | None, enabled: list[int]) -> None:
    """Empty and 0 switch it off; what was not told is not known."""
    assert [one.value for one in scene.of_group(judge, cloud(setting))] == enabled


@pytest.mark.parametrize(
    ("setting", "listening", "is_open"),
    [
        ("8096", {("*", 8096), ("*", 8080)}, [1]),
        ("8096", {("10.0.0.1", 8096)}, [1]),
        ("8096", {("127.0.0.1", 8096)}, [0]),
        ("8096", {("*", 8080)}, [0]),
        ("0", {("*", 8096), ("*", 22)}, [0]),
        (None, {("*", 8096)}, []),
    ],
)
def test_who_listens(setting: str | None, listening: set[tuple[str, int]], is_open: list[int]) -> None:
    """For other machines; before the restart that the setting needs nobody does."""
    answers = scene.answers({MANAGEMENT_SOCKETS: scene.sockets(listening=frozenset(listening))})
    assert [one.value for one in judge_server(scene.target(scene.server()), answers, cloud(setting))] == is_open
