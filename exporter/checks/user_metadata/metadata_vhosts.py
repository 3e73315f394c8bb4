"""The web server's virtual host for each guest address.

Symptom: connection refused on port 80 of one tier, or of all.
Detect:  Listen and <VirtualHost> lines of the web server; ports 8180 and 8443 mean the template was not filled in.
Fix:     stop and start the router; recreate it where that was tried.
"""

from __future__ import annotations

from exporter.checks.user_metadata.remedies import LADDER, router_remedy
from exporter.checks.user_metadata.served import NEEDED, is_certain, metadata_addresses
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.metadata import METADATA_VHOSTS, VirtualHosts
from exporter.questions.routers.state import ROUTER_IDENTITY

CONFIGURED = Metric(
    "cloudstack_network_user_metadata_vhost_up",
    "Whether the router's web server has a socket and a virtual host configured for a guest address.",
    labels=("zone", "router", "address"),
    problem=equals(0),
)


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield for each guest address that should serve whether it is configured."""
    hosts = answers[METADATA_VHOSTS]
    remedy = router_remedy(target.router, answers.now, answers[ROUTER_IDENTITY].uptime)
    for served in metadata_addresses(target, answers, cloud):
        labels = (target.zone, target.name, served.address)
        if hosts.is_served(served.address):
            yield CONFIGURED.sample(*labels, value=1)
        elif is_certain(target, answers, cloud, "vhost", served.address, by=METADATA_VHOSTS):
            yield CONFIGURED.sample(
                *labels,
                value=0,
                seen=_seen(hosts, served.address),
                expected=f"Listen and <VirtualHost> for {served.address}",
                remedy=remedy,
            )


def _seen(hosts: VirtualHosts, address: str) -> str:
    if hosts.placeholders:
        return f"{hosts.placeholders} lines with the template's ports 8180 and 8443"
    return f"no Listen or no <VirtualHost> for {address}"


CHECK = Check(
    title="Metadata virtual hosts",
    metrics=(CONFIGURED,),
    remedies=LADDER,
    judges={RouterTarget: judge},
    asks={RouterTarget: (*NEEDED, METADATA_VHOSTS)},
    reads=("listNetworks",),
)
