"""Secondary storage VMs whose name servers do not answer.

Symptom: a template cannot be imported: unknown host; a store with a name in its URL is never mounted.
Detect:  inside: the servers in resolv.conf, and lookups of the names of image stores and of places templates come from.
Fix:     'Internal DNS' of the zone, then a new secondary storage VM.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.system_vms import DESTROY, PER_STORAGE_VM
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.system_vms.storage_ways import SSVM_NAMES, Lookup

SET_DNS = (
    "Set 'Internal DNS' of the zone to servers that answer from its management network, then destroy the secondary"
    " storage VM: it takes them at its creation."
)

RESOLVES = Metric(
    f"{PREFIX}_secondary_storage_vm_resolves",
    "Whether the name servers of the secondary storage VM answer; a name that nobody knows is not their fault.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether its name servers answer: not when a store is unknown, every name is, or no lookup had an answer.

    The name of a tenant's download may be in a domain whose own name servers are dead.
    """
    told = answers[SSVM_NAMES]
    if not is_judged(target, cloud, answers.now) or (told.servers and not told.names):
        return  # where no name is needed nobody knows
    own = {place.host for place in target.stores}
    lost = sorted(name for name, word in told.names.items() if word is not Lookup.KNOWN)
    words = set(told.names.values())
    is_silent = Lookup.TIMEOUT in words and Lookup.KNOWN not in words
    is_empty = len(lost) > 1 and len(lost) == len(told.names)
    yield RESOLVES.sample(
        target.zone,
        target.name,
        value=int(bool(told.servers) and not (is_silent or is_empty or own.intersection(lost))),
        seen=f"servers {', '.join(told.servers) or 'none'}: no answer for {', '.join(lost)[:100] or 'anything'}",
        expected="names of image stores and sites are found",
    )


CHECK = Check(
    title="Names that secondary storage VMs look up",
    metrics=(RESOLVES,),
    remedies=(SET_DNS, DESTROY),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_NAMES,)},
    reads=("listImageStores", "listTemplates"),
)
