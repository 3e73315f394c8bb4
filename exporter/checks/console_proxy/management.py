"""Settings that keep console proxies from being made, or from finding their management server.

Symptom: a destroyed proxy does not come back; every new proxy stays without its agent.
Detect:  listConfigurations: consoleproxy.management.state is not Auto, or 'host' is the management server's localhost.
Fix:     set them right, restart the management servers, then destroy the console proxies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.console_proxy.remedies import CHECK_HOST_SETTING, DESTROY
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above, equals
from exporter.topology.system_vms import entries, is_local
from exporter.topology.zones import is_zone_judged

SET_AUTO = (
    "Find out who set consoleproxy.management.state (an interrupted upgrade or destroy leaves it), set it to Auto"
    " and restart the management servers."
)

STATE_AUTO = Metric(
    "cloudstack_network_console_proxy_management_state_auto",
    "Whether consoleproxy.management.state is Auto, so that proxies are made and replaced.",
    labels=("zone",),
    problem=equals(0),
)
HOST_IS_LOCAL = Metric(
    "cloudstack_network_console_proxy_management_host_local",
    "Entries of the setting 'host' that lead a system VM to itself (localhost) instead of a management server.",
    labels=("zone",),
    problem=above(0),
    follows=("cloudstack_network_host_connectivity_agents_address_unusable",),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say whether proxies are managed, and told where the management servers are, in a zone that is in use."""
    if not is_zone_judged(cloud, group.id):
        return
    state = cloud.setting("consoleproxy.management.state", group.id)
    if state is not None:
        value = int(state.strip().lower() == "auto")
        yield STATE_AUTO.sample(group.zone, value=value, seen=state or "empty", expected="Auto", remedy=SET_AUTO)
    hosts = cloud.setting("host", group.id)
    if hosts is not None:
        local = [entry for entry in entries(hosts) if is_local(entry)]
        yield HOST_IS_LOCAL.sample(
            group.zone, value=len(local), seen=f"host = {hosts[:100]!r}", expected="reachable management servers"
        )


CHECK = Check(
    title="Management of console proxies",
    metrics=(STATE_AUTO, HOST_IS_LOCAL),
    remedies=(CHECK_HOST_SETTING, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listConfigurations",),
)
