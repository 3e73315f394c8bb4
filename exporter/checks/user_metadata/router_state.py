"""Routers as CloudStack sees them: whether they run where they are needed, and whether it still commands them.

Symptom: instances without gateway, DHCP and metadata; or every change of their network fails.
Detect:  listRouters: state, requiresupgrade. A router stopped for lack of instances is normal.
Fix:     start the router, or restart the network; upgrade it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.user_metadata.needed import SERVING, running_instances
from exporter.checks.user_metadata.remedies import READ_LOG, RECREATE_ROUTER
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import KnownRouter, ZoneGroup
from exporter.cloud.objects import Router
from exporter.cloud.routers import guest_networks
from exporter.model import Answers, Check, GroupJudge, Metric, Sample, Samples, above

DOWN = Metric(
    "cloudstack_network_user_metadata_router_down",
    "Whether the router's network has running instances and no running router, by CloudStack's own state.",
    labels=("zone", "router"),
    problem=above(0),
)
UPGRADE = Metric(
    "cloudstack_network_user_metadata_router_requires_upgrade",
    "Whether CloudStack says that the running router requires an upgrade; it then refuses commands by default.",
    labels=("zone", "router"),
    problem=above(0),
)
ORPHANED = Metric(
    "cloudstack_network_user_metadata_networks_without_router",
    "Networks of the zone that a virtual router should serve, with running instances and no router at all.",
    labels=("zone",),
    problem=above(0),
)
INFO = Metric(
    "cloudstack_network_user_metadata_router_info",
    "What CloudStack says of the router; always 1.",
    labels=("zone", "router", "network", "vpc", "host", "version", "state", "redundant_state"),
)
START = "Start the router, or restart its network without cleanup."
UPGRADE_ROUTER = "Upgrade the router: live patch it (4.17 and newer), or restart its network with cleanup=true."


def judge(group: KnownRouter, _: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield state and upgrade flag of one router; internal load balancers are none."""
    router = group.router
    if router.role != "VIRTUAL_ROUTER":
        return
    yield _info(group, cloud)
    served = {home for one in (router, *group.peers) if one.state in SERVING for home in guest_networks(one)}
    running = running_instances(guest_networks(router) - served, cloud)
    yield DOWN.sample(
        group.zone,
        router.name,
        value=int(bool(running)),
        seen=f"router {router.state}, {len(running)} instances run without it",
        expected="Running while instances of its network run",
        remedy=START,
    )
    yield UPGRADE.sample(
        group.zone,
        router.name,
        value=int(router.requires_upgrade and router.is_running),
        seen=f"version {router.version or 'unknown'} requires an upgrade; {_commands(router, cloud)}",
        expected="a system VM template that the management server accepts",
        remedy=UPGRADE_ROUTER,
    )


def _commands(router: Router, cloud: Cloud) -> str:
    """Return what the flag means for the router's commands, which a setting decides."""
    checked = (cloud.setting("router.version.check", router.zone_id) or "true").lower() != "false"
    return "commands are refused" if checked else "commands still pass, router.version.check is false"


def judge_zone(group: ZoneGroup, _: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield how many networks lost their router: destroyed, or never made again after a failed restart."""
    routed = {home for router in cloud.routers.values() for home in guest_networks(router)}
    lost = sorted(
        network.name
        for network in cloud.networks.values()
        if network.zone_id == group.id
        and network.id not in routed
        and any(network.served_by_router(service) for service in ("Dhcp", "Dns", "UserData"))
        and running_instances((network.id,), cloud)
    )
    yield ORPHANED.sample(
        group.zone,
        value=len(lost),
        seen=", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > len(lost[:3]) else ""),
        expected="a router for each network with running instances",
        remedy="Restart the network: CloudStack makes its router again.",
    )


def _info(group: KnownRouter, cloud: Cloud) -> Sample:
    router = group.router
    network = cloud.networks.get(router.network_id)
    return INFO.sample(
        group.zone,
        router.name,
        network.name if network else "",
        router.vpc_id,
        router.host_name,
        router.version,
        router.state,
        router.redundant_state if router.is_redundant else "",
        value=1,
    )


CHECK = Check(
    title="Router state",
    metrics=(DOWN, UPGRADE, ORPHANED, INFO),
    remedies=(START, RECREATE_ROUTER, READ_LOG),
    groups=(GroupJudge(KnownRouter, judge), GroupJudge(ZoneGroup, judge_zone)),
    reads=("listRouters", "listVirtualMachines", "listNetworks"),
    judges_cloud=True,
)
