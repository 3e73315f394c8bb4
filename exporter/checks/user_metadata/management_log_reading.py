"""Whether management-server.log is written, and whether all of it is read.

Symptom: a management server that CloudStack calls Up does nothing any more.
Detect:  time since the log was last written, by the server's own clock. A log that is set to tell warnings only may be
         silent for days, and is not judged.
Fix:     look whether its disk is full; take a thread dump, then restart cloudstack-management.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answers, Check, Kind, Metric, Samples, above
from exporter.questions.management.log import MANAGEMENT_LOG
from exporter.questions.management.log_lines import LogTold
from exporter.thresholds import LOG_SILENT_SECONDS

SILENT = Metric(
    "cloudstack_network_user_metadata_management_log_silent_seconds",
    "Seconds since a management server that is Up has last written its log, by its own clock.",
    labels=("management_server",),
    problem=above(LOG_SILENT_SECONDS),
    follows=("cloudstack_network_host_connectivity_management_server_service_up",),
)
BEHIND = Metric(
    "cloudstack_network_user_metadata_management_log_behind_bytes",
    "Bytes of management-server.log, at least, that the exporter has still to read.",
    labels=("management_server",),
)
LOSSES = Metric(
    "cloudstack_network_user_metadata_management_log_losses_total",
    "How often a part of management-server.log was gone, damaged or too far behind before it was read.",
    labels=("management_server",),
    kind=Kind.COUNTER,
)
DISK = "Look whether the disk of /var/log is full, and whether the log is written under another name."
HUNG = "Take a thread dump (kill -QUIT), then restart cloudstack-management."


def judge(target: ManagementServerTarget, answers: Answers, _: Cloud) -> Samples:
    """Yield how the log is read, and of servers that should work for how long it is silent."""
    told: LogTold = answers[MANAGEMENT_LOG]
    server = target.name
    yield BEHIND.sample(server, value=told.behind)
    yield LOSSES.sample(server, value=told.losses)
    if told.silent is not None and target.server.state == "Up":
        yield SILENT.sample(
            server,
            value=told.silent,
            seen=f"CloudStack says {target.server.state}, nothing was written for {told.silent // 60} minutes",
            expected="several lines a minute",
        )


CHECK = Check(
    title="Log of the management server",
    metrics=(SILENT, BEHIND, LOSSES),
    remedies=(DISK, HUNG),
    judges={ManagementServerTarget: judge},
    asks={ManagementServerTarget: (MANAGEMENT_LOG,)},
    judges_cloud=True,
)
