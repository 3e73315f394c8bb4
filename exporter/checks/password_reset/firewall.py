"""Router firewalls that keep guests away from the password service.

Symptom: the service answers on the router, yet every guest's request times out.
Detect:  the router's own input chain, iptables or in routed mode nftables; a probe on the router passes by it.
Fix:     any push of firewall rules rebuilds the chain.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import is_settling, serving_now
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.firewall import ROUTER_FIREWALL
from exporter.questions.routers.state import ROUTER_ADDRESSES, ROUTER_IDENTITY, ROUTER_REDUNDANCY

PORT = 8080
PUSH_RULES = "Add any firewall rule or ACL entry to the network and remove it again: the push rebuilds the chain."
RESTART_NETWORK = "Restart the network or VPC without cleanup."
REBOOT_ROUTER = "Reboot the router."

OPEN = Metric(
    "cloudstack_network_password_reset_firewall_open",
    "Whether the router's firewall lets guests reach the password port of this address (1), from its input chain.",
    labels=("zone", "router", "address"),
    problem=equals(0),
    subject="router",
)


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say for each guest address that this router should serve now whether guests get through to the port.

    A closed port must be seen on two visits: the router takes rules out and in while it is configured. An
    address that the router does not have is the daemon check's finding.
    """
    identity = answers.get(ROUTER_IDENTITY)
    settling = is_settling(target.router, answers.now, identity.uptime if identity else None)
    devices = {one.address: one.device for one in answers[ROUTER_ADDRESSES]}
    for served in serving_now(target.router, cloud, serves_shared=answers[ROUTER_REDUNDANCY].is_serving):
        device = devices.get(served.address)
        if not served.password or device is None:
            continue
        labels = (target.zone, target.name, served.address)
        if answers[ROUTER_FIREWALL].admits(device, served.address, "tcp", PORT):
            yield OPEN.sample(*labels, value=1)
        elif not settling and _is_lasting(served.address, answers):
            seen = f"no rule of the input chain accepts tcp {PORT} to {served.address} on {device}"
            yield OPEN.sample(*labels, value=0, seen=seen, expected=f"guests on {device} reach tcp {PORT}")


def _is_lasting(address: str, answers: Answers) -> bool:
    """Return whether the firewall was asked again since the port was first seen closed."""
    return answers.held("closed", address).first_asked < answers.values[ROUTER_FIREWALL].asked


CHECK = Check(
    title="Firewall before the password service",
    metrics=(OPEN,),
    remedies=(PUSH_RULES, RESTART_NETWORK, REBOOT_ROUTER),
    judges={RouterTarget: judge},
    asks={RouterTarget: (ROUTER_FIREWALL, ROUTER_ADDRESSES, ROUTER_REDUNDANCY)},
    uses={RouterTarget: (ROUTER_IDENTITY,)},
    reads=("listRouters", "listNetworks"),
)
