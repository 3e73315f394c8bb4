"""Machines of which the agent cannot tell CloudStack what rules it has applied, or to which none ever came.

Symptom: changed security groups never come to the machine, although CloudStack thinks that all is in step; or nothing
         gets to a machine that was started some minutes ago, and what it sends is not judged.
Detect:  /var/run/cloud/<machine>.log: one line of six fields, with libvirt's number of the present run; with _initial_
         and -1 it has only the rules of its start.
Fix:     stop and start the machine, or migrate it: its log is written anew. None ever came: the management server.
"""

from __future__ import annotations

from exporter.checks.security_groups import remedies
from exporter.checks.security_groups.nics import (
    HOST,
    NEEDED,
    READS,
    VM,
    PluggedNic,
    guarded_nics,
    held_back,
    is_certain,
    is_watched,
    listed,
)
from exporter.checks.security_groups.sequence import difference
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.firewall import FIELDS, FIREWALL
from exporter.thresholds import ROWS_PER_TARGET, RULES_UNSENT_SECONDS
from exporter.topology.hosts import names

INVALID = Metric(
    "cloudstack_network_security_groups_rule_logs_invalid",
    "Machines in security groups whose rule log is missing, empty, malformed or of an earlier run (/var/run/cloud).",
    labels=HOST,
    problem=above(0),
)
ROW = Metric(
    "cloudstack_network_security_groups_rule_log_invalid",
    "A machine whose rule log tells CloudStack nothing, or of an earlier run; vm is its name on the hypervisor.",
    labels=VM,
    problem=above(0),
    subject="host",
    follows=(INVALID.name,),
)
INITIAL = Metric(
    "cloudstack_network_security_groups_rule_logs_initial",
    "Machines in security groups that have only the rules of their start, and none that CloudStack sent (rule log).",
    labels=HOST,
)
UNAPPLIED = Metric(
    "cloudstack_network_security_groups_rules_never_applied",
    "Machines in security groups that have run for five minutes with only the rules of their start, which let nothing"
    " in and judge nothing that is sent (rule log).",
    labels=HOST,
    problem=above(0),
)
SEND = (
    "See that the agent is connected and look for SecurityGroupManagerImpl in management-server.log: CloudStack sends"
    " the rules as a machine starts, and again after each ping that tells of another number. Then stop and start it."
)
REWRITE = (
    "Stop and start the machine, or migrate it away and back: its rule log is written anew and CloudStack sends its"
    " rules again. One log with a wrong number of fields also hides the machines after it."
)


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the counts, and a row for each failing machine up to a limit."""
    if not is_watched(target, answers, cloud):
        yield from held_back(target, cloud, INVALID, UNAPPLIED)
        return
    labels, logs = names(target, cloud), answers[FIREWALL].logs
    nics = (nic for nic in guarded_nics(target, answers, cloud) if not nic.passed_through)  # they may have no log
    machines = {nic.machine.name: nic for nic in nics}
    failing: dict[str, str] = {}
    for vm, nic in sorted(machines.items()):
        wrong = difference(logs.get(vm), nic.domain)
        if wrong and is_certain(target, answers, cloud, "log", nic.machine.id, str(nic.domain), by=FIREWALL):
            failing[vm] = wrong
    initial = {
        vm: nic
        for vm, nic in machines.items()
        if (log := logs.get(vm)) is not None and log.fields == FIELDS and log.is_initial
    }
    expected = "vmName,vmID,vmIP,domID,signature,seqno of this run"
    seen = listed([f"{vm}: {why}" for vm, why in failing.items()], 3)
    yield INITIAL.sample(*labels, value=len(initial))
    yield INVALID.sample(*labels, value=len(failing), seen=seen, expected=expected)
    for vm, why in list(failing.items())[:ROWS_PER_TARGET]:
        yield ROW.sample(*labels, vm, value=1, seen=why, expected=expected)
    lasting = [vm for vm, nic in sorted(initial.items()) if _has_lasted(target, answers, nic)]
    if lasting or not (initial and answers.is_on_demand):  # nobody waits for minutes to hear of a machine just started
        expected = "rules that CloudStack sent"
        yield UNAPPLIED.sample(*labels, value=len(lasting), seen=listed(lasting), expected=expected, remedy=SEND)


def _has_lasted(target: HostTarget, answers: Answers, nic: PluggedNic) -> bool:
    """Return whether a machine has had only the rules of its start for so long that others must have come."""
    held = answers.held_by(FIREWALL, "initial", nic.machine.id, str(nic.domain), target.host.id)
    return held.seconds >= RULES_UNSENT_SECONDS


CHECK = Check(
    title="Rule logs of machines",
    metrics=(INVALID, ROW, INITIAL, UNAPPLIED),
    remedies=(REWRITE, SEND, remedies.READ_LOG),
    judges={HostTarget: judge},
    asks={HostTarget: (*NEEDED, FIREWALL)},
    reads=READS,
)
