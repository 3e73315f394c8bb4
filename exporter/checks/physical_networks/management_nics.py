"""System VMs whose private NIC is plugged into another bridge than the agent's private one.

Symptom: a console proxy or secondary storage VM runs and its agent never connects; recreated elsewhere it works.
Detect:  virsh domiflist, by the MAC that CloudStack gave the private NIC, against private.network.device.
Fix:     restart the agent where its setting was changed, then destroy the system VM: CloudStack makes a new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.checks.physical_networks.kvm import PER_HOST, is_kvm
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.domains import DOMAINS, Interface
from exporter.topology.hosts import is_judged, names

MISPLACED = Metric(
    "cloudstack_network_physical_networks_management_nics_misplaced",
    "Running system VMs of the host whose private NIC is not in the agent's private bridge, by virsh domiflist.",
    labels=PER_HOST,
    problem=above(0),
    follows=("cloudstack_network_physical_networks_labels_unlike_agent",),
)
RECREATE = "Destroy the system VM; CloudStack makes a new one, whose NICs follow the agent's present settings."
RESTART_AGENT = "Where private.network.device was changed: restart cloudstack-agent on the host first."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Count the misplaced ones; while none of them was seen twice, nothing is said."""
    private = answers[AGENT].private
    if not is_kvm(target) or not private:
        return
    elsewhere = [one for one in _private_nics(target, answers, cloud) if one[1].source != private]
    misplaced = sorted(
        f"{name} in {plugged.source or 'no bridge'}"
        for name, plugged in elsewhere
        if confirmed(answers, cloud, target.host.id, name, plugged.source, private, shown_by=(DOMAINS, AGENT))
    )
    if elsewhere and not misplaced:
        return
    yield MISPLACED.sample(
        *names(target, cloud),
        value=len(misplaced) if is_judged(target, cloud, answers.now) else 0,
        seen=", ".join(misplaced[:3]),
        expected=f"in {private}, the agent's private bridge",
    )


def _private_nics(target: HostTarget, answers: Answers, cloud: Cloud) -> Iterator[tuple[str, Interface]]:
    """Yield the bridged private NICs of system VMs that run here by CloudStack's and by libvirt's word."""
    domains: Mapping[str, tuple[Interface, ...]] = {
        name: domain.interfaces for name, domain in answers[DOMAINS].items() if domain.is_running
    }
    for machine in cloud.placed_by_host.get(target.host.id, ()):
        if machine.kind != "system_vm" or not machine.is_running:
            continue
        macs = {nic.mac for nic in machine.nics if nic.traffic_type == "Management"}
        for plugged in domains.get(machine.name, ()):
            if plugged.mac in macs and plugged.kind == "bridge":
                yield machine.name, plugged


CHECK = Check(
    title="Private NICs of system VMs",
    metrics=(MISPLACED,),
    remedies=(RECREATE, RESTART_AGENT),
    judges={HostTarget: judge},
    asks={HostTarget: (AGENT, DOMAINS)},
    reads=("listSystemVms",),
    judges_cloud=True,
)
