"""Rows of CloudStack's tables about templates, from the lab's world."""

from __future__ import annotations

from exporter.lab.database.places import DAY, Numbers, Tables, when
from exporter.lab.world.world import World

DELETED = 190
"""A template that was deleted, whose directory is not cleaned up yet."""


def templates(world: World, number: Numbers) -> Tables:
    """Return the templates, one of them deleted, and their copies in the stores of the zones."""
    known = [{"id": one.number, "name": one.name, "uuid": one.id, "removed": None} for one in world.templates.values()]
    gone = {"id": DELETED, "name": "deleted", "uuid": "deleted", "removed": when(world.start - DAY)}
    copies = [(zone, one["id"], "Ready") for zone in world.zones for one in known]
    copies.append((world.zones[0], DELETED, "Destroyed"))
    return {
        "vm_template": [*known, gone],
        "template_store_ref": [
            {"id": place, "store_id": number(f"store/{zone.name}"), "template_id": template, "state": state}
            for place, (zone, template, state) in enumerate(copies, 1)
        ],
    }
