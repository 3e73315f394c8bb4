"""Secondary storage VMs that do not reach image stores, or the places that templates come from.

Symptom: a template cannot be imported: connection refused or timed out, no route; snapshots never end.
Detect:  inside: a connection that stands and owes nothing, else a short dial.
Fix:     firewall and routing of the zone; secstorage.allowed.internal.sites for sites in private networks.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.image_stores import PER_STORE, is_mounted, mount_of, stores
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import ImageStore, Place
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.dialling import Reach
from exporter.questions.secondary_storage_mounts import SSVM_MOUNTS
from exporter.questions.secondary_storage_ways import SSVM_REACH

OPEN_STORE = "Open the way from the secondary storage VM (its storage NIC, else its private one) to the image store."
OPEN_SITE = (
    "See from inside whether the site answers ('curl -I URL'). In a private network it must be in"
    " secstorage.allowed.internal.sites; else the public NIC needs a way out, or the setting secstorage.proxy."
)
RESOLVES = f"{PREFIX}_secondary_storage_vm_resolves"

STORE_REACHABLE = Metric(
    f"{PREFIX}_secondary_storage_vm_store_reachable",
    "Whether the secondary storage VM has a connection to the image store, or could make one.",
    labels=(*PER_STORE, "place"),
    problem=equals(0),
    follows=(RESOLVES,),
)
SITE_REACHABLE = Metric(
    f"{PREFIX}_secondary_storage_vm_site_reachable",
    "Whether the secondary storage VM could connect to a place that a template which is not ready comes from.",
    labels=("zone", "secondary_storage_vm", "site"),
    problem=equals(0),
    follows=(RESOLVES, f"{PREFIX}_secondary_storage_vm_internal_route_ok"),
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield of each store and site whether it is reached; nothing of one that was not asked about."""
    if is_judged(target, cloud, answers.now):
        yield from _stores(target, answers, cloud)
        yield from _sites(target, answers, cloud)


def _stores(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    for store in stores(cloud, target.vm.zone_id):
        place = store.place
        word = answers[SSVM_REACH].get(place) if place else None
        if place is None or word is None:
            continue
        yield STORE_REACHABLE.sample(
            target.zone,
            target.name,
            store.name,
            _shown(place),
            value=int(word.is_good),
            seen=f"{word}{_mounted(store, answers)}",
            expected="a connection",
            remedy=OPEN_STORE,
        )


def _mounted(store: ImageStore, answers: Answers) -> str:
    """Return in words whether a store that cannot be reached is mounted, where that is known."""
    mounts = answers.get(SSVM_MOUNTS)
    if mounts is None or not is_mounted(store):
        return ""
    return ", mounted" if mount_of(store, mounts.mounts) else ", not mounted"


def _sites(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say of each site whether it can be reached; behind a proxy only the proxy must be."""
    if (cloud.setting("secstorage.proxy", target.vm.zone_id) or "").strip():
        return
    for place in target.sites:
        word = answers[SSVM_REACH].get(place)
        if word is not None:
            yield SITE_REACHABLE.sample(
                target.zone,
                target.name,
                _shown(place),
                value=int(word.is_good),
                seen="nobody knows that name" if word is Reach.UNRESOLVED else str(word),
                expected="a connection",
                remedy=OPEN_SITE,
            )


def _shown(place: Place) -> str:
    return f"{place.host}:{place.port}"


CHECK = Check(
    title="Image stores and sites that secondary storage VMs reach",
    metrics=(STORE_REACHABLE, SITE_REACHABLE),
    remedies=(OPEN_STORE, OPEN_SITE),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_REACH,)},
    uses={SecondaryStorageVmTarget: (SSVM_MOUNTS,)},
    reads=("listImageStores", "listTemplates"),
    judges_cloud=True,
)
