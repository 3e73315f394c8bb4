"""Rows of templates, one per zone and store -> one template per zone. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from exporter.cloud.storage import Template, joined

Bearers = defaultdict[tuple[str, str], set[str]]
"""(zone id, name) -> ids of the templates that bear the name there."""


def templates(told: Iterable[Template]) -> dict[tuple[str, str], Template]:
    """Return the templates by id and zone, with names that are unique in each zone.

    Of one in several stores the ready copy counts, and the copies of all its rows are kept.
    """
    found: dict[tuple[str, str], Template] = {}
    for one in told:
        place = (one.id, one.zone_id)
        found[place] = joined(found[place], one) if place in found else one
    bearers, anywhere = Bearers(set), defaultdict[str, set[str]](set)
    for one in found.values():
        bearers[one.zone_id, one.name].add(one.id)
        anywhere[one.name].add(one.id)
    return {
        place: replace(one, name=f"{one.name} ({one.id})") if _rivals(one, bearers, anywhere) else one
        for place, one in found.items()
    }


def _rivals(one: Template, bearers: Bearers, anywhere: defaultdict[str, set[str]]) -> set[str]:
    """Return the other templates of its name where it is; one of the whole region is in every zone."""
    there = bearers[one.zone_id, one.name] | bearers["", one.name] if one.zone_id else anywhere[one.name]
    return there - {one.id}
