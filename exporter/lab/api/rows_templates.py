"""API rows of templates: one per template and zone, or store of the whole region."""

from __future__ import annotations

from typing import Any

from exporter.lab.api.rows_zone import date
from exporter.lab.inside.router import CANARY
from exporter.lab.world.places import Zone, identity
from exporter.lab.world.templates import LabTemplate
from exporter.lab.world.world import World

Row = dict[str, Any]
SERVER = f"http://images:{CANARY}-images@127.0.0.1"
"""Where templates were registered from, with a password as CloudStack keeps and shows it."""


def templates(world: World) -> list[Row]:
    """Return listTemplates as the root administrator sees it."""
    return [_template(world, one, zone) for one in world.templates.values() for zone in _places(world, one)]


def _places(world: World, one: LabTemplate) -> list[Zone | None]:
    """Return the zones that list it; None stands for the region, whose rows have no zone."""
    return [None] if one.region else [zone for zone in world.zones if not one.zones or zone.name in one.zones]


def _template(world: World, one: LabTemplate, zone: Zone | None) -> Row:
    copy = one.copy(zone)
    row: Row = {
        "id": one.id,
        "name": one.name,
        "displaytext": one.name,
        **({"zoneid": zone.id, "zonename": zone.name} if zone else {}),
        "created": date(one.created),
        "isready": copy.ready,
        "status": copy.status,
        "passwordenabled": one.password,
        "format": one.format,
        "hypervisor": one.hypervisor,
        "ostypename": one.os,
        "templatetype": one.kind,
        "directdownload": one.direct,
        "account": one.owner,
        "ispublic": one.public,
        "isfeatured": False,
        "downloaddetails": [_copy(store, *told) for store, told in copy.downloads.items()],
    }
    if one.url:
        row["url"] = f"{SERVER}:{world.ports.api}{one.url}" if one.url.startswith("/") else one.url
    if one.source:
        row["sourcetemplateid"] = identity("template", one.source)
    return row


def _copy(store: str, state: str, percent: str) -> Row:
    """Return one of downloaddetails[]; a percentage that is not known is left out."""
    row = {"datastore": store, "datastoreRole": "Image", "downloadState": state}
    return {**row, "downloadPercent": percent} if percent else row
