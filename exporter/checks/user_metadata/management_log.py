"""What management-server.log complains of, counted by what it means.

Symptom: deployments, rules, passwords or templates fail, and the interface says no more than "failed".
Detect:  warnings and errors of the log, told apart by a table of signatures, each with the issue of the talk it speaks
         of and how many are tolerated; those of hosts out of service on purpose are none. Errors that no signature fits
         are counted by the class that writes them. No text of a line is shown.
Fix:     read the log around such a message: its log id joins all lines of one request.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answers, Check, Kind, Metric, Samples, above
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LEVELS, LogTold
from exporter.questions.management.log_signatures import SIGNATURES

MESSAGES = Metric(
    "cloudstack_network_user_metadata_management_log_messages_total",
    "Messages of one kind in management-server.log since the exporter follows it, with the issue they speak of.",
    labels=("management_server", "issue", "signature"),
    kind=Kind.COUNTER,
)
LEVEL_MESSAGES = Metric(
    "cloudstack_network_user_metadata_management_log_levels_total",
    "Warnings and errors in management-server.log, but those of ports being dialled, since the exporter follows it.",
    labels=("management_server", "level"),
    kind=Kind.COUNTER,
)
UNKNOWN = Metric(
    "cloudstack_network_user_metadata_management_log_unknown_total",
    "Errors in management-server.log that no signature fits, by the class that writes them.",
    labels=("management_server", "logger"),
    kind=Kind.COUNTER,
)
COMPLAINTS = Metric(
    "cloudstack_network_user_metadata_management_log_complaints",
    "Messages of one kind in management-server.log within a quarter of an hour beyond those that are tolerated of it;"
    " kinds that healthy clouds write are not among them.",
    labels=("management_server", "issue", "signature"),
    problem=above(0),
    subject="management_server",
)
READ = "Read management-server.log around the newest such message; its (logid:...) joins all lines of one request."
FINDINGS = "Look at the findings of the issue that the message speaks of: they name the object."


def judge(target: ManagementServerTarget, answers: Answers, _: Cloud) -> Samples:
    """Yield what the log has told; zero is said of every signature and level."""
    told: LogTold = answers[MANAGEMENT_LOG]
    server = target.name
    for row in SIGNATURES:
        labels = (server, row.issue.value, row.name)
        total = told.by_signature.get(row.name, 0)
        yield MESSAGES.sample(*labels, value=total)
        if not row.is_noise:
            lately = told.lately.get(row.name, 0)
            yield COMPLAINTS.sample(
                *labels,
                value=max(lately - row.tolerated, 0),
                seen=f"{row.name.replace('_', ' ')}: {lately} times in 15 minutes, {total} since it is followed"
                f" (written by {row.where})",
                expected=f"at most {row.tolerated} in 15 minutes",
            )
    for level in LEVELS:
        yield LEVEL_MESSAGES.sample(server, level, value=told.by_level.get(level, 0))
    for logger, number in told.unknown.items():
        yield UNKNOWN.sample(server, logger, value=number)


CHECK = Check(
    title="Complaints of the management server",
    metrics=(MESSAGES, LEVEL_MESSAGES, UNKNOWN, COMPLAINTS),
    remedies=(READ, FINDINGS),
    judges={ManagementServerTarget: judge},
    asks={ManagementServerTarget: (MANAGEMENT_LOG,)},
)
