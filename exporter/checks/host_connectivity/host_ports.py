"""Ports of hypervisors that the management side does not reach.

Symptom: a host cannot be added, upgraded or commanded; machines cannot be moved to it.
Detect:  connections from the exporter to SSH and libvirt of KVM hosts, SSH and HTTPS of XenServer, HTTPS of VMware, at
         two looks, while CloudStack says Up.
Fix:     the service where the port is refused, firewalls and routes where nothing comes back.
"""

from __future__ import annotations

from exporter.checks.host_connectivity.hypervisors import PER_HOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostEndpoint
from exporter.model import Answers, Check, Metric, Reason, Samples, equals
from exporter.questions.hosts.endpoint import HOST_PORTS
from exporter.topology.hosts import is_judged, names

START = (
    "Nobody listens there: look at the service on the host (sshd; libvirtd or virtproxyd with listen_tls = 1 in"
    " libvirtd.conf; xapi) and start it."
)
OPEN_WAY = (
    "Open the way from the management network to this port: firewall of the host, routers between. Where only hosts may"
    " reach libvirt (16514/tcp) on purpose, open it for the exporter too, or accept this finding."
)

REACHABLE = Metric(
    "cloudstack_network_host_connectivity_host_port_reachable",
    "Whether the exporter connects to this port of the host (ssh, libvirt with or without TLS, https).",
    labels=(*PER_HOST, "port"),
    problem=equals(0),
    subject="host",
    follows=(
        "cloudstack_network_host_connectivity_host_up",
        "cloudstack_network_host_connectivity_host_down",
    ),
)


def judge(target: HostEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Yield of each port whether it takes connections; what CloudStack itself does not call Up is not judged here."""
    host = target.host
    if host.state != "Up" or not is_judged(target, cloud, answers.now):
        return
    for port, connection in answers[HOST_PORTS].items():
        if connection.is_ok or confirmed(answers, cloud, host.id, port, shown_by=(HOST_PORTS,)):
            yield REACHABLE.sample(
                *names(target, cloud),
                port,
                value=int(connection.is_ok),
                seen=connection.detail,
                expected=f"a connection to {port} of {host.address}",
                remedy=START if connection.reason is Reason.REFUSED else OPEN_WAY,
            )


CHECK = Check(
    title="Ports of hypervisors",
    metrics=(REACHABLE,),
    remedies=(START, OPEN_WAY),
    judges={HostEndpoint: judge},
    asks={HostEndpoint: (HOST_PORTS,)},
    judges_cloud=True,
)
