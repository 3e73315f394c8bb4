"""The templates of a zone: its own, and those of the whole region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Zone
from exporter.cloud.storage import Download, Template

ZONES = {name: Zone(name, name, "Advanced", security_groups=False, enabled=True) for name in ("z1", "z2")}
NFS, S3 = Download("nfs1", "DOWNLOAD_ERROR"), Download("s3", "DOWNLOADED", 100)


def template(name: str, zone_id: str = "", **changes: Any) -> Template:
    """Return a template that is ready."""
    fields: dict[str, Any] = {"is_ready": True, "status": "Download Complete"}
    return Template(id=name, zone_id=zone_id, name=name, **(fields | changes))


def cloud(*templates: Template) -> Cloud:
    """Return a Cloud of two zones with these templates."""
    return Cloud(zones=ZONES, templates={(one.id, one.zone_id): one for one in templates})


def names(told: Mapping[str, Template]) -> list[str]:
    """Return the names in their order."""
    return [one.name for one in told.values()]


def test_what_is_in_the_whole_region_is_in_every_zone() -> None:
    """By name; also in a zone that lists none of its own, or that is not known."""
    seen = cloud(template("b"), template("a", "z1"), template("c", "z1"))
    assert [names(seen.templates_of(zone)) for zone in ("z1", "z2", "z9")] == [["a", "b", "c"], ["b"], ["b"]]
    assert names(cloud().templates_of("z1")) == []
    assert names(cloud(template("a", "z9")).templates_of("z9")) == ["a"]


def test_of_one_in_both_the_ready_one_counts() -> None:
    """Whichever that is; the copies of both are kept, and in the other zone it is as in the region."""
    bad = template("a", "z1", is_ready=False, status="refused", downloads=(NFS,))
    good = template("a", downloads=(S3,))
    (here,), (there,) = (cloud(bad, good).templates_of(zone).values() for zone in ("z1", "z2"))
    assert (here.is_ready, set(here.downloads), there.downloads) == (True, {NFS, S3}, (S3,))
    swapped = cloud(replace(good, zone_id="z1"), replace(bad, zone_id=""))
    assert [one.is_ready for zone in ("z1", "z2") for one in swapped.templates_of(zone).values()] == [True, False]


def test_a_changed_cloud_has_the_templates_it_was_given() -> None:
    """What is derived follows."""
    assert names(replace(cloud(template("a")), templates={}).templates_of("z1")) == []
