"""Management servers of different versions."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.server_versions import judge
from tests.checks.host_connectivity import management_scene as scene


def said(*versions: str, states: tuple[str, ...] = ("Up", "Up", "Up")) -> dict[str, float]:
    """Return the verdict by server; each runs one of the versions."""
    servers = (
        scene.server(number, state, version=version)
        for number, (version, state) in enumerate(zip(versions, states, strict=False), 1)
    )
    found = scene.of_group(judge, scene.cloud(*servers))
    return {one.labels[0]: one.value for one in found}


def test_one_version() -> None:
    """Zero is said of each, also of the only one."""
    assert said("4.20.1.0", "4.20.1.0") == {"mgmt-1": 0, "mgmt-2": 0}
    assert said("4.20.1.0") == {"mgmt-1": 0}


def test_the_older_one_is_named() -> None:
    """Numbers are compared as numbers: 4.9 is older than 4.20."""
    assert said("4.9.3.1", "4.20.1.0") == {"mgmt-1": 1, "mgmt-2": 0}


def test_two_builds_of_one_version() -> None:
    """A SNAPSHOT beside a release is a mixture too."""
    assert sum(said("4.22.0.0-SNAPSHOT", "4.22.0.0").values()) == 1


@pytest.mark.parametrize("state", ["Down", "Maintenance", "ReadyToShutDown"])
def test_only_servers_that_are_up_count(state: str) -> None:
    """During an upgrade the old ones are stopped, and one taken out of service keeps its version for ever."""
    assert said("4.18.0.0", "4.20.1.0", states=(state, "Up")) == {"mgmt-2": 0}


def test_a_version_that_is_not_told() -> None:
    """Nothing is said of that server."""
    assert said("", "4.20.1.0") == {"mgmt-2": 0}
    assert said("unknown", "4.20.1.0") == {"mgmt-1": 1, "mgmt-2": 0}
