"""Hosts of a cluster that plug NICs differently: Linux bridges on some, Open vSwitch on others.

Symptom: live migrations fail, or instances lose their network on one host.
Detect:  network.bridge.type and libvirt.vif.driver in agent.properties, or what runs in dom0 of XenServer, against most
         hosts of the cluster; and how many back-ends the cluster has, since two are a fault whichever most hosts have.
Fix:     the same backend on every host of a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.hypervisor_links.remedies import ALIGN_HOST
from exporter.checks.hypervisor_links.wires import gauge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.targets import HostTarget, XenHostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.agent import AGENT
from exporter.questions.xen_hosts.backend import XEN_BACKEND
from exporter.topology.hosts import Hypervisor, absent, is_judged, names
from exporter.topology.majority import differs, majority

INFO = gauge(
    "network_backend_info", "How a host plugs NICs, by agent.properties or dom0 of XenServer; always 1.", "backend"
)
DIFFERS = gauge(
    "network_backend_differs",
    "Whether a host plugs NICs otherwise than most hosts of its cluster, by agent.properties or dom0 of XenServer.",
    problem=above(0),
)
BACKENDS = Metric(
    "cloudstack_network_hypervisor_links_cluster_network_backends",
    "Network backends (Linux bridge, Open vSwitch) of a cluster's hosts, as each host tells; two are a mixture.",
    labels=("zone", "cluster"),
    problem=above(1),
    follows=("cloudstack_network_hypervisor_links_network_backend_differs",),
)
ONE_BACKEND = "Decide for one backend and bring the hosts to it one by one, in maintenance."


def judge(target: Hypervisor, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the backend of a host."""
    yield INFO.sample(*names(target, cloud), _backend(answers), value=1)


def judge_cluster(group: ClusterGroup, members: Mapping[Hypervisor, Answers], cloud: Cloud) -> Samples:
    """Yield for each host whether its backend is the odd one, and how many backends the cluster has.

    Nothing while hosts that have not told may decide: two backends are two whatever they tell.
    """
    backends = {target: _backend(answers) for target, answers in members.items()}
    judged = {one: backends[one] for one, answers in members.items() if is_judged(one, cloud, answers.now)}
    missing = absent(members, group, cloud, group.cluster.hypervisor)
    for target in members:
        is_odd = differs(judged[target], judged, missing) if target in judged else False
        if is_odd is None:
            continue
        yield DIFFERS.sample(
            *names(target, cloud),
            value=int(is_odd),
            seen=backends[target],
            expected=f"{majority(judged)}, as most hosts of the cluster",
            remedy=ALIGN_HOST,
        )
    by_backend = {backend: [one.name for one in judged if judged[one] == backend] for backend in judged.values()}
    if len(by_backend) > 1 or (judged and not missing):
        yield BACKENDS.sample(
            group.zone,
            group.cluster.name,
            value=len(by_backend),
            seen="; ".join(f"{backend} on {_few(hosts)}" for backend, hosts in sorted(by_backend.items())),
            expected="one backend on all hosts of the cluster",
            remedy=ONE_BACKEND,
        )


def _few(hosts: list[str]) -> str:
    return ", ".join(sorted(hosts)[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else "")


def _backend(answers: Answers) -> str:
    """Return native | openvswitch: what the agent is set to, or what dom0 runs."""
    xen = answers.get(XEN_BACKEND)
    is_openvswitch = answers[AGENT].is_openvswitch if xen is None else xen.running == "openvswitch"
    return "openvswitch" if is_openvswitch else "native"


CHECK = Check(
    title="Network backend",
    metrics=(INFO, DIFFERS, BACKENDS),
    remedies=(ALIGN_HOST, ONE_BACKEND),
    judges={HostTarget: judge, XenHostTarget: judge},
    asks={HostTarget: (AGENT,), XenHostTarget: (XEN_BACKEND,)},
    groups=(GroupJudge(ClusterGroup, judge_cluster, {HostTarget: (AGENT,), XenHostTarget: (XEN_BACKEND,)}),),
)
