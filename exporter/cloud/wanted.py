"""Which templates the secondary storage of a zone should hold, by what CloudStack itself downloads there."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import SHIPPED, Origin, Template

ANY = frozenset({"", "any", "none"})
"""Hypervisors of templates that are for all of them."""
BYPASSED = "BYPASSED"


def wanted_templates(cloud: Cloud, zone_id: str) -> list[Template]:
    """Return the templates of a zone that its secondary storage should hold, by name.

    A zone of KVM alone lists the system templates of XenServer and VMware, and never downloads them.
    """
    here = hypervisors(cloud, zone_id)
    return [one for one in cloud.templates_of(zone_id).values() if _is_wanted(one, here)]


def _is_wanted(template: Template, here: frozenset[str]) -> bool:
    if template.is_direct or any(copy.state.upper() == BYPASSED for copy in template.downloads):
        return False  # hosts download it themselves
    if template.type.upper() == "PERHOST":
        return False  # lies on the hosts
    if template.origin is Origin.BUILTIN:
        return False  # the sample that CloudStack brings: without a way to the internet it never comes
    hypervisor = template.hypervisor.casefold()
    if not here:
        return template.origin is not Origin.SYSTEM  # it is not known what the zone runs
    return hypervisor in ANY or hypervisor in here


def missed(cloud: Cloud, templates: Iterable[Template]) -> frozenset[str]:
    """Return the ids of those templates that others than their owners miss: shipped, public, or ready elsewhere."""
    ready = {one.id for one in cloud.templates.values() if one.is_ready}
    return frozenset(one.id for one in templates if one.is_public or one.type.upper() in SHIPPED or one.id in ready)


def hypervisors(cloud: Cloud, zone_id: str) -> frozenset[str]:
    """Return the hypervisors of a zone's clusters, folded; none when they are not known."""
    return frozenset(
        one.hypervisor.casefold() for one in cloud.clusters.values() if one.zone_id == zone_id and one.hypervisor
    )
