"""Rows of templates, one per zone and store, become one template per zone."""

from __future__ import annotations

from typing import Any

from exporter.cloud.storage import Download, Template
from exporter.inventory.copies import templates


def row(id_: str = "t1", *downloads: Download, **changes: Any) -> Template:
    """Return one row."""
    fields: dict[str, Any] = {"zone_id": "z1", "name": "debian", "is_ready": False, "status": "37% Downloaded"}
    return Template(id=id_, downloads=downloads, **(fields | changes))


GOOD, BAD = Download("nfs1", "DOWNLOADED", 100), Download("nfs2", "DOWNLOAD_ERROR", 0)


def test_a_ready_copy_suffices_and_all_copies_are_kept() -> None:
    """Whichever row comes first; a copy that both rows tell is told once."""
    ready = row("t1", GOOD, is_ready=True, status="Download Complete")
    for order in ([ready, row("t1", BAD)], [row("t1", BAD), ready], [row("t1", BAD), ready, row("t1", BAD)]):
        (one,) = templates(order).values()
        assert (one.is_ready, one.status) == (True, "Download Complete")
        assert set(one.downloads) == {GOOD, BAD}
        assert len(one.downloads) == 2


def test_of_rows_that_are_not_ready_the_first_speaks() -> None:
    """Its text is shown; the copies of both are judged."""
    (one,) = templates([row("t1", BAD, status="refused"), row("t1", Download("nfs1", "NOT_DOWNLOADED"))]).values()
    assert one.status == "refused"
    assert [copy.state for copy in one.downloads] == ["DOWNLOAD_ERROR", "NOT_DOWNLOADED"]


def test_two_templates_of_one_name_are_told_apart() -> None:
    """By their id, in the zone where both are; elsewhere the name is enough."""
    found = templates([row("t1"), row("t2"), row("t1", zone_id="z2"), row("t3", name="other")])
    assert {place: one.name for place, one in found.items()} == {
        ("t1", "z1"): "debian (t1)",
        ("t2", "z1"): "debian (t2)",
        ("t1", "z2"): "debian",
        ("t3", "z1"): "other",
    }


def test_names_of_the_whole_region_are_names_of_every_zone() -> None:
    """A template that is in a zone and in the region is one; two are told apart in each zone where both are."""
    same = templates([row("t1"), row("t1", zone_id="")])
    assert {place: one.name for place, one in same.items()} == {("t1", "z1"): "debian", ("t1", ""): "debian"}
    found = templates([row("t1", zone_id=""), row("t2"), row("t3", zone_id="z2", name="other")])
    assert {place: one.name for place, one in found.items()} == {
        ("t1", ""): "debian (t1)",
        ("t2", "z1"): "debian (t2)",
        ("t3", "z2"): "other",
    }


def test_nothing_told_is_nothing() -> None:
    """A new cloud."""
    assert templates([]) == {}
