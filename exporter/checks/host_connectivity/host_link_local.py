"""Hosts that have lost the network to their own system VMs.

Symptom: routers and system VMs of one host can no longer be commanded, while they serve their guests.
Detect:  the kernel's own routes: no interface of the host is in the network of the control addresses that CloudStack
         gave to the machines there (169.254.0.0/16 on cloud0, unless control.cidr says another), at two looks.
Fix:     the bridge cloud0 with 169.254.0.1/16, up; the agent makes it anew when it is restarted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.storage import is_dialled
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.hosts.reach import HOST_REACH
from exporter.topology.hosts import is_judged, names

REMAKE = (
    "See 'ip address show cloud0' on the host: it must be up with 169.254.0.1/16. Restart cloudstack-agent, which makes"
    " it; find out what took it away (a network manager that owns all bridges)."
)

UP = Metric(
    "cloudstack_network_host_connectivity_host_link_local_up",
    "Whether the host has an interface in the network of the control addresses of the system VMs on it, by its routes.",
    labels=PER_HOST,
    problem=equals(0),
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether there is a way; nothing for hosts on which no router or system VM runs."""
    host = target.host
    controls = sorted(_controls(target, cloud)) if host.hypervisor == "KVM" else []
    if not controls or not is_judged(target, cloud, answers.now):
        return
    lost = [address for address in controls if not answers[HOST_REACH].interface_to(address)]
    if not lost or confirmed(answers, cloud, host.id, "link-local", shown_by=(HOST_REACH,)):
        yield UP.sample(
            *names(target, cloud),
            value=int(not lost),
            seen=f"no interface in the network of {', '.join(lost[:3])}",
            expected="cloud0, up, with 169.254.0.1/16",
        )


def _controls(target: HostTarget, cloud: Cloud) -> Iterator[str]:
    """Yield the control addresses of routers and system VMs that run on the host."""
    for machine in cloud.placed_by_host.get(target.host.id, ()):
        if machine.is_running and machine.kind == "router":
            yield from (one.address for one in machine.nics if one.traffic_type == "Control" and _is_ipv4(one.address))
    for vm in cloud.system_vms.values():
        if vm.is_running and vm.host_id == target.host.id and _is_ipv4(vm.control_address):
            yield vm.control_address


def _is_ipv4(word: str) -> bool:
    return bool(re.fullmatch(r"[\d.]+", word, re.ASCII)) and is_dialled(word)


CHECK = Check(
    title="Hosts that reach their own system VMs",
    metrics=(UP,),
    remedies=(REMAKE,),
    judges={HostTarget: judge},
    asks={HostTarget: (HOST_REACH,)},
    reads=("listRouters", "listSystemVms"),
    judges_cloud=True,
)
