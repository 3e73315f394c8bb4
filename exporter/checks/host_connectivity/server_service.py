"""Management servers whose service does not run.

Symptom: agents lose their management server; for a while CloudStack itself still calls it Up.
Detect:  systemd on the management server, while CloudStack's last word on it is Up.
Fix:     start the service; see in its log why it ended.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.remedies import CHECK_DATABASE_WAY, START_SERVICE
from exporter.checks.host_connectivity.servers import PER_SERVER, is_up
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.management.service import MANAGEMENT_SERVICE

UP = Metric(
    "cloudstack_network_host_connectivity_management_server_service_up",
    "Whether systemd runs cloudstack-management on a management server that CloudStack last called Up.",
    labels=PER_SERVER,
    problem=equals(0),
    subject="management_server",
    follows=("cloudstack_network_host_connectivity_management_server_lost",),
)


def judge(target: ManagementServerTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether the service runs; nothing while it is being started, without its unit, or out of service."""
    service = answers[MANAGEMENT_SERVICE]
    if service.is_active is not None and is_up(cloud, target.server):
        yield UP.sample(
            target.name,
            value=int(service.is_active),
            seen=f"cloudstack-management is {service.state}",
            expected="active",
        )


CHECK = Check(
    title="Service of management servers",
    metrics=(UP,),
    remedies=(START_SERVICE, CHECK_DATABASE_WAY),
    judges={ManagementServerTarget: judge},
    asks={ManagementServerTarget: (MANAGEMENT_SERVICE,)},
)
