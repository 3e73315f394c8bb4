"""Hosts that do not reach the others of their cluster.

Symptom: live migrations fail, and maintenance mode never ends, between some hosts only.
Detect:  connections from inside each host to the next two of its cluster: libvirt, and the first port of live
         migrations, where a refusal is good, because nobody listens while none is under way. Judged at two looks.
Fix:     firewalls of the host and of its neighbour; the network between them.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.dialling import Reach
from exporter.questions.hosts.reach import HOST_REACH
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import is_judged, names

OPEN_BETWEEN = (
    "Let the hosts of a cluster reach each other: 16514/tcp (16509/tcp without TLS) and 49152-49216/tcp, in the"
    " firewall of the named neighbour and on the way to it."
)
HARMLESS = (Reach.ESTABLISHED, Reach.OPEN, Reach.REFUSED)
"""Whoever refuses has been reached. Whether libvirt runs there is told of that host, by its own port."""

CLOSED = Metric(
    "cloudstack_network_host_connectivity_host_neighbours_unreachable",
    "Neighbours of the host in its cluster whose port of libvirt or of live migrations it does not reach.",
    labels=PER_HOST,
    problem=above(0),
    follows=(
        "cloudstack_network_host_connectivity_host_up",
        "cloudstack_network_host_connectivity_host_down",
        "cloudstack_network_host_connectivity_cluster_hosts_lost_ratio",
    ),
)
EACH = Metric(
    "cloudstack_network_host_connectivity_host_neighbour_unreachable",
    "1 for a neighbour whose port of libvirt or of live migrations the host does not reach; only while it is so.",
    labels=(*PER_HOST, "neighbour", "port"),
    subject="host",
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many neighbours are not reached; those that CloudStack holds back, or has lost, are not counted.

    Nothing after one look at one that is not reached, nor while one was not asked about yet: unless another one is cut
    off for certain.
    """
    if target.host.state != "Up" or not is_judged(target, cloud, answers.now):
        return
    found = answers[HOST_REACH]
    expected = {host.address: host for host in _others(target, cloud, answers.now)}
    if not expected:
        return
    asked = {"libvirt": found.libvirt, "migration": found.migration}
    ways = {(address, port): asked[port].get(address) for address in sorted(expected) for port in asked}
    bad = {way: reach for way, reach in ways.items() if reach not in HARMLESS}
    closed = {
        (expected[address].name, port): reach
        for (address, port), reach in bad.items()
        if reach and _is_confirmed(target, expected[address], port, answers, cloud)
    }
    if bad and not closed:
        return
    labels = names(target, cloud)
    neighbours = {name for name, _ in closed}
    yield CLOSED.sample(
        *labels,
        value=len(neighbours),
        seen="; ".join(f"{port} of {name}: {reach}" for (name, port), reach in list(closed.items())[:4]),
        expected=f"all {len(expected)} reached",
        remedy=OPEN_BETWEEN,
    )
    for name, port in list(closed)[:ROWS_PER_TARGET]:
        yield EACH.sample(*labels, name, port, value=1)


def _others(target: HostTarget, cloud: Cloud, now: float) -> Iterator[Host]:
    """Yield the neighbours that were dialled, and should work by the present Cloud."""
    for address in target.neighbours:
        host = cloud.hosts_by_address.get((target.host.zone_id, address))
        if host and host.state == "Up" and is_judged(HostTarget(host, target.zone, None), cloud, now):
            yield host


def _is_confirmed(target: HostTarget, other: Host, port: str, answers: Answers, cloud: Cloud) -> bool:
    """Return whether the neighbour was not only restarted a minute ago."""
    return confirmed(answers, cloud, target.host.id, other.id, port, shown_by=(HOST_REACH,))


CHECK = Check(
    title="Hosts that reach their neighbours",
    metrics=(CLOSED, EACH),
    remedies=(OPEN_BETWEEN,),
    judges={HostTarget: judge},
    asks={HostTarget: (HOST_REACH,)},
    judges_cloud=True,
)
