"""Console sessions against what a proxy takes.

Symptom: new consoles are refused or slow at busy hours.
Detect:  activeviewersessions of listSystemVms against the setting consoleproxy.session.max.
Fix:     raise consoleproxy.session.max with the proxy's memory, or consoleproxy.capacity.standby for more proxies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.console_proxy.proxies import PER_PROXY, proxies
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import CONSOLE_SESSIONS_RATIO

RAISE = "Raise consoleproxy.session.max (with a bigger consoleproxy.service.offering) or consoleproxy.capacity.standby."
SHORTEN = "Lower consoleproxy.session.timeout if consoles are left open."

SESSIONS = Metric(
    "cloudstack_network_console_proxy_sessions",
    "Console sessions open on the proxy, activeviewersessions of listSystemVms.",
    labels=PER_PROXY,
)
LIMIT = Metric(
    "cloudstack_network_console_proxy_sessions_limit",
    "Sessions one console proxy of the zone takes, setting consoleproxy.session.max.",
    labels=("zone",),
)
RATIO = Metric(
    "cloudstack_network_console_proxy_sessions_ratio",
    "Open console sessions divided by consoleproxy.session.max.",
    labels=PER_PROXY,
    problem=above(CONSOLE_SESSIONS_RATIO),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say how many sessions each running proxy has, and how near its limit that is."""
    text = (cloud.setting("consoleproxy.session.max", group.id) or "").strip()
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if limit:
        yield LIMIT.sample(group.zone, value=limit)
    for vm in proxies(cloud, group.id):
        if not vm.is_running or vm.sessions is None:
            continue
        yield SESSIONS.sample(group.zone, vm.name, value=vm.sessions)
        if limit:
            yield RATIO.sample(
                group.zone,
                vm.name,
                value=vm.sessions / limit,
                seen=f"{vm.sessions} of {limit} sessions",
                expected=f"at most {CONSOLE_SESSIONS_RATIO:.0%}",
            )


CHECK = Check(
    title="Console sessions",
    metrics=(SESSIONS, LIMIT, RATIO),
    remedies=(RAISE, SHORTEN),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listSystemVms", "listConfigurations"),
)
