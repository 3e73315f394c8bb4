"""Rows of CloudStack's database that were left behind: they harm little by themselves, until there are many.

Symptom: a system VM that is no more sits in Alert; one day no management or control address is left for a new one.
Detect:  addresses of NICs that are gone, agents of system VMs that are gone, work and locks that nobody ends; a row
         counts when two rounds in a row and more have found it, for ten minutes: each tenth visit is one.
Fix:     by the API, or with whoever supports CloudStack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from exporter.checks.hypervisor_links.database_kinds import ASK, LEAKED, LEFTOVERS, counted, found_lasting
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.database.counts import ADDRESS_POOLS
from exporter.questions.database.found import Found
from exporter.thresholds import DATABASE_LEAKED_RATIO

LEFT = Metric(
    "cloudstack_network_hypervisor_links_database_leftovers",
    "Rows of CloudStack's database that were left behind, for ten minutes; one sample per check that could run.",
    labels=("check",),
    problem=above(0),
)
RATIO = Metric(
    "cloudstack_network_hypervisor_links_database_leaked_addresses_ratio",
    "Share of the management or control addresses that NICs which are gone still hold, of the pod that lost most.",
    labels=("check",),
    problem=above(DATABASE_LEAKED_RATIO),
)


def judge(_: DatabaseTarget, answers: Answers, __: Cloud) -> Samples:
    """Yield how many lasting rows each check has found, and which share of their pool leaked addresses are."""
    pools = answers.get(ADDRESS_POOLS) or {}
    for kind, found, seen in counted(LEFTOVERS, answers):
        words = {"seen": seen, "expected": kind.expected, "remedy": kind.remedy}
        yield LEFT.sample(kind.name, value=found, **words)
        if kind in LEAKED and kind.name in pools:
            share, pod = _worst_share(found_lasting(answers, kind) or (), pools[kind.name])
            words["seen"] = f"{share:.0%} of those of pod {pod}; {seen}" if pod else ""
            words["expected"] = f"at most {DATABASE_LEAKED_RATIO:.0%} in each pod"
            yield RATIO.sample(kind.name, value=round(share, 4), **words)


def _worst_share(found: tuple[Found, ...], pods: Mapping[str, int]) -> tuple[float, str]:
    """Return the largest share of leaked addresses of a pod, and its zone/pod; rows are named zone/pod/address."""
    held = Counter(one.name.rpartition("/")[0] for one in found)
    return max(((held[pod] / size, pod) for pod, size in pods.items() if size), default=(0.0, ""))


CHECK = Check(
    title="Leftovers in the database",
    metrics=(LEFT, RATIO),
    remedies=(ASK,),
    judges={DatabaseTarget: judge},
    uses={DatabaseTarget: (*(kind.question for kind in LEFTOVERS), ADDRESS_POOLS)},
)
