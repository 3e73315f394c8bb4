"""Console proxies whose agent is not connected, by CloudStack's own word.

Symptom: consoles of all VMs fail; the proxy is Running yet not Up. New proxies never serve.
Detect:  agentstate of listSystemVms. At boot the proxy opens its web port only after the agent has connected.
Fix:     setting 'host' must not be localhost, 8250/tcp must be open to it; then destroy the console proxy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.console_proxy.proxies import PER_PROXY, proxies
from exporter.checks.console_proxy.remedies import CHECK_AGENT_PATH, CHECK_HOST_SETTING, DESTROY, READ_LOG
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, equals
from exporter.topology.system_vms import agent_state, is_agent_held_back, is_settling

AGENT_UP = Metric(
    "cloudstack_network_console_proxy_agent_up",
    "Whether the agent of the running console proxy is Up in listSystemVms; not said of a new one that is not yet.",
    labels=PER_PROXY,
    problem=equals(0),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say of every running proxy whether its agent is Up, unless somebody holds it back."""
    for vm in proxies(cloud, group.id):
        state = agent_state(cloud, vm) if vm.is_running else None
        if state is None or (state != "Up" and (is_agent_held_back(cloud, vm) or is_settling(cloud, vm, cloud.at))):
            continue
        yield AGENT_UP.sample(
            group.zone,
            vm.name,
            value=int(state == "Up"),
            seen=f"VM Running, agent {state}",
            expected="agent Up",
        )


CHECK = Check(
    title="Agent of the console proxy",
    metrics=(AGENT_UP,),
    remedies=(CHECK_HOST_SETTING, CHECK_AGENT_PATH, DESTROY, READ_LOG),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listSystemVms",),
)
