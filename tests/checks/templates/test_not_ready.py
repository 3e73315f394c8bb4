"""Templates that are not ready, and those that only look so."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.templates.error_texts import ErrorClass
from exporter.checks.templates.not_ready import CHECK
from exporter.checks.templates.remedies import BY_ERROR, REGISTER_AGAIN, SEE_LOGS, SEE_SSVM
from exporter.cloud.storage import Download
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.templates.templates_scene import problems, said, template, zone

HOUR = 3600.0


def test_ready_templates() -> None:
    """Zero is said, for each meaning of an error too; no row names a template that is ready."""
    found = said(CHECK, (0.0, zone(template("a"), template("b"))))
    assert problems(found) == set()
    assert {key: one.value for key, one in found.items()} == {
        ("not_ready",): 0,
        ("private_not_ready",): 0,
        ("stuck",): 0,
        ("downloading",): 0,
        **{("errors", error.value): 0 for error in ErrorClass},
    }


@pytest.mark.parametrize("state", ["DOWNLOAD_ERROR", "ABANDONED", "UPLOAD_ERROR", "UNKNOWN", "download_error"])
def test_a_download_that_failed(state: str) -> None:
    """At once; the text says why."""
    found = said(CHECK, (0.0, zone(template("a", state, status="Connection refused"), template("b"))))
    assert problems(found) == {("not_ready",)}
    assert found["errors", "connect"].value == 1
    assert found["not_ready",].remedy == BY_ERROR[ErrorClass.CONNECT]
    assert found["not_ready",].seen == "a: connect: Connection refused"
    assert found["stuck",].value == 0


def test_a_download_into_a_store_of_the_whole_region_that_failed() -> None:
    """Its copy is of no zone, and its states are not told: the text decides. No zone can make machines of it."""
    found = said(
        CHECK, (0.0, zone(template("a", zone_id="", is_ready=False, status="Connection refused", downloads=())))
    )
    assert problems(found) == {("not_ready",)}
    assert found["ready", "a"].value == 0


def test_a_ready_copy_in_one_store_suffices() -> None:
    """Whatever has become of the others."""
    copies = (Download("nfs1", "DOWNLOAD_ERROR"), Download("nfs2", "DOWNLOADED", 100))
    assert problems(said(CHECK, (0.0, zone(template("a", downloads=copies))))) == set()


def test_a_copy_that_moves_suffices_while_it_moves() -> None:
    """One store failed, the other is loading; when it stands still for an hour nothing is left to wait for."""
    copies = [template("a", "DOWNLOAD_ERROR", "DOWNLOAD_IN_PROGRESS", percent=p, status="refused") for p in (3, 9)]
    assert problems(said(CHECK, (0.0, zone(copies[0])), (HOUR, zone(copies[1])))) == set()
    assert problems(said(CHECK, (0.0, zone(copies[0])), (HOUR, zone(copies[0])))) == {("not_ready",)}


def test_a_download_that_gets_on_never_alarms() -> None:
    """A huge image over a thin line: one percent an hour."""
    rounds = [(n * HOUR * 0.9, zone(template("a", "DOWNLOAD_IN_PROGRESS", percent=n))) for n in range(20)]
    found = said(CHECK, *rounds)
    assert problems(found) == set()
    assert found["downloading",].value == 1


@pytest.mark.parametrize("state", ["DOWNLOAD_IN_PROGRESS", "UPLOAD_IN_PROGRESS"])
def test_a_download_that_stands_still_for_an_hour(state: str) -> None:
    """Not before; the exporter need not have seen its begin."""
    stands = zone(template("a", state, percent=37, status="37% Downloaded"))
    assert problems(said(CHECK, (0.0, stands), (HOUR - 1, stands))) == set()
    found = said(CHECK, (0.0, stands), (HOUR / 2, stands), (HOUR, stands))
    assert problems(found) == {("not_ready",)}
    assert (found["stuck",].value, found["downloading",].value) == (1, 0)
    assert found["not_ready",].seen == "a: stands still for 60 min: 37% Downloaded"
    assert found["not_ready",].remedy == REGISTER_AGAIN
    assert all(found["errors", error.value].value == 0 for error in ErrorClass)


def test_a_download_that_nobody_begins() -> None:
    """No secondary storage VM for a quarter of an hour."""
    waits = zone(template("a", "NOT_DOWNLOADED"))
    assert problems(said(CHECK, (0.0, waits), (899.0, waits))) == set()
    found = said(CHECK, (0.0, waits), (900.0, waits))
    assert problems(found) == {("not_ready",)}
    assert found["not_ready",].remedy == SEE_SSVM


@pytest.mark.parametrize("state", ["CREATING", "CREATED", "DOWNLOADED", "UPLOADED", ""])
@pytest.mark.parametrize("status", ["Installing Template", "Download Complete", "Creating", "Active", ""])
def test_what_is_never_finished(state: str, status: str) -> None:
    """Made of a volume, unpacked or copied: CloudStack itself waits for three hours, and so that is quiet for six."""
    states = (Download("nfs1", state),) if state else ()
    waits = zone(template("a", is_ready=False, status=status, downloads=states))
    assert problems(said(CHECK, (0.0, waits), (6 * HOUR - 1, waits))) == set()
    found = said(CHECK, (0.0, waits), (6 * HOUR, waits))
    assert problems(found) == {("not_ready",)}
    assert (found["stuck",].value, found["downloading",].value) == (1, 0)
    assert found["not_ready",].seen == f"a: is not finished for 360 min: {status or 'no text'}"
    assert found["not_ready",].remedy == SEE_LOGS


@pytest.mark.parametrize(
    "waits", [{"downloads": (Download("nfs1", "NOT_UPLOADED"),)}, {"downloads": (), "status": "NotUploaded"}]
)
def test_an_upload_that_nobody_begins_is_the_users_affair_for_a_day(waits: dict[str, Any]) -> None:
    """CloudStack gives it up after an hour; where it still waits after a day, nobody looks after uploads."""
    seen_by = zone(template("a", **({"is_ready": False, "status": ""} | waits)))
    assert problems(said(CHECK, (0.0, seen_by), (24 * HOUR - 1, seen_by))) == set()
    found = said(CHECK, (0.0, seen_by), (24 * HOUR, seen_by))
    assert problems(found) == {("not_ready",)}
    assert found["not_ready",].remedy == SEE_SSVM


@pytest.mark.parametrize("state", ["DOWNLOADED", "NOT_DOWNLOADED", "CREATING"])
def test_a_state_that_says_failed(state: str) -> None:
    """Whatever its copies say; not while one of them moves."""
    assert problems(said(CHECK, (0.0, zone(template("a", state, status="Failed"))))) == {("not_ready",)}
    moves = zone(template("a", state, "DOWNLOAD_IN_PROGRESS", status="Failed"))
    assert problems(said(CHECK, (0.0, moves))) == set()


def test_the_hour_begins_anew_when_it_got_on_or_was_ready_between() -> None:
    """A fact that did not hold in between is another one."""
    stands, moved = (zone(template("a", "DOWNLOAD_IN_PROGRESS", percent=p)) for p in (37, 38))
    assert problems(said(CHECK, (0.0, stands), (HOUR, moved), (2 * HOUR - 1, moved))) == set()
    assert problems(said(CHECK, (0.0, stands), (HOUR / 2, moved), (HOUR, stands))) == set()


def test_versions_that_tell_no_states_are_judged_by_the_text() -> None:
    """Before downloaddetails: a text that is no progress is an error; a percentage that stands is stuck."""
    old: dict[str, Any] = {"is_ready": False, "downloads": ()}
    failed = zone(template("a", **old, status="images.example: Name or service not known"))
    assert said(CHECK, (0.0, failed))["errors", "dns"].value == 1
    stands = zone(template("a", **old, status="37% Downloaded"))
    assert problems(said(CHECK, (0.0, stands))) == set()
    assert problems(said(CHECK, (0.0, stands), (HOUR, stands))) == {("not_ready",)}
    for text in ("", "NotUploaded", "Creating", "Installing Template", "Active", "Inactive"):
        quiet = zone(template("a", **old, status=text))
        assert problems(said(CHECK, (0.0, quiet), (5 * HOUR, quiet))) == set()


def test_system_templates_of_other_hypervisors_never_alarm() -> None:
    """The well-known false alarm, in any state."""
    foreign = [template(s, s, type="SYSTEM", hypervisor="XenServer") for s in ("NOT_DOWNLOADED", "DOWNLOAD_ERROR")]
    found = said(CHECK, (0.0, zone(*foreign)), (HOUR, zone(*foreign)))
    assert problems(found) == set()
    assert found["downloading",].value == 0


def test_rows_are_bounded_and_the_count_is_not() -> None:
    """Secondary storage is gone: every template fails."""
    many = [template(f"t{n:03}", "DOWNLOAD_ERROR", status="No space left on device") for n in range(60)]
    found = said(CHECK, (0.0, zone(*many)))
    assert found["not_ready",].value == found["errors", "storage_write"].value == 60
    assert len([key for key in found if key[0] == "ready"]) == ROWS_PER_TARGET
    assert found["not_ready",].remedy == BY_ERROR[ErrorClass.STORAGE_WRITE]


def test_secrets_of_texts_are_not_told() -> None:
    """The text names the URL that it was registered with."""
    text = "Failed to download https://user:canary@images.example/x due to redirection, response code: 302"
    found = said(CHECK, (0.0, zone(template("a", "DOWNLOAD_ERROR", status=text))))
    assert "canary" not in repr(found)
