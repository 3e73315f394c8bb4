"""Templates that cannot be imported: by what was dialled, else by what errors say."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.templates.imports import ALLOWED, CHECK, is_not_allowed
from exporter.checks.templates.remedies import ALLOW_SITE, FIND_HOST, REACH_HOST
from exporter.checks.templates.sites import PROXY
from exporter.cloud.storage import Place, Template
from exporter.questions.dialling import Reach
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.templates.templates_scene import Said, asked, problems, said, template, zone

SITE = Place("images.example", 443)
KEY = ("import_site_reachable", "images.example:443")


def waiting(status: str = "", name: str = "a", **changes: Any) -> Template:
    """Return a template from a URL that is not ready."""
    told = {"url": "https://images.example/a.qcow2", **changes}
    return template(name, "DOWNLOAD_ERROR" if status else "NOT_DOWNLOADED", status=status, **told)


def judged(*templates: Template, reaches: Any = (), **settings: str) -> Said:
    """Return what is said of a zone."""
    cloud = zone(*templates, settings={name.replace("_", "."): value for name, value in settings.items()})
    return said(CHECK, (0.0, cloud), members=asked(*reaches))


def test_nothing_waits() -> None:
    """Zero is said, without any secondary storage VM."""
    found = judged(template("a", url="https://images.example/a.qcow2"))
    assert {key: one.value for key, one in found.items()} == {("imports_blocked",): 0}


@pytest.mark.parametrize("reach", [reach for reach in Reach if not reach.is_good])
def test_a_place_that_is_not_reached(reach: Reach) -> None:
    """Whatever the error says; each template from there counts."""
    found = judged(waiting(), waiting("HTTP Server returned 404", "b"), reaches=[{SITE: reach}])
    assert problems(found) == {("imports_blocked",)}
    assert found["imports_blocked",].value == 2
    assert found[KEY].value == 0
    assert found["imports_blocked",].seen == f"images.example:443 {reach}, needed for a, b"
    assert found["imports_blocked",].remedy == (FIND_HOST if reach is Reach.UNRESOLVED else REACH_HOST)


def test_one_secondary_storage_vm_that_reaches_it_suffices() -> None:
    """Any of them downloads."""
    for reaches in ([{SITE: Reach.TIMEOUT}, {SITE: Reach.OPEN}], [{}, {SITE: Reach.ESTABLISHED}]):
        found = judged(waiting("Connection refused"), reaches=reaches)
        assert problems(found) == set()
        assert found[KEY].value == 1


@pytest.mark.parametrize(
    ("status", "value"),
    [
        ("images.example: Name or service not known", 0),
        ("connect timed out", 0),
        ("Connection refused", 0),
        ("HTTP Server returned 404 (expected 200 OK)", 1),
        ("PKIX path building failed", 1),
        ("Download file size is too large", 1),
        ("No space left on device", None),
        ("Something nobody foresaw", None),
        ("", None),
    ],
)
def test_without_a_dial_the_error_tells(status: str, value: int | None) -> None:
    """Of the way to the place, or that the server has answered; what tells neither is unknown, not healthy."""
    found = judged(waiting(status))
    if value is None:
        assert found == {}
    else:
        assert (found[KEY].value, found["imports_blocked",].value) == (value, 1 - value)


def test_what_is_unknown_of_one_place_does_not_hide_another() -> None:
    """The count is then of those that are known to be cut off."""
    other = waiting("", "b", url="https://other.example/b.qcow2")
    found = judged(waiting("Connection refused"), other)
    assert problems(found) == {("imports_blocked",)}
    assert ("import_site_reachable", "other.example:443") not in found


def test_a_proxy_goes_there_instead() -> None:
    """What the secondary storage VM dials is then no proof."""
    found = judged(waiting("HTTP Server returned 404"), reaches=[{SITE: Reach.TIMEOUT}], secstorage_proxy="http://p:1")
    assert PROXY == "secstorage.proxy"
    assert problems(found) == set()


def test_templates_that_do_not_come_from_a_url_are_not_looked_at() -> None:
    """Made here, uploaded, downloaded by hosts, or of a hypervisor that the zone lacks."""
    others = [waiting("Connection refused", url=""), waiting("Connection refused", "b", is_direct=True),
              waiting("Connection refused", "c", hypervisor="VMware")]  # fmt: skip
    assert problems(judged(*others)) == set()


@pytest.mark.parametrize(
    ("host", "allowed", "is_cause"),
    [
        ("10.9.0.5", "10.1.0.0/16", True),
        ("10.1.0.5", "10.1.0.0/16", False),
        ("10.1.0.5", "192.168.0.0/24, 10.1.0.5/16", False),
        ("10.1.0.5", "10.1.0.5", False),
        ("10.9.0.5", "", False),
        ("10.9.0.5", "nonsense", False),
        ("203.0.113.9", "10.1.0.0/16", True),
        ("8.8.8.8", "10.1.0.0/16", False),
        ("images.example", "10.1.0.0/16", False),
    ],
)
def test_private_addresses_that_no_allowed_network_holds(host: str, allowed: str, is_cause: bool) -> None:
    """Although some are allowed; a name says nothing of its address."""
    assert is_not_allowed(host, allowed) is is_cause


def test_the_setting_is_then_the_remedy() -> None:
    """A URL with a private address that is not reached."""
    one = waiting("connect timed out", url="http://10.9.0.5/a.qcow2")
    found = judged(one, secstorage_allowed_internal_sites="10.1.0.0/16")
    assert ALLOWED == "secstorage.allowed.internal.sites"
    assert found["imports_blocked",].remedy == ALLOW_SITE
    assert judged(one)["imports_blocked",].remedy == REACH_HOST


def test_rows_are_bounded_those_that_are_cut_off_come_first() -> None:
    """A cloud that lists hundreds of old URLs."""
    many = [
        waiting("Connection refused" if n >= 90 else "HTTP Server returned 404", f"t{n}", url=f"https://h{n}.example/x")
        for n in range(100)
    ]
    found = judged(*many)
    assert found["imports_blocked",].value == 10
    rows = [one.value for key, one in found.items() if key[0] == "import_site_reachable"]
    assert rows == [0] * 10 + [1] * (ROWS_PER_TARGET - 10)
