"""Schema and servers of one release; upgrades that came to an end."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.schema import judge
from exporter.model import Sample
from exporter.questions.database.state import DATABASE_SERVERS, DATABASE_VERSIONS, ServerRow
from tests.checks.host_connectivity import management_scene as scene


def said(*steps: tuple[str, str], rows: tuple[ServerRow, ...] | None = (scene.row(),)) -> list[Sample]:
    """Return the samples; ``rows`` None: the servers could not be asked for."""
    given = {DATABASE_VERSIONS: scene.versions(*steps)} | ({} if rows is None else {DATABASE_SERVERS: rows})
    return list(judge(scene.DATABASE, scene.answers(given), scene.cloud()))


def differs(schema: str, version: str, **row: Any) -> dict[tuple[str, ...], float]:
    """Return the verdict on one server."""
    found = said((schema, "Complete"), rows=(scene.row(version=version, **row),))
    return scene.values(found, "management_server_schema_differs")


def test_all_upgrades_are_complete() -> None:
    """Zero is said of the database and of the server."""
    found = said()
    assert scene.values(found, "schema_upgrades_incomplete") == {("cloud",): 0}
    assert scene.values(found, "management_server_schema_differs") == {("mgmt-1",): 0}


def test_an_upgrade_that_did_not_end() -> None:
    """It is counted and named, also while the servers cannot be judged."""
    found = said(("4.19.0.0", "Complete"), ("4.20.1.0", "Upgrade"), rows=None)
    (one,) = found
    assert (one.value, one.seen) == (1, "4.20.1.0 Upgrade")


@pytest.mark.parametrize(
    ("schema", "version"),
    [
        ("4.20.1.0", "4.20.1.0"),
        ("4.19.1.0", "4.19.1.3"),
        ("4.22.0.0", "4.22.0.0-SNAPSHOT"),
        ("4.18.2.0", "4.18.2.4-shapeblue0"),
        ("4.9.2.0", " 4.09.2.1 "),
    ],
)
def test_one_release(schema: str, version: str) -> None:
    """The fourth number and a vendor's suffix may differ."""
    assert differs(schema, version) == {("mgmt-1",): 0}


@pytest.mark.parametrize(("schema", "version"), [("4.20.0.0", "4.19.3.0"), ("4.9.2.0", "4.20.2.0")])
def test_two_releases(schema: str, version: str) -> None:
    """They are compared as numbers."""
    assert differs(schema, version) == {("mgmt-1",): 1}


@pytest.mark.parametrize(("schema", "version"), [("4.20.0.0", ""), ("4.20.0.0", "main"), ("x", "4.20.0.0"), ("4", "5")])
def test_versions_that_are_none(schema: str, version: str) -> None:
    """Nothing is said."""
    assert differs(schema, version) == {}


def test_only_living_servers_count() -> None:
    """An old one that was taken out of service keeps its version for ever."""
    assert differs("4.20.0.0", "4.11.3.0", state="Down") == {}
    assert differs("4.20.0.0", "4.11.3.0", heartbeat_age=4000.0) == {}
    assert differs("4.20.0.0", "4.11.3.0", state="Maintenance") == {}
