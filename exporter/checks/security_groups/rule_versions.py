"""Machines whose host has older security group rules than CloudStack's database.

Symptom: a rule was taken out of a group and the port is still open, or added and still closed, on one host alone.
Detect:  the number of the rules in the machine's rule log on its host, against op_vm_ruleset_log. The agent is sent
         new rules within two pings, so what the database knew a round ago (ten visits) must be there by now.
Fix:     the agent's report of its rule logs; then stop and start the machine, or migrate it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    guarded_nics,
    held_back,
    is_certain,
    is_watched,
    listed,
)
from exporter.checks.security_groups.sequence import difference
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.database.counts import RULE_SEQUENCES
from exporter.questions.hosts.firewall import FIREWALL, RuleLog
from exporter.thresholds import RULES_BEHIND_SECONDS
from exporter.topology.hosts import names

BEHIND = Metric(
    "cloudstack_network_security_groups_rules_behind",
    "Machines in security groups with older rules on the host than CloudStack's database had a round ago (rule log).",
    labels=HOST,
    problem=above(0),
    follows=("cloudstack_network_security_groups_rule_logs_invalid",),
)
REPORT = (
    "Look for a rule log of another number of fields in /var/run/cloud: it hides the machines after it from CloudStack,"
    " which then does not send them rules; and whether the agent is connected."
)
Sequences = Mapping[str, int]
Members = Mapping[HostTarget | DatabaseTarget, Answers]


def judge(_: ZoneGroup, members: Members, cloud: Cloud) -> Samples:
    """Yield a count per host; nothing while the database was not asked twice."""
    known = next((_sequences(given) for target, given in members.items() if isinstance(target, DatabaseTarget)), None)
    if known is None:
        return
    sequences, since = known
    for target, answers in members.items():
        if not isinstance(target, HostTarget) or not all(one in answers.values for one in (*NEEDED, FIREWALL)):
            continue
        if not is_watched(target, answers, cloud):
            yield from held_back(target, cloud, BEHIND)
            continue
        behind = list(_behind(target, answers, cloud, sequences))  # also while it is too early: the first of two looks
        if answers.values[FIREWALL].asked - since >= RULES_BEHIND_SECONDS:
            yield BEHIND.sample(
                *names(target, cloud),
                value=len(behind),
                seen=listed(behind),
                expected="the rules that CloudStack sent, or newer ones",
            )


def _sequences(answers: Answers) -> tuple[Sequences, float] | None:
    """Return what the database knew at the round before, of what it still knows, and when that was asked."""
    before, now = answers.before(RULE_SEQUENCES), answers.get(RULE_SEQUENCES)
    if before is None or now is None:
        return None
    old, age = before
    # the lower of both: after a database was restored its numbers begin anew
    both = {vm: min(old[vm], now[vm]) for vm in old.keys() & now.keys()}
    return both, answers.values[RULE_SEQUENCES].asked - age


def _behind(target: HostTarget, answers: Answers, cloud: Cloud, sequences: Sequences) -> Iterator[str]:
    """Yield machines with older rules; most logs are as they should be, so those are passed over first."""
    logs = answers[FIREWALL].logs
    late = {vm for vm, log in logs.items() if vm in sequences and _is_older(log, sequences[vm])}
    if not late:
        return
    machines = {nic.machine.name: nic for nic in guarded_nics(target, answers, cloud) if nic.machine.name in late}
    for vm, nic in sorted(machines.items()):
        if difference(logs[vm], nic.domain):
            continue  # what is wrong with the log itself is told by another check
        if is_certain(target, answers, cloud, "sequence", nic.machine.id, str(nic.domain), by=FIREWALL):
            yield f"{vm}: {_words(logs[vm], nic.domain, sequences[vm])}"


def _words(log: RuleLog, domain: int, sequence: int) -> str:
    if sequence == 0:
        return "only the rules of its start, and CloudStack has never made any"
    return f"{difference(log, domain, sequence)}{' (it has only those of its start)' if log.is_initial else ''}"


def _is_older(log: RuleLog, sequence: int) -> bool:
    return log.sequence is not None and log.sequence < sequence


CHECK = Check(
    title="Rules older than CloudStack's",
    metrics=(BEHIND,),
    remedies=(REPORT, remedies.RESTART_AGENT),
    groups=(GroupJudge(ZoneGroup, judge, {HostTarget: (*NEEDED, FIREWALL), DatabaseTarget: (RULE_SEQUENCES,)}),),
    reads=READS,
)
