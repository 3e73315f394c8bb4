"""What came from a browser: told while it comes, and remembered by the Clouds after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import Download, Origin, Template
from exporter.inventory.uploads import with_uploads

URL = "https://images.example/debian.qcow2"


def template(state: str = "", name: str = "t1", zone: str = "z1", **told: Any) -> Template:
    """Return a template of one user, one copy of which is in this state."""
    given: dict[str, Any] = {"is_ready": False, "status": "", "type": "USER"}
    downloads = (Download("nfs1", state),) if state else ()
    return Template(id=name, zone_id=zone, name=name, downloads=downloads, **(given | told))


REGISTERED = template("DOWNLOADED", "other", url=URL, is_ready=True)


def origins(*templates: Template, former: Cloud | None = None) -> Mapping[tuple[str, str], Origin]:
    """Return where each template is said to come from."""
    found = with_uploads({(one.id, one.zone_id): one for one in templates}, former)
    return {key: one.origin for key, one in found.items()}


@pytest.mark.parametrize("state", ["NOT_UPLOADED", "UPLOAD_IN_PROGRESS", "UPLOAD_ERROR", "DOWNLOAD_IN_PROGRESS"])
def test_an_upload_is_told_while_it_comes_and_remembered(state: str) -> None:
    """It becomes ready like any other, and its state says so."""
    coming, key = template(state), ("t1", "z1")
    assert origins(coming, REGISTERED)[key] is Origin.UPLOADED
    former = Cloud(templates=with_uploads({key: coming, ("other", "z1"): REGISTERED}, None))
    done = template("DOWNLOADED", is_ready=True)
    assert origins(done, REGISTERED, former=former)[key] is Origin.UPLOADED
    again = Cloud(templates=with_uploads({key: done}, former))
    assert origins(done, former=again)[key] is Origin.UPLOADED
    assert origins(done, REGISTERED)[key] is Origin.UNKNOWN


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        ({"url": URL}, Origin.REGISTERED),
        ({"source_template_id": "t0"}, Origin.MADE_HERE),
        ({"type": "SYSTEM"}, Origin.SYSTEM),
        ({"is_ready": True}, Origin.UNKNOWN),
    ],
)
def test_what_comes_in_otherwise_is_no_upload(told: dict[str, Any], origin: Origin) -> None:
    """Downloads have a URL, templates made here a source; what is ready is only copied."""
    assert origins(template("DOWNLOAD_IN_PROGRESS", **told), REGISTERED)["t1", "z1"] is origin


def test_a_template_that_is_copied_to_another_zone_is_no_upload() -> None:
    """It is ready in the first."""
    there = template("DOWNLOADED", is_ready=True)
    assert origins(there, template("DOWNLOAD_IN_PROGRESS", zone="z2"), REGISTERED)["t1", "z2"] is Origin.UNKNOWN


def test_an_old_version_shows_no_urls() -> None:
    """There only the states of uploads tell."""
    hidden = replace(REGISTERED, url="")
    assert origins(template("DOWNLOAD_IN_PROGRESS"), hidden)["t1", "z1"] is Origin.UNKNOWN
    assert origins(template("NOT_UPLOADED"), hidden)["t1", "z1"] is Origin.UPLOADED
