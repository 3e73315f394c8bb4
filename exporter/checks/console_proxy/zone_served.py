"""Zones in which no console proxy can serve anybody.

Symptom: no console in the whole zone.
Detect:  listSystemVms: not one proxy both Running and with its agent Up, although instances run or a proxy exists.
Fix:     see why the newest proxy does not start (capacity, system VM template, public addresses), destroy it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.console_proxy.proxies import proxies
from exporter.checks.console_proxy.remedies import CHECK_HOST_SETTING, DESTROY, READ_LOG
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, equals
from exporter.topology.system_vms import service

USABLE = Metric(
    "cloudstack_network_console_proxy_usable",
    "Console proxies of the zone that run and whose agent is Up, from listSystemVms.",
    labels=("zone",),
)
NEEDED = Metric(
    "cloudstack_network_console_proxy_needed",
    "Whether the zone is enabled and has running instances or a console proxy, so that one should be usable.",
    labels=("zone",),
)
ZONE_SERVED = Metric(
    "cloudstack_network_console_proxy_zone_served",
    "Whether a console proxy of the zone is usable, or none is needed; not said while a new one starts.",
    labels=("zone",),
    problem=equals(0),
)


def judge(group: ZoneGroup, members: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Say how many proxies are usable, whether one is needed, and whether that fits."""
    alive = proxies(cloud, group.id)
    needed = _is_needed(cloud, group.id, has_proxy=bool(alive))
    yield NEEDED.sample(group.zone, value=int(needed))
    found = service(alive, cloud, members[group], is_needed=needed)
    if found is None:
        return
    yield USABLE.sample(group.zone, value=found.usable)
    if found.is_served is not None:
        seen = ", ".join(f"{vm.name} {vm.state}" for vm in alive[:3]) or "no console proxy"
        expected = "one Running with its agent Up"
        yield ZONE_SERVED.sample(group.zone, value=int(found.is_served), seen=seen, expected=expected)


def _is_needed(cloud: Cloud, zone_id: str, *, has_proxy: bool) -> bool:
    """Return whether the zone should have a usable proxy: in a zone where nothing ever ran there is none."""
    zone = cloud.zones.get(zone_id)
    if zone is None or not zone.enabled:
        return False
    return has_proxy or any(vm.is_running and vm.zone_id == zone_id for vm in cloud.instances.values())


CHECK = Check(
    title="Usable console proxies per zone",
    metrics=(USABLE, NEEDED, ZONE_SERVED),
    remedies=(READ_LOG, CHECK_HOST_SETTING, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge, remembers=True),),
    reads=("listSystemVms", "listVirtualMachines", "listZones"),
)
