"""Management servers that are started again and again.

Symptom: jobs fail now and then, agents change their server, and each look finds everything up.
Detect:  mshost.runid, a new one with each start; systemd's ActiveEnterTimestampMonotonic of cloudstack-management.
Fix:     the end of management-server.log before each start: memory, the database, a plugin that fails.
"""

from __future__ import annotations

import re

from exporter.checks.host_connectivity.servers import PER_SERVER, names
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget, ManagementServerTarget
from exporter.model import Answers, Check, Metric, Samples
from exporter.questions.database.state import DATABASE_SERVERS
from exporter.questions.management.service import MANAGEMENT_SERVICE

RUN_STARTED = Metric(
    "cloudstack_network_host_connectivity_management_server_run_started_timestamp_seconds",
    "Unix time by its own clock at which the management server began its present run, from mshost.runid.",
    labels=PER_SERVER,
)
SERVICE_STARTED = Metric(
    "cloudstack_network_host_connectivity_management_server_service_started_seconds",
    "Seconds after the start of its machine at which systemd saw cloudstack-management become active.",
    labels=PER_SERVER,
)


def judge_rows(_target: DatabaseTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield when each server began its run; Prometheus counts how often that changes."""
    rows = answers[DATABASE_SERVERS]
    shown = names(rows, cloud)
    for row in rows:
        if re.fullmatch(r"[1-9]\d{0,14}", row.run, re.ASCII):
            yield RUN_STARTED.sample(shown[row.id], value=int(row.run) / 1000)


def judge_service(target: ManagementServerTarget, answers: Answers, _cloud: Cloud) -> Samples:
    """Yield when its service became active; between two tries of systemd that is the last one."""
    started = answers[MANAGEMENT_SERVICE].started
    if started is not None:
        yield SERVICE_STARTED.sample(target.name, value=started)


CHECK = Check(
    title="Starts of management servers",
    metrics=(RUN_STARTED, SERVICE_STARTED),
    judges={DatabaseTarget: judge_rows, ManagementServerTarget: judge_service},
    asks={DatabaseTarget: (DATABASE_SERVERS,), ManagementServerTarget: (MANAGEMENT_SERVICE,)},
)
