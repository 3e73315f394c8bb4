"""The places that templates which are not ready come from, and whether the zone's secondary storage VMs get there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.checks.templates.concern import is_common
from exporter.checks.templates.error_texts import ErrorClass, error_class, is_error
from exporter.checks.templates.wanted import wanted
from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import Place, Template
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.cloud.wanted import missed
from exporter.model import Answers
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_ways import SSVM_REACH

PROXY = "secstorage.proxy"
NO_WAY = {ErrorClass.DNS: Reach.UNRESOLVED, ErrorClass.CONNECT: Reach.UNREACHABLE}
"""Errors that say that there is no way, and what a dial would say."""
OF_STORAGE = frozenset({ErrorClass.NO_SSVM, ErrorClass.STORAGE_WRITE, ErrorClass.CORRUPTED})
"""Errors of secondary storage or its VM, wherever a template comes from."""
NOT_TOLD = OF_STORAGE | {ErrorClass.OTHER}
"""Errors that say nothing of the way; with the others the server has answered."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that templates come from; ``reach`` is None where nobody tells of the way."""

    place: Place
    templates: tuple[Template, ...]
    reach: Reach | None

    @property
    def is_cut_off(self) -> bool:
        """Return whether there is no way to it."""
        return self.reach is not None and not self.reach.is_good


def sites(zone_id: str, members: Mapping[Any, Answers], cloud: Cloud) -> list[Site]:
    """Return the places that the zone's templates which are not ready come from."""
    places: defaultdict[Place, list[Template]] = defaultdict(list)
    for one in wanted(cloud, zone_id):
        if one.place is not None and not one.is_ready:
            places[one.place].append(one)
    asked = [one for member, one in members.items() if isinstance(member, SecondaryStorageVmTarget)]
    dialled = [] if cloud.setting(PROXY, zone_id) else asked  # a proxy goes there, not the secondary storage VM
    return [Site(place, tuple(told), _reach(place, told, dialled)) for place, told in sorted(places.items(), key=str)]


def blocked(found: list[Site], cloud: Cloud) -> list[Site]:
    """Return those cut off that are not the matter of one owner: others miss a template, or several owners meet it."""
    cut_off = [one for one in found if one.is_cut_off]
    templates = [template for one in cut_off for template in one.templates]
    if is_common(templates, cloud.at):
        return cut_off
    common = missed(cloud, templates)
    return [one for one in cut_off if any(template.id in common for template in one.templates)]


def _reach(place: Place, templates: list[Template], asked: list[Answers]) -> Reach | None:
    """Return what is known of the way to a place: by what was dialled, else by what errors say."""
    seen = [one[SSVM_REACH][place] for one in asked if place in one[SSVM_REACH]]
    if seen:
        return next((one for one in seen if one.is_good), seen[0])
    errors = {error_class(one.status) for one in templates if is_error(one.status)} - NOT_TOLD
    if not errors:
        return None
    return next((NO_WAY[one] for one in NO_WAY if one in errors), Reach.OPEN)
