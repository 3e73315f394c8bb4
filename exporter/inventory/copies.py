"""Rows of templates, one per zone and store -> one template per zone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from exporter.cloud.storage import Template


def templates(told: Iterable[Template]) -> dict[tuple[str, str], Template]:
    """Return the templates by id and zone, with names that are unique in their zone.

    Of one in several stores the ready copy counts, and the copies of all its rows are kept.
    """
    found: dict[tuple[str, str], Template] = {}
    for one in told:
        place = (one.id, one.zone_id)
        found[place] = joined(found[place], one) if place in found else one
    names = Counter((one.zone_id, one.name) for one in found.values())
    return {
        place: replace(one, name=f"{one.name} ({one.id})") if names[one.zone_id, one.name] > 1 else one
        for place, one in found.items()
    }


def joined(first: Template, second: Template) -> Template:
    """Return what two rows of one template say: the first ready one, with the copies of both."""
    chosen = second if second.is_ready and not first.is_ready else first
    return replace(chosen, downloads=tuple(dict.fromkeys((*first.downloads, *second.downloads))))
