"""What CloudStack says of each secondary storage VM.

Symptom: templates are not downloaded, volumes and snapshots are not copied.
Detect:  listSystemVms: the state of the VM and of the agent in it. The "Alert" that is normal is that of rows of type
         SecondaryStorage (an NFS share, before 4.2), which are not looked at.
Fix:     one in Error or Stopped that does not come back: destroy it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.state_sets import HOST_STATES, VM_STATES, state_set
from exporter.checks.host_connectivity.system_vms import DESTROY, PER_STORAGE_VM, READ_LOG, storage_vms
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, equals
from exporter.topology.system_vms import NEVER_REGISTERED, PROBLEM_STATES, agent_state, is_settling
from exporter.topology.zones import is_zone_judged

STATE = Metric(
    "cloudstack_network_host_connectivity_secondary_storage_vm_state",
    "State of the secondary storage VM in listSystemVms, 1 for the state it is in.",
    labels=(*PER_STORAGE_VM, "state"),
    subject="secondary_storage_vm",
)
AGENT_STATE = Metric(
    "cloudstack_network_host_connectivity_secondary_storage_vm_agent_state",
    "State of the agent in the running secondary storage VM in listSystemVms, 1 for the state it is in.",
    labels=(*PER_STORAGE_VM, "state"),
    subject="secondary_storage_vm",
)
RUNNING = Metric(
    "cloudstack_network_host_connectivity_secondary_storage_vm_running",
    "Whether listSystemVms shows the secondary storage VM as Running; not said while it starts, stops or migrates.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)
SETTLING = Metric(
    "cloudstack_network_host_connectivity_secondary_storage_vm_settling",
    "Whether the secondary storage VM is being changed or is so new that what fails is not counted yet.",
    labels=PER_STORAGE_VM,
)
AGENT_STATES = (*HOST_STATES, NEVER_REGISTERED)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say of every secondary storage VM of the zone what CloudStack knows."""
    for vm in storage_vms(cloud, group.id):
        labels = (group.zone, vm.name)
        yield from state_set(STATE, VM_STATES, vm.state, *labels)
        if vm.is_running or (vm.state in PROBLEM_STATES and is_zone_judged(cloud, group.id)):
            yield RUNNING.sample(*labels, value=int(vm.is_running), seen=f"state {vm.state}", expected="state Running")
        changes = vm.state not in PROBLEM_STATES and is_settling(cloud, vm, cloud.at)
        yield SETTLING.sample(*labels, value=int(changes))
        state = agent_state(cloud, vm) if vm.is_running else None
        if state is not None:
            yield from state_set(AGENT_STATE, AGENT_STATES, state, *labels)


CHECK = Check(
    title="State of the secondary storage VMs",
    metrics=(STATE, AGENT_STATE, RUNNING, SETTLING),
    remedies=(DESTROY, READ_LOG),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listSystemVms",),
)
