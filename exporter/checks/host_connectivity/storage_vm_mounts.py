"""Image stores whose server leaves a secondary storage VM waiting.

Symptom: downloads stand still, snapshots never end, and whoever looks into the mount hangs with it.
Detect:  /proc/self/mountstats at two visits: requests go out, or threads wait, no answer comes. No mount is touched.
Fix:     the server of files and the way to it; destroy the VM only when they are well and it still hangs.

CloudStack mounts a store when it first needs it: a store without a mount is a finding only while a template is being
downloaded into it. One that cannot even be reached is told by another check.
"""

from __future__ import annotations

from collections.abc import Iterable

from exporter.checks.host_connectivity.image_stores import PER_STORE, is_mounted, mounts_of, own_name, stores
from exporter.checks.host_connectivity.system_vms import DESTROY, PER_STORAGE_VM, storage_vms
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.storage import ImageStore
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.system_vms.storage_mounts import SSVM_MOUNTS, Mount

CHECK_SERVER = "Look at the server of the image store and the way to it: 2049/tcp, 'showmount -e', its load and disks."
READ_LOG = "Read in /var/log/cloud.log inside what the mount command answered; see the export's list of clients."

MOUNTS = Metric(
    f"{PREFIX}_secondary_storage_vm_mounts",
    "Image stores that the secondary storage VM has mounted; none where all of them are object stores.",
    labels=PER_STORAGE_VM,
)
HANGS = Metric(
    f"{PREFIX}_secondary_storage_vm_mount_hangs",
    "Whether the server of a mounted image store has answered nothing between two visits while something waits for it.",
    labels=PER_STORE,
    problem=above(0),
    subject="secondary_storage_vm",
    follows=(f"{PREFIX}_secondary_storage_vm_store_reachable",),
)
MISSING = Metric(
    f"{PREFIX}_secondary_storage_vm_mount_missing",
    "Whether the image store is not mounted though a template is being downloaded into it; mounts come when needed.",
    labels=PER_STORE,
    problem=above(0),
    subject="secondary_storage_vm",
    follows=(f"{PREFIX}_secondary_storage_vm_store_reachable",),
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many stores are mounted, and for each whether it hangs, or is missing while it is needed."""
    if not is_judged(target, cloud, answers.now):
        return
    mounts = answers[SSVM_MOUNTS].mounts
    yield MOUNTS.sample(target.zone, target.name, value=len(mounts))
    for store in filter(is_mounted, stores(cloud, target.vm.zone_id)):
        labels = (target.zone, target.name, store.name)
        found = mounts_of(store, mounts)
        if not found:
            needed = _is_needed(store, target, mounts, cloud)
            yield MISSING.sample(
                *labels,
                value=int(needed),
                seen="not mounted, and a template is being downloaded into it",
                expected="mounted below /mnt/SecStorage",
                remedy=READ_LOG,
            )
            continue
        yield MISSING.sample(*labels, value=0)
        if len({mount.source for mount in found}) == 1:  # else it may be any of them
            yield from _hanging(labels, found[0], answers)


def _is_needed(store: ImageStore, target: SecondaryStorageVmTarget, mounts: Iterable[Mount], cloud: Cloud) -> bool:
    """Return whether a template is being downloaded into a store by this VM.

    Where there are two VMs either may do it, and of two stores of one name, of which one is mounted, it may be that.
    """
    name = own_name(cloud, store)
    others = [vm for vm in storage_vms(cloud, target.vm.zone_id) if vm.id != target.vm.id]
    twins = [one for one in stores(cloud, target.vm.zone_id) if own_name(cloud, one) == name]
    if others or any(mounts_of(one, mounts) for one in twins):
        return False
    return any(
        copy.store == name and copy.state == "DOWNLOAD_IN_PROGRESS"
        for template in cloud.templates.values()
        if template.zone_id == target.vm.zone_id
        for copy in template.downloads
    )


def _hanging(labels: tuple[str, ...], mount: Mount, answers: Answers) -> Samples:
    """Say whether a mount hangs: nothing of one that is new since the visit before, or that does not count."""
    before = answers.before(SSVM_MOUNTS)
    old = next((one for one in before[0].mounts if one.place == mount.place), None) if before else None
    if before is None or old is None or old.age > mount.age or old.source != mount.source or mount.received < 0:
        return
    waiting = answers[SSVM_MOUNTS].waiting
    owed = mount.sent > old.sent or (waiting > 0 and mount.sent > mount.received)
    yield HANGS.sample(
        *labels,
        value=int(mount.received == old.received and owed),
        seen=f"{mount.source}: no answer in {before[1]:.0f} s, {waiting} threads wait",
        expected="each request is answered",
        remedy=CHECK_SERVER,
    )


CHECK = Check(
    title="Mounts of secondary storage VMs",
    metrics=(MOUNTS, HANGS, MISSING),
    remedies=(CHECK_SERVER, READ_LOG, DESTROY),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_MOUNTS,)},
    reads=("listImageStores", "listSystemVms"),
    judges_cloud=True,
)
