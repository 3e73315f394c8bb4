"""The health checks that CloudStack runs inside its routers, judged from their results.

Symptom: a router that runs and serves badly: disk full, gateway lost, a service that does not come back.
Detect:  listRouters healthcheckresults. CloudStack 4.22 itself says healthchecksfailed=false whatever they are
         (apache/cloudstack issue 12630), so that word is only compared.
Fix:     look into the router; restart the service, the router; recreate it last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.user_metadata.needed import running_instances
from exporter.checks.user_metadata.remedies import RECREATE_ROUTER, RESTART_ROUTER
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import KnownRouter
from exporter.cloud.objects import HealthResult, Router
from exporter.cloud.routers import guest_networks
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import ROUTER_HEALTH_STALE_SECONDS

FAILED = Metric(
    "cloudstack_network_user_metadata_router_health_failed",
    "Failing health checks of the router, from the results that CloudStack stores; known false alarms left out.",
    labels=("zone", "router"),
    problem=above(0),
)
CHECK_FAILED = Metric(
    "cloudstack_network_user_metadata_router_health_check_failed",
    "A failing health check of the router; absent when it does not fail.",
    labels=("zone", "router", "check"),
)
STALE = Metric(
    "cloudstack_network_user_metadata_router_health_stale",
    "Whether the router's newest own health result is older than three times the intervals of CloudStack allow.",
    labels=("zone", "router"),
    problem=above(0),
)
AGE = Metric(
    "cloudstack_network_user_metadata_router_health_age_seconds",
    "Age of the router's newest own health result when CloudStack was asked.",
    labels=("zone", "router"),
)
DISAGREES = Metric(
    "cloudstack_network_user_metadata_router_health_disagrees",
    "Whether CloudStack's own summary (healthchecksfailed) says otherwise than the results it stores.",
    labels=("zone", "router"),
)
LOOK = (
    "Look into the router with ssh: df, free, systemctl --failed, /var/log/routerServiceMonitor.log;"
    " restart the service that is down."
)
MONITOR = (
    "Look for cron and /root/monitorServices.py on the router, and for the health checks in management-server.log."
)
CONNECTIVITY = "connectivity.test"
"""Written by the management server, not by the router."""
RENAMED_VERSION = "4.18."
"""apache/cloudstack issues 8177 and 8761: renamed instances and shared networks fail DHCP and DNS checks."""
FAILURES = ("FAILED", "FAILURE")
ENABLED = "router.health.checks.enabled"
BASIC = "router.health.checks.basic.interval"  # minutes; 0 is off
FETCH = "router.health.checks.results.fetch.interval"  # minutes


def judge(group: KnownRouter, _: Mapping[Any, Answers], cloud: Cloud) -> Samples:
    """Yield the health of a running router that has results; where checks are off, nothing."""
    router = group.router
    is_off = cloud.setting(ENABLED, router.zone_id) == "false" or cloud.setting(BASIC, router.zone_id) == "0"
    if is_off or not router.is_running or not router.health:
        return
    labels = (group.zone, router.name)
    limit = _stale_after(cloud, router.zone_id)
    yield from _freshness(labels, router, cloud, limit)
    fresh = [one for one in router.health if one.updated is None or cloud.at - one.updated <= limit]
    if fresh:
        failing = [one for one in fresh if _is_down(one) and not _is_false_alarm(one, router, cloud)]
        seen = "; ".join(f"{one.name} {one.status or 'failed'}: {_line(one.details)}" for one in failing[:3])
        yield FAILED.sample(*labels, value=len(failing), seen=seen, expected="no failing health check")
        for name in sorted({one.name for one in failing}):
            yield CHECK_FAILED.sample(*labels, name, value=1)
    if router.health_failed is not None:
        is_failing = any(_is_failed(one) for one in router.health)
        yield DISAGREES.sample(*labels, value=int(is_failing != router.health_failed))


def _freshness(labels: tuple[str, str], router: Router, cloud: Cloud, limit: float) -> Samples:
    """Yield how old the router's newest own result is, and whether that is too old."""
    ages = [cloud.at - one.updated for one in router.health if one.updated is not None and one.name != CONNECTIVITY]
    if ages:
        age = max(min(ages), 0.0)
        seen, expected = f"newest result is {age / 60:.0f} minutes old", f"under {limit / 60:.0f} minutes"
        yield AGE.sample(*labels, value=round(age))
        yield STALE.sample(*labels, value=int(age > limit), seen=seen, expected=expected, remedy=MONITOR)


def _stale_after(cloud: Cloud, zone_id: str) -> float:
    """Return the age in seconds from which results say nothing: three times the intervals, at least the threshold."""
    minutes = (cloud.setting(name, zone_id) or "" for name in (BASIC, FETCH))
    return max(ROUTER_HEALTH_STALE_SECONDS, 3 * 60 * sum(int(text) for text in minutes if text.isdecimal()))


def _is_failed(result: HealthResult) -> bool:
    """Return whether the result is a failure by itself: the status since 4.22, else the success flag."""
    return result.status in FAILURES if result.status else result.ok is False


def _is_down(result: HealthResult) -> bool:
    """Return whether it is to be reported: a service that could not be restarted is only ever a WARNING."""
    return _is_failed(result) or (result.status == "WARNING" and result.name.endswith(".service"))


def _is_false_alarm(result: HealthResult, router: Router, cloud: Cloud) -> bool:
    """Return whether this failure is known to say nothing.

    The web server of a router without instances has nothing to serve; a BACKUP's gateways are down; DHCP
    and DNS of shared networks, and of renamed instances in 4.18, are compared wrongly.
    """
    match result.name:
        case "webserver.service":
            return not running_instances(guest_networks(router), cloud)
        case "gateways_check.py":
            return router.redundant_state == "BACKUP"
        case "dhcp_check.py" | "dns_check.py":
            return RENAMED_VERSION in router.version or any(_shared(router, cloud))
        case _:
            return False


def _shared(router: Router, cloud: Cloud) -> Iterator[bool]:
    for network_id in guest_networks(router):
        network = cloud.networks.get(network_id)
        yield network is not None and network.type == "Shared"


def _line(details: str) -> str:
    return " ".join(details.split())[:120]


CHECK = Check(
    title="Router health checks",
    metrics=(FAILED, CHECK_FAILED, STALE, AGE, DISAGREES),
    remedies=(LOOK, RESTART_ROUTER, RECREATE_ROUTER),
    groups=(GroupJudge(KnownRouter, judge),),
    reads=("listRouters", "listNetworks", "listVirtualMachines", "listConfigurations"),
    judges_cloud=True,
)
