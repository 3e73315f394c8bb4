"""Secondary storage VMs whose agent is not connected, by CloudStack's own word.

Symptom: the VM runs, and templates stay at 0 %, snapshots are not backed up.
Detect:  agentstate of listSystemVms, before that field the state of the row of type SecondaryStorageVM in listHosts.
         Alert there is not the "Alert" that is normal, which is of rows of type SecondaryStorage.
Fix:     setting 'host' must not be localhost, 8250/tcp must be open to it; then destroy the secondary storage VM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.system_vms import CHECK_AGENT_WAY, DESTROY, PER_STORAGE_VM, storage_vms
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, equals
from exporter.topology.system_vms import agent_state, is_agent_held_back, is_settling

AGENT_UP = Metric(
    "cloudstack_network_host_connectivity_secondary_storage_vm_agent_up",
    "Whether the agent of the running secondary storage VM is Up in listSystemVms; not said of a new one.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say of every running secondary storage VM whether its agent is Up, unless somebody holds it back."""
    for vm in storage_vms(cloud, group.id):
        state = agent_state(cloud, vm) if vm.is_running else None
        if state is None or (state != "Up" and (is_agent_held_back(cloud, vm) or is_settling(cloud, vm, cloud.at))):
            continue
        words = f"VM Running, agent {state}"
        yield AGENT_UP.sample(group.zone, vm.name, value=int(state == "Up"), seen=words, expected="agent Up")


CHECK = Check(
    title="Agent of the secondary storage VM",
    metrics=(AGENT_UP,),
    remedies=(CHECK_AGENT_WAY, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listSystemVms",),
)
