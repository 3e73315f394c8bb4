"""Templates that cannot be imported, because the secondary storage VM does not reach where they come from.

Symptom: "I cannot import my template": registering it from a URL fails, although the URL works in a browser.
Detect:  the places of the URLs of templates that are not ready, dialled inside the secondary storage VMs of the zone;
         where they cannot be asked, or go through a proxy, what the text of the error means. Places that only one
         owner's private templates come from may not exist at all: they are shown, and do not count.
Fix:     the zone's DNS, the public gateway, or secstorage.allowed.internal.sites for private addresses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from exporter.checks.templates.concern import is_common
from exporter.checks.templates.error_texts import ErrorClass, error_class, is_error
from exporter.checks.templates.remedies import ALLOW_SITE, FIND_HOST, REACH_HOST
from exporter.checks.templates.wanted import wanted
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.storage import Place, Template
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.cloud.wanted import missed
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_ways import SSVM_REACH
from exporter.thresholds import ROWS_PER_TARGET

ALLOWED = "secstorage.allowed.internal.sites"
PROXY = "secstorage.proxy"
NO_WAY = {ErrorClass.DNS: Reach.UNRESOLVED, ErrorClass.CONNECT: Reach.UNREACHABLE}
"""Errors that say that there is no way, and what a dial would say."""
NOT_TOLD = frozenset({ErrorClass.OTHER, ErrorClass.NO_SSVM, ErrorClass.STORAGE_WRITE, ErrorClass.CORRUPTED})
"""Errors that say nothing of the way; with the others the server has answered."""

BLOCKED = Metric(
    "cloudstack_network_templates_imports_blocked",
    "Templates that are not ready, and that others than one owner miss, from where no secondary storage VM gets to.",
    labels=("zone",),
    problem=above(0),
)
REACHABLE = Metric(
    "cloudstack_network_templates_import_site_reachable",
    "Whether a place that templates which are not ready come from is reached by a secondary storage VM of the zone.",
    labels=("zone", "site"),
)


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


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Count the templates that cannot be had, and name the places, those first to which there is no way."""
    asked = [one for member, one in members.items() if isinstance(member, SecondaryStorageVmTarget)]
    sites = _sites(cloud, group.id, asked)
    cut_off = _concerning([one for one in sites if one.is_cut_off], cloud)
    if cut_off or all(one.reach is not None for one in sites):
        blocked = sum(len(one.templates) for one in cut_off)
        seen = "; ".join(_seen(one) for one in cut_off[:3])
        remedy = _remedy(cut_off[0], cloud, group.id) if cut_off else ""
        yield BLOCKED.sample(group.zone, value=blocked, seen=seen, expected="0", remedy=remedy)
    told = [one for one in sites if one.reach is not None]
    for one in sorted(told, key=lambda one: not one.is_cut_off)[:ROWS_PER_TARGET]:
        yield REACHABLE.sample(group.zone, f"{one.place.host}:{one.place.port}", value=int(not one.is_cut_off))


def _concerning(cut_off: list[Site], cloud: Cloud) -> list[Site]:
    """Return the places that are not the matter of one owner: others miss a template, or several owners meet it."""
    templates = [template for one in cut_off for template in one.templates]
    if is_common(templates, cloud.at):
        return cut_off
    common = missed(cloud, templates)
    return [one for one in cut_off if any(template.id in common for template in one.templates)]


def _sites(cloud: Cloud, zone_id: str, asked: list[Answers]) -> list[Site]:
    """Return the places that the zone's templates which are not ready come from."""
    places: defaultdict[Place, list[Template]] = defaultdict(list)
    for one in wanted(cloud, zone_id):
        if one.place is not None and not one.is_ready:
            places[one.place].append(one)
    dialled = [] if cloud.setting(PROXY, zone_id) else asked  # a proxy goes there, not the secondary storage VM
    return [Site(place, tuple(told), _reach(place, told, dialled)) for place, told in sorted(places.items(), key=str)]


def _reach(place: Place, templates: list[Template], asked: list[Answers]) -> Reach | None:
    """Return what is known of the way to a place: by what was dialled, else by what errors say."""
    seen = [one[SSVM_REACH][place] for one in asked if place in one[SSVM_REACH]]
    if seen:
        return next((one for one in seen if one.is_good), seen[0])
    errors = {error_class(one.status) for one in templates if is_error(one.status)} - NOT_TOLD
    if not errors:
        return None
    return next((NO_WAY[one] for one in NO_WAY if one in errors), Reach.OPEN)


def _seen(site: Site) -> str:
    names = ", ".join(one.name for one in site.templates[:3])
    return f"{site.place.host}:{site.place.port} {site.reach}, needed for {names}"


def _remedy(site: Site, cloud: Cloud, zone_id: str) -> str:
    if site.reach is Reach.UNRESOLVED:
        return FIND_HOST
    return ALLOW_SITE if is_not_allowed(site.place.host, cloud.setting(ALLOWED, zone_id) or "") else REACH_HOST


def is_not_allowed(host: str, allowed: str) -> bool:
    """Return whether a host is a private address that none of the allowed networks holds, although there are some."""
    networks = []
    for word in allowed.split(","):
        try:
            networks.append(IPv4Network(word.strip(), strict=False))
        except ValueError:
            continue  # what is no network is told by another check
    try:
        address = IPv4Address(host)
    except ValueError:
        return False
    return address.is_private and bool(networks) and not any(address in network for network in networks)


CHECK = Check(
    title="Imports of templates",
    metrics=(BLOCKED, REACHABLE),
    remedies=(REACH_HOST, FIND_HOST, ALLOW_SITE),
    groups=(GroupJudge(ZoneGroup, judge, {SecondaryStorageVmTarget: (SSVM_REACH,)}),),
    reads=("listTemplates",),
    judges_cloud=True,
)
