"""Whose concern a template is that is not ready: an owner's wrong URL wakes nobody up, what others miss does."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.templates import imports, not_ready
from exporter.checks.templates.concern import OF_URLS
from exporter.checks.templates.error_texts import ErrorClass
from exporter.checks.templates.remedies import TELL_OWNER
from exporter.cloud.storage import Download, Place, Template
from exporter.questions.dialling import Reach
from tests.checks.templates.templates_scene import NOW, asked, problems, said, template, zone

HOUR, DAY = 3600.0, 86400.0
TEXTS = {
    ErrorClass.DNS: "images.example: Name or service not known",
    ErrorClass.CONNECT: "Connection refused",
    ErrorClass.HTTP_STATUS: "HTTP Server returned 404 (expected 200 OK)",
    ErrorClass.REDIRECT: "due to redirection, response code: 302",
    ErrorClass.TLS: "PKIX path building failed",
    ErrorClass.SIZE: "Download file size is too large",
    ErrorClass.FORMAT: "Unable to read QCOW2 metadata",
    ErrorClass.CHECKSUM: "checksum does not match",
    ErrorClass.NO_SSVM: "There is no secondary storage VM for downloading template",
    ErrorClass.STORAGE_WRITE: "No space left on device",
    ErrorClass.CORRUPTED: "Template a is corrupted on secondary storage nfs1",
    ErrorClass.OTHER: "Something nobody foresaw",
}


def private(error: ErrorClass = ErrorClass.HTTP_STATUS, name: str = "a", **changes: Any) -> Template:
    """Return a template of one owner that failed long ago."""
    told: dict[str, Any] = {
        "is_public": False,
        "owner": "alice",
        "created": NOW - 90 * DAY,
        "url": f"https://{name}.example/x",
    }
    return template(name, "DOWNLOAD_ERROR", **({"status": TEXTS[error]} | told | changes))


def ready(*templates: Template) -> set[tuple[str, ...]]:
    """Return the problems that are said of templates that are not ready."""
    return problems(said(not_ready.CHECK, (0.0, zone(*templates))))


@pytest.mark.parametrize("error", list(ErrorClass))
def test_an_error_of_the_url_is_its_owners_and_one_of_secondary_storage_is_not(error: ErrorClass) -> None:
    """Both are found and counted by meaning; the owner is named."""
    found = said(not_ready.CHECK, (0.0, zone(private(error))))
    kind = "private_not_ready" if error in OF_URLS else "not_ready"
    assert problems(found) == {(kind,)}
    assert found[kind,].seen.startswith(f"a of alice: {error}: ")
    assert (found["errors", error.value].value, found["ready", "a"].value) == (1, 0)
    assert (found[kind,].remedy == TELL_OWNER) == (error in OF_URLS)


@pytest.mark.parametrize(
    "changes", [{"is_public": True}, {"type": "SYSTEM"}, {"type": "ROUTING"}], ids=["public", "system", "routing"]
)
def test_what_others_than_its_owner_miss(changes: dict[str, Any]) -> None:
    """Offered to everybody, or used by CloudStack itself."""
    assert ready(private(**changes)) == {("not_ready",)}


def test_what_is_ready_elsewhere() -> None:
    """Its URL worked: in another zone, or the whole region once had it."""
    assert ready(private(), template("a", zone_id="z2", is_public=False)) == {("not_ready",)}
    assert ready(private(), private(zone_id="z2")) == {("private_not_ready",)}


def test_several_owners_whose_urls_fail_alike_within_a_day() -> None:
    """They do not all mistype: it is the way, or a setting. One who tries again and again is one, and old ones none."""
    lately = [
        private(name=name, owner=name, created=NOW - hours * HOUR)
        for name, hours in zip("abc", (1, 5, 23), strict=True)
    ]
    assert ready(*lately) == {("not_ready",)}
    assert said(not_ready.CHECK, (0.0, zone(*lately)))["not_ready",].value == 3
    assert ready(*lately[:2]) == {("private_not_ready",)}
    again = [private(name=name, created=NOW - HOUR) for name in "abcd"]
    old = [private(name=name, owner=name) for name in "abcdefgh"]
    unlike = [private(error, error.value, owner=error.value, created=NOW) for error in OF_URLS]
    undated = [private(name=name, owner=name, created=None) for name in "abcd"]
    for own in (again, old, unlike, undated):
        assert ready(*own) == {("private_not_ready",)}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "UploadAbandoned", "downloads": ()},
        {"status": "UploadError"},
        {"status": "", "downloads": template("x", "ABANDONED").downloads},
        {"status": "", "downloads": template("x", "UPLOAD_ERROR").downloads},
    ],
)
def test_an_upload_that_was_given_up_is_its_owners(changes: dict[str, Any]) -> None:
    """Nobody sent the file, or the account has no space left."""
    assert ready(private(url="", **changes)) == {("private_not_ready",)}


MOVING, BY_TEXT, EXPECTED = (
    {"downloads": (Download("nfs1", "DOWNLOAD_IN_PROGRESS", 37),)},
    {"status": "37% Downloaded", "downloads": ()},
    {"downloads": (Download("nfs1", "NOT_UPLOADED"),)},
)
"""Of one owner: a web server that is slow, or an upload whose browser was closed."""


def stuck(*templates: Template) -> set[tuple[str, ...]]:
    """Return the problems that are said of templates that have stood still for a day."""
    return problems(said(not_ready.CHECK, (0.0, zone(*templates)), (DAY, zone(*templates))))


@pytest.mark.parametrize("changes", [MOVING, BY_TEXT, EXPECTED], ids=["moving", "by-text", "expected"])
def test_what_an_owners_server_or_browser_holds_up_is_his(changes: dict[str, Any]) -> None:
    """Unless others miss it, or several owners stand still at once: then it is secondary storage or its VM."""
    own = {"status": "Processing"} | changes
    assert stuck(private(**own)) == {("private_not_ready",)}
    assert stuck(private(**own, is_public=True)) == {("not_ready",)}
    lately = [private(name=name, owner=name, created=NOW, **own) for name in "abc"]
    assert stuck(*lately) == {("not_ready",)}
    assert stuck(*lately[:2]) == {("private_not_ready",)}
    found = said(not_ready.CHECK, (0.0, zone(lately[0])), (DAY, zone(lately[0])))
    assert (found["stuck",].value, found["private_not_ready",].remedy) == (1, TELL_OWNER)


def test_what_nobody_begins_or_finishes_concerns_everybody() -> None:
    """Of one owner too: secondary storage or its VM does not do its work."""
    for state in ("NOT_DOWNLOADED", "DOWNLOADED", "CREATING"):
        assert stuck(template("a", state, is_public=False, owner="alice")) == {("not_ready",)}


def test_what_others_miss_is_shown_first() -> None:
    """An owner's many attempts do not hide it."""
    many = [private(name=f"a{number:02d}", created=None) for number in range(40)]
    found = said(not_ready.CHECK, (0.0, zone(*many, private(name="z", is_public=True))))
    assert found["not_ready",].seen.startswith("z of alice: ")
    assert ("ready", "z") in found
    assert (found["not_ready",].value, found["private_not_ready",].value) == (1, 40)


def blocked(*templates: Template) -> float:
    """Return for how many templates the way is called blocked."""
    return said(imports.CHECK, (0.0, zone(*templates)))["imports_blocked",].value


def test_a_place_of_one_owner_may_not_exist_at_all() -> None:
    """It is shown as not reached, and no alert: neither of one template nor of many old ones."""
    found = said(imports.CHECK, (0.0, zone(private(ErrorClass.DNS))))
    assert (found["imports_blocked",].value, found["import_site_reachable", "a.example:443"].value) == (0, 0)
    assert blocked(*[private(ErrorClass.DNS, name, owner=name) for name in "abcdef"]) == 0


def test_a_place_that_others_miss_or_several_owners_meet() -> None:
    """All templates from there count, the private ones too."""
    site = {"url": "https://images.example/x"}
    of_all = private(ErrorClass.DNS, "b", is_public=True, **site)
    assert blocked(private(ErrorClass.DNS, **site), of_all, private(ErrorClass.CONNECT, "c")) == 2
    assert blocked(*[private(ErrorClass.CONNECT, name, owner=name, created=NOW) for name in "abc"]) == 3


@pytest.mark.parametrize("error", [ErrorClass.DNS, ErrorClass.CONNECT])
def test_what_is_blocked_is_told_once(error: ErrorClass) -> None:
    """A public template whose server died stays for weeks: meanwhile others that fail must still be told."""
    dead = private(error, is_public=True)
    assert (blocked(dead), ready(dead)) == (1, set())
    for other in (private(ErrorClass.STORAGE_WRITE, "b"), private(ErrorClass.CORRUPTED, "b", type="SYSTEM")):
        found = said(not_ready.CHECK, (0.0, zone(dead, other)))
        assert (problems(found), found["not_ready",].value) == ({("not_ready",)}, 1)
        assert found["not_ready",].seen.startswith("b of alice: ")
        assert found["errors", error.value].value == 1  # by meaning it is counted all the same, and named
        assert ("ready", "a") in found
    lately = [private(error, name, owner=name, created=NOW) for name in "abc"]
    assert (blocked(*lately), ready(*lately)) == (3, set())
    assert ready(private(error)) == {("private_not_ready",)}  # one owner's is nowhere counted as blocked


@pytest.mark.parametrize("error", [ErrorClass.STORAGE_WRITE, ErrorClass.CORRUPTED, ErrorClass.NO_SSVM])
def test_what_secondary_storage_failed_is_not_explained_by_the_way(error: ErrorClass) -> None:
    """Its place is not reached either, and that is not why it is not ready."""
    system = private(error, type="SYSTEM")
    members = asked({Place("a.example", 443): Reach.TIMEOUT})
    found = said(not_ready.CHECK, (0.0, zone(system)), members=members)
    assert problems(found) == {("not_ready",)}


def test_a_dial_tells_what_the_text_does_not() -> None:
    """Not begun, or an error nobody foresaw, and nobody gets to where it comes from."""
    waits = template("a", "NOT_DOWNLOADED", url="https://a.example/x")
    for one in (waits, private(ErrorClass.OTHER, is_public=True)):
        looks = ((0.0, zone(one)), (DAY, zone(one)))
        cut_off, open_way = ({Place("a.example", 443): reach} for reach in (Reach.TIMEOUT, Reach.OPEN))
        assert problems(said(not_ready.CHECK, *looks, members=asked(cut_off))) == set()
        assert problems(said(not_ready.CHECK, *looks, members=asked(open_way))) == {("not_ready",)}
