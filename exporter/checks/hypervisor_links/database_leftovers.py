"""Rows of CloudStack's database that were left behind: they harm little by themselves, until there are many.

Symptom: a system VM that is no more sits in Alert; one day no management or control address is left for a new one.
Detect:  addresses of NICs that are gone, agents of system VMs that are gone, work and locks that nobody ends; a row
         counts when two rounds in a row and more have found it, for ten minutes: each tenth visit is one.
Fix:     by the API, or with whoever supports CloudStack.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.database_kinds import ASK, LEAKED, LEFTOVERS, counted
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.database.counts import ADDRESS_POOLS
from exporter.thresholds import DATABASE_LEAKED_RATIO

LEFT = Metric(
    "cloudstack_network_hypervisor_links_database_leftovers",
    "Rows of CloudStack's database that were left behind, for ten minutes; one sample per check that could run.",
    labels=("check",),
    problem=above(0),
)
RATIO = Metric(
    "cloudstack_network_hypervisor_links_database_leaked_addresses_ratio",
    "Share of all management or control addresses in the database that NICs which are gone still hold.",
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
            share = found / pools[kind.name] if pools[kind.name] else 0.0
            words["seen"] = f"{share:.0%} of {pools[kind.name]}, {seen}"
            words["expected"] = f"at most {DATABASE_LEAKED_RATIO:.0%}"
            yield RATIO.sample(kind.name, value=round(share, 4), **words)


CHECK = Check(
    title="Leftovers in the database",
    metrics=(LEFT, RATIO),
    remedies=(ASK,),
    judges={DatabaseTarget: judge},
    uses={DatabaseTarget: (*(kind.question for kind in LEFTOVERS), ADDRESS_POOLS)},
)
