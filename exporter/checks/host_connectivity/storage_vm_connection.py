"""Secondary storage VMs whose own agent has no connection to a management server.

Symptom: templates stay at 0 %, snapshots are not backed up, though CloudStack may still say Up.
Detect:  inside: an established connection to 8250, the Java process, 'host' of agent.properties.
Fix:     'host' and the way to 8250/tcp; one that carries old addresses is destroyed, it was told them at creation.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.system_vms import CHECK_AGENT_WAY, DESTROY, PER_STORAGE_VM
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.system_vms.storage_vm import SSVM_AGENT, SSVM_AGENT_CONNECTIONS, SSVM_MANAGEMENT_HOSTS
from exporter.topology.system_vms import told_servers

PROCESS_UP = Metric(
    f"{PREFIX}_secondary_storage_vm_agent_process_up",
    "Whether the agent's Java process runs in the secondary storage VM.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)
HOSTS_OK = Metric(
    f"{PREFIX}_secondary_storage_vm_agent_hosts_ok",
    "Whether 'host' in agent.properties of the secondary storage VM names one of the setting 'host', not localhost.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)
CONNECTED = Metric(
    f"{PREFIX}_secondary_storage_vm_connected",
    "Whether the secondary storage VM itself has an established connection to the port of agents.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
    follows=(PROCESS_UP.name, HOSTS_OK.name, f"{PREFIX}_management_servers_alive"),
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether its agent runs, was told the right servers, and is connected; a new one may still be connecting."""
    if not is_judged(target, cloud, answers.now):
        return
    labels = (target.zone, target.name)
    yield CONNECTED.sample(
        *labels,
        value=int(bool(answers[SSVM_AGENT_CONNECTIONS])),
        seen="no established connection to the port of agents",
        expected="one to a management server",
    )
    agent = answers.get(SSVM_AGENT)
    if agent is not None:
        yield PROCESS_UP.sample(
            *labels,
            value=int(agent.processes > 0),
            seen=f"no AgentShell process{f', cloud.service {agent.unit}' if agent.unit else ''}",
            expected="one Java process",
            remedy=DESTROY,
        )
    told, setting = answers.get(SSVM_MANAGEMENT_HOSTS), cloud.setting("host", target.vm.zone_id)
    if told is not None and setting is not None:
        known = told_servers(told, setting)
        yield HOSTS_OK.sample(
            *labels,
            value=int(known.is_ok),
            seen=f"host={','.join(told)[:100]}",
            expected=f"one of {', '.join(sorted(known.wanted))[:100] or 'the management servers'}",
            remedy=DESTROY if known.wanted else CHECK_AGENT_WAY,
        )


CHECK = Check(
    title="Agent connection seen inside the secondary storage VM",
    metrics=(CONNECTED, PROCESS_UP, HOSTS_OK),
    remedies=(CHECK_AGENT_WAY, DESTROY),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_AGENT_CONNECTIONS,)},
    uses={SecondaryStorageVmTarget: (SSVM_AGENT, SSVM_MANAGEMENT_HOSTS)},
    reads=("listSystemVms",),
    judges_cloud=True,
)
