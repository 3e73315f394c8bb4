"""Secondary storage VMs that look for internal sites behind their public NIC.

Symptom: templates of a site in a private network cannot be imported, though the setting allows it.
Detect:  inside: the NIC of the route to each network of secstorage.allowed.internal.sites, told by its MAC.
Fix:     correct the setting, then a new secondary storage VM: its routes are made when it starts.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.system_vms import DESTROY, PER_STORAGE_VM
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.system_vms.storage_ways import SSVM_ROUTES

SET_SITES = "See that secstorage.allowed.internal.sites holds the network; destroy the VM: routes come at its start."

ROUTE_OK = Metric(
    f"{PREFIX}_secondary_storage_vm_internal_route_ok",
    "Whether networks of secstorage.allowed.internal.sites are reached by another NIC than the public one.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether internal sites are reached by the private NIC; nothing without any, or without the MAC."""
    routes, public = answers[SSVM_ROUTES], target.vm.macs.get("Public", "").lower()
    if not is_judged(target, cloud, answers.now) or not routes.devices or not public:
        return
    wrong = [
        f"{address} {f'by {device}, the public NIC' if device else 'has no route'}"
        for address, device in sorted(routes.devices.items())
        if not device or routes.macs[device] == public
    ]
    yield ROUTE_OK.sample(
        target.zone,
        target.name,
        value=int(not wrong),
        seen="; ".join(wrong)[:150],
        expected="by the private or the storage NIC",
    )


CHECK = Check(
    title="Routes of secondary storage VMs to internal sites",
    metrics=(ROUTE_OK,),
    remedies=(SET_SITES, DESTROY),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_ROUTES,)},
    reads=("listSystemVms",),
)
