"""Secondary storage VMs that do not reach image stores.

Symptom: templates are not downloaded, snapshots never end, on no host of the zone.
Detect:  inside, at two looks: a connection that stands and owes nothing, else a short dial. No mount is touched.
Fix:     firewall and routing between the storage NIC and the store; the name of the store in DNS.

The places that templates come from are dialled with them, and judged with the templates that cannot be imported.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.image_stores import PER_STORE, is_mounted, mounts_of, stores
from exporter.checks.host_connectivity.system_vms import DESTROY
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.storage import ImageStore
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_mounts import SSVM_MOUNTS
from exporter.questions.system_vms.storage_ways import SSVM_REACH

OPEN_WAY = "Open the way from the secondary storage VM (its storage NIC, else its private one) to the image store."
START_SERVICE = "Nobody listens on the store: start its service, or correct the port in the store's URL."
FIX_NAME = "Let the name of the store be known to 'Internal DNS' of the zone."
REMEDIES = {Reach.REFUSED: START_SERVICE, Reach.UNRESOLVED: FIX_NAME}

REACHABLE = Metric(
    f"{PREFIX}_secondary_storage_vm_store_reachable",
    "Whether the secondary storage VM has a connection to the image store, or could make one at one of two looks.",
    labels=(*PER_STORE, "place"),
    problem=equals(0),
    subject="secondary_storage_vm",
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield of each store whether it is reached; nothing of one that was not asked about.

    Where the machine itself runs is no part of what is remembered: a store that it does not reach before and after it
    was moved is not reached.
    """
    if not is_judged(target, cloud, answers.now):
        return
    for store in stores(cloud, target.vm.zone_id):
        place = store.place
        word = answers[SSVM_REACH].get(place) if place else None
        if place is None or word is None:
            continue
        if word.is_good or confirmed(answers, cloud, place.word, shown_by=(SSVM_REACH,)):
            yield REACHABLE.sample(
                target.zone,
                target.name,
                store.name,
                f"{place.host}:{place.port}",
                value=int(word.is_good),
                seen=f"{word}{_mounted(store, answers)}",
                expected="a connection",
                remedy=REMEDIES.get(word, OPEN_WAY),
            )


def _mounted(store: ImageStore, answers: Answers) -> str:
    """Return in words whether a store that cannot be reached is mounted, where that is known."""
    mounts = answers.get(SSVM_MOUNTS)
    if mounts is None or not is_mounted(store):
        return ""
    return ", mounted" if mounts_of(store, mounts.mounts) else ", not mounted"


CHECK = Check(
    title="Image stores that secondary storage VMs reach",
    metrics=(REACHABLE,),
    remedies=(OPEN_WAY, START_SERVICE, FIX_NAME, DESTROY),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_REACH,)},
    uses={SecondaryStorageVmTarget: (SSVM_MOUNTS,)},
    reads=("listImageStores", "listSystemVms"),
    judges_cloud=True,
)
