"""Certificates of agents that are about to expire.

Symptom: one day the agent is lost and machines can no longer be moved to or from the host, and nobody changed anything.
Detect:  a TLS handshake with libvirt, which shows the certificate that CloudStack's CA issued to the agent. CloudStack
         renews it fifteen days ahead, or as the setting says; one that has five days less left was not renewed, or
         libvirt still shows the old one.
Fix:     provisionCertificate for the host, then see that libvirt shows the new one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostEndpoint
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE
from exporter.thresholds import AGENT_CERTIFICATE_ATTEMPTS
from exporter.topology.hosts import is_judged, names

PERIOD = "ca.framework.cert.expiry.alert.period"
AUTOMATIC = "ca.framework.cert.automatic.renewal"
SHIPPED = 15
"""Days ahead at which CloudStack renews where nobody has changed it."""
DAY = 86400
RENEW = (
    "Renew it in the UI (host, 'Provision host security keys') or by provisionCertificate; the agent connects anew. See"
    " that ca.framework.cert.automatic.renewal is true, and read management-server.log for CA errors."
)
RELOAD = (
    "If /etc/cloudstack/agent/cloud.crt on the host is newer than what libvirt shows: restart libvirtd; machines go on"
    " running."
)

NOT_AFTER = Metric(
    "cloudstack_network_host_connectivity_agent_certificate_not_after_timestamp_seconds",
    "Unix time at which the certificate that agent and libvirt of the host share expires, by a TLS handshake.",
    labels=PER_HOST,
)
OVERDUE = Metric(
    "cloudstack_network_host_connectivity_agent_certificate_overdue",
    "Whether the certificate of agent and libvirt should have been renewed for days, by the setting for that.",
    labels=PER_HOST,
    problem=above(0),
)
SECURED = Metric(
    "cloudstack_network_host_connectivity_host_secured",
    "Whether libvirt of the host serves TLS, so that machines move encrypted; hosts of a cluster should agree.",
    labels=PER_HOST,
)


def judge(target: HostEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Yield when the certificate ends; hosts without TLS have none. Who signed it is CloudStack's own affair."""
    if target.host.hypervisor != "KVM" or not is_judged(target, cloud, answers.now):
        return
    labels, certificate = names(target, cloud), answers[HOST_CERTIFICATE]
    yield SECURED.sample(*labels, value=int(certificate is not None))
    if certificate is not None:
        ends = datetime.fromtimestamp(certificate.not_after, UTC).strftime("%Y-%m-%d")
        is_over = certificate.not_after <= answers.now
        least = _least_days(cloud)
        words = f"expired on {ends}" if is_over else f"valid until {ends}, issued by {certificate.issuer or 'nobody'}"
        yield NOT_AFTER.sample(*labels, value=int(certificate.not_after))
        yield OVERDUE.sample(
            *labels,
            value=int(certificate.not_after - answers.now < least * DAY),
            seen=words if cloud.setting(AUTOMATIC) != "false" else f"{words}; {AUTOMATIC} is false",
            expected=f"at least {least} more days",
        )


def _least_days(cloud: Cloud) -> int:
    """Return how many days a certificate has left at least where renewal works; it is tried each hour."""
    told = cloud.setting(PERIOD) or ""
    ahead = int(told) if re.fullmatch(r"\d{1,5}", told, re.ASCII) else SHIPPED
    return max(ahead - AGENT_CERTIFICATE_ATTEMPTS, 1)


CHECK = Check(
    title="Certificates of agents",
    metrics=(OVERDUE, NOT_AFTER, SECURED),
    remedies=(RENEW, RELOAD),
    judges={HostEndpoint: judge},
    asks={HostEndpoint: (HOST_CERTIFICATE,)},
)
