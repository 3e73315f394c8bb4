"""Clusters of which some hosts serve libvirt with TLS and others without.

Symptom: no machine can be moved between some hosts of the cluster, and maintenance never ends there.
Detect:  the certificate that libvirt of each host shows, or none at two looks while libvirt itself takes connections: a
         host that has a certificate moves machines by TLS alone, and one without it never does.
Fix:     provisionCertificate for the hosts that have none.

To the host that dials, a neighbour that refuses its port of libvirt looks like one whose libvirt does not run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostEndpoint
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE, HOST_PORTS
from exporter.topology.hosts import absent, is_judged

PROVISION = (
    "Give the hosts without TLS their certificates: UI (host, 'Provision host security keys') or provisionCertificate;"
    " libvirt is restarted, machines go on running. See that listen_tls = 1 and listen_tcp = 0 in libvirtd.conf then."
)
SHOWN = 4
UNLIKE = Metric(
    "cloudstack_network_host_connectivity_cluster_hosts_secured_unlike",
    "Hosts of the cluster of which libvirt serves TLS, or does not, unlike that of most others, by handshakes.",
    labels=("zone", "cluster"),
    problem=above(0),
)


def judge(group: ClusterGroup, members: Mapping[HostEndpoint, Answers], cloud: Cloud) -> Samples:
    """Yield how many hosts differ from most; 0 only when all that should work have told.

    A host whose libvirt takes no connection at all has told nothing: it may have stopped.
    """
    told = {
        target: answers.values[HOST_CERTIFICATE].value is not None
        for target, answers in members.items()
        if target.host.hypervisor == "KVM" and is_judged(target, cloud, answers.now) and _is_told(answers)
    }
    secured, bare = ([target for target in told if told[target] is shown] for shown in (True, False))
    sure = [target for target in bare if not secured or _is_confirmed(target, members[target], cloud)]
    differ = bool(secured and sure)
    if not told or (not differ and (len(sure) < len(bare) or absent(tuple(told), group, cloud))):
        return
    yield UNLIKE.sample(
        group.zone,
        group.name,
        value=min(len(secured), len(sure)),
        seen=f"without TLS: {_names(sure)}; with TLS: {_names(secured)}",
        expected="all hosts of the cluster alike",
        remedy=PROVISION,
    )


def _is_told(answers: Answers) -> bool:
    """Return whether libvirt shows a certificate, or is known to listen without one."""
    if HOST_CERTIFICATE not in answers.values:
        return False
    libvirt = (answers.get(HOST_PORTS) or {}).get("libvirt")
    return answers.get(HOST_CERTIFICATE) is not None or bool(libvirt and libvirt.is_ok)


def _is_confirmed(target: HostEndpoint, answers: Answers, cloud: Cloud) -> bool:
    """Return whether it listened without TLS at two looks: libvirt was not only restarted a minute ago."""
    return confirmed(answers, cloud, "bare", target.host.id, shown_by=(HOST_CERTIFICATE, HOST_PORTS))


def _names(targets: Sequence[HostEndpoint]) -> str:
    names = sorted(target.name for target in targets)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


CHECK = Check(
    title="Hosts of a cluster that are secured alike",
    metrics=(UNLIKE,),
    remedies=(PROVISION,),
    groups=(GroupJudge(ClusterGroup, judge, {HostEndpoint: (HOST_CERTIFICATE, HOST_PORTS)}),),
    reads=("listHosts", "listClusters"),
    judges_cloud=True,
)
