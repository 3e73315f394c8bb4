"""Zones that cannot make a system VM or router again, because the template for them is not there.

Symptom: everything runs until a router, console proxy or secondary storage VM must be made anew; then it never comes.
Detect:  listTemplates: no ready template of type SYSTEM for a hypervisor of the zone, of which CloudStack makes system
         VMs; or none of the name in router.template.<hypervisor>, of which alone it makes routers.
Fix:     see that secondary storage is there; seed the template (cloud-install-sys-tmplt) or register it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from exporter.checks.templates.error_texts import shown
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Router, SystemVm
from exporter.cloud.storage import Template
from exporter.model import Check, GroupJudge, Metric, Samples, equals
from exporter.topology.zones import is_zone_judged

SYSTEM = "SYSTEM"
SEED = (
    "Seed the system VM template of this release into the zone's secondary storage (cloud-install-sys-tmplt), or"
    " register it again; do not recreate routers or system VMs of the zone before."
)
ROUTER_TEMPLATES = {
    "kvm": "router.template.kvm",
    "xenserver": "router.template.xenserver",
    "vmware": "router.template.vmware",
    "hyperv": "router.template.hyperv",
}
"""Hypervisors on which CloudStack runs system VMs, and the setting that names the template of their routers."""
OF_ROUTERS = frozenset({SYSTEM, "ROUTING"})
"""Types of template that it makes routers of."""

READY = Metric(
    "cloudstack_network_templates_system_ready",
    "Whether a system VM template for a hypervisor of the zone is ready, and the one that routers are made of.",
    labels=("zone", "hypervisor"),
    problem=equals(0),
)
MACHINES = Metric(
    "cloudstack_network_templates_system_machines",
    "Routers and system VMs of the zone by the template they run from, from listRouters and listSystemVms.",
    labels=("zone", "template"),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say for each hypervisor of an enabled zone whether machines can be made again, and what those there came from."""
    machines: tuple[Router | SystemVm, ...] = (*cloud.routers.values(), *cloud.system_vms.values())
    used = Counter(one.template_name for one in machines if one.zone_id == group.id and one.template_name)
    for name, number in sorted(used.items()):
        yield MACHINES.sample(group.zone, name, value=number)
    if not any(map(_is_system, cloud.templates.values())) or not _has_system_vms(cloud, group.id):
        return  # a key that is shown no system templates at all could not tell
    here = [one for one in cloud.templates_of(group.id).values() if one.type.upper() in OF_ROUTERS]
    for hypervisor in _hypervisors(cloud, group.id):
        own = [one for one in here if one.hypervisor.casefold() == hypervisor.casefold()]
        setting = ROUTER_TEMPLATES[hypervisor.casefold()]
        seen = _missing(own) or _missing_of_routers(own, setting, cloud.setting(setting, group.id) or "")
        yield READY.sample(group.zone, hypervisor, value=int(not seen), seen=seen, expected="one ready")


def _is_system(template: Template) -> bool:
    return template.type.upper() == SYSTEM


def _has_system_vms(cloud: Cloud, zone_id: str) -> bool:
    """Return whether the zone is in use and has system VMs; an edge zone has none."""
    zone = cloud.zones.get(zone_id)
    return is_zone_judged(cloud, zone_id) and (zone is None or zone.type.casefold() != "edge")


def _hypervisors(cloud: Cloud, zone_id: str) -> list[str]:
    """Return the hypervisors of the zone that can run system VMs, as CloudStack writes them."""
    found = {
        one.hypervisor for one in cloud.clusters.values() if one.zone_id == zone_id and one.enabled and one.managed
    }
    return sorted(one for one in found if one.casefold() in ROUTER_TEMPLATES)


def _missing(own: Iterable[Template]) -> str:
    """Return in words why no system VM can be made, empty when one can."""
    system = [one for one in own if _is_system(one)]
    return "" if any(one.is_ready for one in system) else _states(system) or "no system VM template in this zone"


def _missing_of_routers(own: Iterable[Template], setting: str, name: str) -> str:
    """Return in words why no router can be made of the template that a setting names, empty when one can.

    The database compares without case. Of two of one name each is known here by that and its id.
    """
    known = [one for one in own if one.name.casefold() in (name.casefold(), f"{name} ({one.id})".casefold())]
    if not name or any(one.is_ready for one in known):
        return ""
    return f"{setting}, of which routers are made: {_states(known) or f'{name}: not in this zone'}"


def _states(templates: Iterable[Template]) -> str:
    told = [f"{one.name}: {shown(one.status) or 'not ready'}" for one in templates if not one.is_ready]
    return "; ".join(told[:3])


CHECK = Check(
    title="System VM templates",
    metrics=(READY, MACHINES),
    remedies=(SEED,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listTemplates", "listClusters"),
)
