"""Zones in which no console proxy can serve anybody.

Symptom: no console in the whole zone.
Detect:  listSystemVms: not one proxy both Running and with its agent Up, although instances run or a proxy exists.
Fix:     see why the newest proxy does not start (capacity, system VM template, public addresses), destroy it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.console_proxy.proxies import is_settling, is_usable, proxies
from exporter.checks.console_proxy.remedies import CHECK_HOST_SETTING, DESTROY, READ_LOG
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, equals
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS

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
    """Say how many proxies are usable, whether one is needed, and whether that fits.

    One after the other that starts and never arrives is none: they are waited for as long as one needs.
    """
    living = proxies(cloud, group.id)
    states = [is_usable(cloud, vm) for vm in living]
    usable = states.count(True)
    needed = _is_needed(cloud, group.id, has_proxy=bool(living))
    yield NEEDED.sample(group.zone, value=int(needed))
    if usable == 0 and None in states:
        return  # it runs, and CloudStack does not tell of its agent
    yield USABLE.sample(group.zone, value=usable)
    starts = any(vm.state not in ("Stopped", "Error") and is_settling(cloud, vm, cloud.at) for vm in living)
    lacks = usable == 0 and needed
    if not lacks or members[group].held("unserved", group.id).seconds >= SYSTEM_VM_SETTLES_SECONDS or not starts:
        seen = ", ".join(f"{vm.name} {vm.state}" for vm in living[:3]) or "no console proxy"
        served = int(usable > 0 or not needed)
        yield ZONE_SERVED.sample(group.zone, value=served, seen=seen, expected="one Running with its agent Up")


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
