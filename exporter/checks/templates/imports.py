"""Templates that cannot be imported, because the secondary storage VM does not reach where they come from.

Symptom: "I cannot import my template": registering it from a URL fails, although the URL works in a browser.
Detect:  the places of the URLs of templates that are not ready, dialled inside the secondary storage VMs of the zone;
         where they cannot be asked, or go through a proxy, what the text of the error means. Places that only one
         owner's private templates come from may not exist at all: they are shown, and do not count.
Fix:     the zone's DNS, the public gateway, or secstorage.allowed.internal.sites for private addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from exporter.checks.templates.remedies import ALLOW_SITE, FIND_HOST, REACH_HOST
from exporter.checks.templates.sites import Site, blocked, sites
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_ways import SSVM_REACH
from exporter.thresholds import ROWS_PER_TARGET

ALLOWED = "secstorage.allowed.internal.sites"

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


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Count the templates that cannot be had, and name the places, those first to which there is no way."""
    found = sites(group.id, members, cloud)
    cut_off = blocked(found, cloud)
    if cut_off or all(one.reach is not None for one in found):
        number = sum(len(one.templates) for one in cut_off)
        seen = "; ".join(_seen(one) for one in cut_off[:3])
        remedy = _remedy(cut_off[0], cloud, group.id) if cut_off else ""
        yield BLOCKED.sample(group.zone, value=number, seen=seen, expected="0", remedy=remedy)
    told = [one for one in found if one.reach is not None]
    for one in sorted(told, key=lambda one: not one.is_cut_off)[:ROWS_PER_TARGET]:
        yield REACHABLE.sample(group.zone, f"{one.place.host}:{one.place.port}", value=int(not one.is_cut_off))


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
