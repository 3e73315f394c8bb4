"""Secondary storage VMs that do not find the names they need.

Symptom: a template cannot be imported: unknown host; a store with a name in its URL is never mounted.
Detect:  inside, at two looks: the servers in resolv.conf, and lookups of the names of image stores, or of a name of the
         zone's consoles where stores have none. Places that templates come from are anybody's, and decide nothing.
Fix:     'Internal DNS' of the zone, then a new secondary storage VM.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.system_vms import DESTROY, PER_STORAGE_VM
from exporter.checks.host_connectivity.visited_vms import PREFIX, is_judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.system_vms.storage_ways import SSVM_NAMES, Lookup, Names

SET_DNS = (
    "Set 'Internal DNS' of the zone to servers that answer from its management network, then destroy the secondary"
    " storage VM: it takes them at its creation."
)

NOTHING = "no name can be looked up"
RESOLVES = Metric(
    f"{PREFIX}_secondary_storage_vm_resolves",
    "Whether the secondary storage VM finds the names of image stores, or its servers answer for one of its zone.",
    labels=PER_STORAGE_VM,
    problem=equals(0),
)


def judge(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether its name servers answer; nothing after one look at what is wrong, or while no name is found.

    Names of stores decide, and one of the operator's. Anybody may register a template from a domain that does not
    exist, or whose own name servers are dead: such a name only shows that servers answer, when it is found.
    """
    told = answers[SSVM_NAMES]
    if not is_judged(target, cloud, answers.now):
        return
    lost = _lost(told, target)
    certain = [name for name in lost if confirmed(answers, cloud, "lost", name, shown_by=(SSVM_NAMES,))]
    if certain or (not lost and Lookup.KNOWN in told.names.values()):
        words = "; ".join(f"{name}: {told.names[name]}" if name in told.names else name for name in certain[:4])
        yield RESOLVES.sample(
            target.zone,
            target.name,
            value=int(not certain),
            seen=f"servers {', '.join(told.servers) or 'none'}: {words}",
            expected="names of image stores are found",
        )


def _lost(told: Names, target: SecondaryStorageVmTarget) -> list[str]:
    """Return the names that must be known and are not; the operator's own only where no name server answers.

    That may be one that only the outside knows: who answers so is no silent name server.
    """
    if not told.servers:
        return [NOTHING]
    own = {place.host for place in target.stores}
    lost = sorted(name for name in own & told.names.keys() if told.names[name] is not Lookup.KNOWN)
    is_silent = told.names.get(target.looks_up) is Lookup.TIMEOUT and Lookup.KNOWN not in told.names.values()
    return lost or ([target.looks_up] if is_silent else [])


CHECK = Check(
    title="Names that secondary storage VMs look up",
    metrics=(RESOLVES,),
    remedies=(SET_DNS, DESTROY),
    judges={SecondaryStorageVmTarget: judge},
    asks={SecondaryStorageVmTarget: (SSVM_NAMES,)},
    reads=("listImageStores", "listTemplates", "listSystemVms"),
    judges_cloud=True,
)
