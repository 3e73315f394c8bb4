"""Hosts that do not reach their image stores.

Symptom: machines cannot be made from new templates, snapshots stay in BackingUp, on some hosts only.
Detect:  connections from inside each host to the NFS port of each image store of its zone, or one that stands; at two
         looks. The mount itself is never touched, because a dead one would block whoever asks.
Fix:     firewall and network between host and store; its name in DNS; the service on the store where all hosts fail.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.dialling import Reach
from exporter.questions.hosts.reach import HOST_REACH
from exporter.topology.hosts import is_judged, names

OPEN_WAY = "Open the way from the host to the store (NFS: 2049/tcp): firewalls, VLAN and routes of the storage network."
START_SERVICE = "Nobody listens on the store: start its NFS service, or correct the port in the store's URL."
FIX_NAME = "Let the host resolve the store's name: DNS servers of the host, or the name in the store's URL."
REMEDIES = {Reach.REFUSED: START_SERVICE, Reach.UNRESOLVED: FIX_NAME}

CLOSED = Metric(
    "cloudstack_network_host_connectivity_host_stores_unreachable",
    "Image stores of its zone that the host does not reach, of those that are dialled.",
    labels=PER_HOST,
    problem=above(0),
    follows=(
        "cloudstack_network_host_connectivity_host_up",
        "cloudstack_network_host_connectivity_host_down",
    ),
)
EACH = Metric(
    "cloudstack_network_host_connectivity_host_store_unreachable",
    "1 for an image store that the host does not reach; only while it is so.",
    labels=(*PER_HOST, "store"),
    subject="host",
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many stores are not reached.

    Nothing where there is none that is dialled, nor after one look at a store that is not reached, nor while one was
    not asked about yet: unless another one is lost for certain.
    """
    if not target.stores or not is_judged(target, cloud, answers.now):
        return
    found = answers[HOST_REACH].stores
    bad = {place: reach for place in target.stores if (reach := found.get(place)) is None or not reach.is_good}
    closed = {
        place: reach
        for place, reach in bad.items()
        if reach and confirmed(answers, cloud, target.host.id, place.word, shown_by=(HOST_REACH,))
    }
    if bad and not closed:
        return
    labels, reaches = names(target, cloud), list(closed.values())
    yield CLOSED.sample(
        *labels,
        value=len(closed),
        seen="; ".join(f"{place.host}:{place.port} {reach}" for place, reach in list(closed.items())[:4]),
        expected=f"all {len(target.stores)} reached",
        remedy=REMEDIES.get(reaches[0], OPEN_WAY) if reaches else OPEN_WAY,
    )
    for place in closed:  # at most as many as are dialled
        yield EACH.sample(*labels, f"{place.host}:{place.port}", value=1)


CHECK = Check(
    title="Hosts that reach their image stores",
    metrics=(CLOSED, EACH),
    remedies=(OPEN_WAY, START_SERVICE, FIX_NAME),
    judges={HostTarget: judge},
    asks={HostTarget: (HOST_REACH,)},
    reads=("listImageStores",),
    judges_cloud=True,
)
