"""What CloudStack says of each console proxy.

Symptom: a console window stays white, or "access is denied for the console session".
Detect:  listSystemVms: the state of the VM and of the agent in it.
Fix:     a proxy in Error or Stopped that does not come back: destroy it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.console_proxy.proxies import PER_PROXY, proxies
from exporter.checks.console_proxy.remedies import DESTROY, READ_LOG
from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import console_address
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import SystemVm
from exporter.model import Check, GroupJudge, Metric, Sample, Samples, equals
from exporter.topology.system_vms import NEVER_REGISTERED, PROBLEM_STATES, agent_state, is_settling
from exporter.topology.zones import is_zone_judged

VM_STATES = ("Running", "Starting", "Stopping", "Stopped", "Migrating", "Shutdown", "Error", "Unknown")
AGENT_STATES = (
    "Up",
    "Connecting",
    "Creating",
    "Rebalancing",
    "Disconnected",
    "Alert",
    "Down",
    "Error",
    "Removed",
    "Unknown",
    NEVER_REGISTERED,
)
"""CloudStack's states of an agent, and ours for one that it has no state of."""
OTHER = "Other"
"""Our word for a state of a newer CloudStack."""

STATE = Metric(
    "cloudstack_network_console_proxy_state",
    "State of the console proxy VM in listSystemVms, 1 for the state it is in.",
    labels=(*PER_PROXY, "state"),
    subject="console_proxy",
)
AGENT_STATE = Metric(
    "cloudstack_network_console_proxy_agent_state",
    "State of the agent in the running console proxy in listSystemVms, 1 for the state it is in.",
    labels=(*PER_PROXY, "state"),
    subject="console_proxy",
)
RUNNING = Metric(
    "cloudstack_network_console_proxy_running",
    "Whether listSystemVms shows the console proxy as Running; not said while it starts, stops or migrates.",
    labels=PER_PROXY,
    problem=equals(0),
)
SETTLING = Metric(
    "cloudstack_network_console_proxy_settling",
    "Whether the console proxy is being changed or is so new that what fails is not counted yet.",
    labels=PER_PROXY,
)
INFO = Metric(
    "cloudstack_network_console_proxy_info",
    "Where the console proxy runs, its agent's version, and the name and rule by which browsers reach it.",
    labels=(*PER_PROXY, "host", "hypervisor", "version", "address", "hostname", "rule"),
    subject="console_proxy",
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say of every proxy of the zone what CloudStack knows."""
    for vm in proxies(cloud, group.id):
        yield from _set(STATE, VM_STATES, vm.state, group.zone, vm.name)
        if vm.is_running or (vm.state in PROBLEM_STATES and is_zone_judged(cloud, group.id)):
            yield RUNNING.sample(
                group.zone, vm.name, value=int(vm.is_running), seen=f"state {vm.state}", expected="state Running"
            )
        yield SETTLING.sample(group.zone, vm.name, value=int(_is_changing(cloud, vm)))
        if vm.is_running:
            yield from _agent(cloud, vm, group.zone)
            place = console_address(cloud, vm)
            words = (vm.host_name, vm.hypervisor, vm.version, vm.public_address, place.hostname, place.rule)
            yield INFO.sample(group.zone, vm.name, *words, value=1)


def _is_changing(cloud: Cloud, vm: SystemVm) -> bool:
    """Return whether a proxy settles; one that lies still in a wrong state does not."""
    return vm.state not in PROBLEM_STATES and is_settling(cloud, vm, cloud.at)


def _agent(cloud: Cloud, vm: SystemVm, zone: str) -> Iterator[Sample]:
    """Say in which state the agent is, where CloudStack tells."""
    state = agent_state(cloud, vm)
    if state is not None:
        yield from _set(AGENT_STATE, AGENT_STATES, state, zone, vm.name)


def _set(metric: Metric, known: tuple[str, ...], state: str, *labels: str) -> Iterator[Sample]:
    """Say 1 for the state that is, 0 for all others; a state of a newer CloudStack is Other."""
    present = state if state in known else OTHER
    for name in (*known, OTHER):
        yield metric.sample(*labels, name, value=int(name == present))


CHECK = Check(
    title="State of the console proxies",
    metrics=(STATE, AGENT_STATE, RUNNING, SETTLING, INFO),
    remedies=(DESTROY, READ_LOG),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listSystemVms",),
)
