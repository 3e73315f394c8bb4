"""Rows of CloudStack's database that contradict each other, as edits by hand leave them.

Symptom: two tenants on one VLAN, networks that do not start, addresses given twice; months after somebody helped out
         with an UPDATE.
Detect:  statements that select what a healthy database does not have, each with grace periods for running operations;
         a row counts when two rounds in a row and more have found it, for ten minutes: each tenth visit is one; hosts
         of dead management servers each fifth, for five minutes.
Fix:     by the API, or with whoever supports CloudStack; not by another edit.
"""

from __future__ import annotations

from exporter.checks.hypervisor_links.database_kinds import ASK, INCONSISTENCIES, counted
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.model import Answers, Check, Metric, Samples, above

FOUND = Metric(
    "cloudstack_network_hypervisor_links_database_inconsistencies",
    "Rows of CloudStack's database that contradict others, for ten minutes; one sample per check that could run.",
    labels=("check",),
    problem=above(0),
)


def judge(_: DatabaseTarget, answers: Answers, __: Cloud) -> Samples:
    """Yield how many lasting rows each check has found; nothing for a check that could not run."""
    for kind, found, seen in counted(INCONSISTENCIES, answers):
        yield FOUND.sample(kind.name, value=found, seen=seen, expected=kind.expected, remedy=kind.remedy)


CHECK = Check(
    title="Database",
    metrics=(FOUND,),
    remedies=(ASK,),
    judges={DatabaseTarget: judge},
    uses={DatabaseTarget: tuple(kind.question for kind in INCONSISTENCIES)},
)
