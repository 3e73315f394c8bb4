"""Ports of hypervisors that the management side does not reach.

Symptom: a host cannot be added, upgraded or commanded; machines cannot be moved to it.
Detect:  connections from the exporter to SSH and libvirt of KVM hosts, SSH and HTTPS of XenServer, HTTPS of VMware, at
         two looks, while CloudStack says Up.
Fix:     the service where the port is refused, firewalls and routes where nothing comes back.

Who closes libvirt to all but hosts does so on all hosts of a cluster: it is told once, with the hosts as evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from exporter.checks.host_connectivity.hypervisors import PER_HOST, judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.second_look import confirmed
from exporter.cloud.targeting import DIALLED
from exporter.cloud.targets import HostEndpoint
from exporter.model import Answers, Check, GroupJudge, Metric, Reason, Sample, Samples, above
from exporter.questions.hosts.endpoint import HOST_PORTS
from exporter.questions.system_vms.console import Connection
from exporter.topology.hosts import names

START = (
    "Nobody listens there: look at the service on the host (sshd; libvirtd or virtproxyd with listen_tls = 1 in"
    " libvirtd.conf; xapi) and start it."
)
OPEN_WAY = (
    "Open the way from the management network to this port: firewall of the host, routers between. Where only hosts may"
    " reach libvirt (16514/tcp) on purpose, open it for the exporter too, or accept this finding."
)
SHOWN = 4

HOSTS_CLOSED = Metric(
    "cloudstack_network_host_connectivity_cluster_host_ports_closed",
    "Hosts of the cluster that are Up and have a port to which the exporter could not connect at two looks.",
    labels=("zone", "cluster"),
    problem=above(0),
    follows=("cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",),
)
REACHABLE = Metric(
    "cloudstack_network_host_connectivity_host_port_reachable",
    "Whether the exporter connects to this port of the host (ssh, libvirt with or without TLS, https).",
    labels=(*PER_HOST, "port"),
    subject="host",
)

Members = Mapping[HostEndpoint, Answers]


def judge(group: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield of each port whether it takes connections, and how many hosts of a cluster have one that does not.

    What CloudStack itself does not call Up is not judged here. Nothing is said of a cluster in which a port was closed
    at one look only, or of which a host was not asked, unless another one is closed for certain.
    """
    known = {target.host.id: target for target in members}
    clusters: defaultdict[str, list[HostEndpoint | None]] = defaultdict(list)
    for host, (_, cluster, _) in judged(cloud, group):
        if host.state == "Up" and host.address and host.hypervisor in DIALLED:
            clusters[cluster].append(known.get(host.id))
    for cluster, targets in clusters.items():
        asked = [target for target in targets if target]
        ports = [one for target in asked for one in _ports(target, members[target], cloud)]
        for target, port, connection in ports:
            if connection:
                yield REACHABLE.sample(*names(target, cloud), port, value=int(connection.is_ok))
        closed = [(target, port, one) for target, port, one in ports if one and not one.is_ok]
        if closed or (len(asked) == len(targets) and all(one for *_, one in ports)):
            yield _of_cluster(group.zone, cluster, closed)


def _ports(
    target: HostEndpoint, answers: Answers, cloud: Cloud
) -> Iterable[tuple[HostEndpoint, str, Connection | None]]:
    """Yield what became of each port of a host, None for one that was closed at one look only."""
    for port, connection in answers[HOST_PORTS].items():
        is_sure = connection.is_ok or confirmed(answers, cloud, target.host.id, port, shown_by=(HOST_PORTS,))
        yield target, port, connection if is_sure else None


def _of_cluster(zone: str, cluster: str, closed: list[tuple[HostEndpoint, str, Connection]]) -> Sample:
    """Return how many hosts have closed ports, which and why."""
    words = [f"{port} of {target.name}: {one.detail}" for target, port, one in closed[:SHOWN]]
    if len(closed) > SHOWN:
        words.append(f"{len(closed) - SHOWN} more")
    return HOSTS_CLOSED.sample(
        zone,
        cluster,
        value=len({target for target, *_ in closed}),
        seen="; ".join(words),
        expected="a connection to each port of each host that is Up",
        remedy=START if all(one.reason is Reason.REFUSED for *_, one in closed) else OPEN_WAY,
    )


CHECK = Check(
    title="Ports of hypervisors",
    metrics=(HOSTS_CLOSED, REACHABLE),
    remedies=(START, OPEN_WAY),
    groups=(GroupJudge(ZoneGroup, judge, {HostEndpoint: (HOST_PORTS,)}),),
    judges_cloud=True,
)
