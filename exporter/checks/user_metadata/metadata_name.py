"""The name data-server, by which guests find the metadata service.

Symptom: cloud-init on distributions without dhclient finds no data source.
Detect:  the answer of the router's own DNS server on each guest address, and the router's hosts file.
Fix:     start any instance of the network (CloudStack writes the file again); stop and start the router.
"""

from __future__ import annotations

from exporter.checks.user_metadata.remedies import LADDER, router_remedy
from exporter.checks.user_metadata.served import NEEDED, is_certain, metadata_addresses
from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import ServedAddress
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.metadata_name import METADATA_NAME, DataServer, NameAnswer
from exporter.questions.routers.state import ROUTER_IDENTITY

RESOLVES = Metric(
    "cloudstack_network_user_metadata_data_server_resolves",
    "Whether the router's DNS server on a guest address leads data-server to an address that serves metadata.",
    labels=("zone", "router", "address"),
    problem=equals(0),
)
PUSH = "Stop and start one instance of the network: CloudStack writes the router's hosts file again."


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield for each guest address with DNS whether data-server leads to an address that serves."""
    name = answers[METADATA_NAME]
    if cloud.setting("use.external.dns", target.router.zone_id) == "true":
        return  # the router's DNS server is off
    addresses = metadata_addresses(target, answers, cloud)
    for served in addresses:
        answer = name.at(served.address)
        if not served.dns or answer is None or not _is_judged(target, name, cloud, served):
            continue
        labels = (target.zone, target.name, served.address)
        right = _right(served, addresses, cloud)
        if answer.addresses and right.issuperset(answer.addresses):
            yield RESOLVES.sample(*labels, value=1)
        elif is_certain(target, answers, cloud, "name", served.address, by=METADATA_NAME):
            yield RESOLVES.sample(
                *labels,
                value=0,
                seen=answer.seen,
                expected=f"data-server is {' or '.join(sorted(right))}",
                remedy=_remedy(target, answers, answer),
            )


def _is_judged(target: RouterTarget, name: DataServer, cloud: Cloud, served: ServedAddress) -> bool:
    """Return whether this router should know the name at all.

    Routers of VPCs before 4.16 and of shared networks before 4.15 never had it (apache/cloudstack issues
    4865 and 4308): there it is judged only where the hosts file has it for some address.
    """
    may_lack = target.router.vpc_id or cloud.networks[served.network_id].type == "Shared"
    return bool(name.hosts) or not may_lack


def _right(served: ServedAddress, addresses: tuple[ServedAddress, ...], cloud: Cloud) -> frozenset[str]:
    """Return the addresses to which the name may lead.

    The web server of a redundant router serves the shared and its own address alike. A shared network with
    several ranges has one name for all of them.
    """
    if cloud.networks[served.network_id].type == "Shared":
        return frozenset(own for one in addresses for own in (one.address, one.own))
    return frozenset((served.address, served.own))


def _remedy(target: RouterTarget, answers: Answers, answer: NameAnswer) -> str:
    """Return a push where DNS answers but lacks the name; else the router's own ladder."""
    if answer.word in ("NOERROR", "NXDOMAIN") and not answer.addresses:
        return PUSH
    return router_remedy(target.router, answers.now, answers[ROUTER_IDENTITY].uptime)


CHECK = Check(
    title="Name data-server",
    metrics=(RESOLVES,),
    remedies=(PUSH, *LADDER),
    judges={RouterTarget: judge},
    asks={RouterTarget: (*NEEDED, METADATA_NAME)},
    reads=("listNetworks", "listConfigurations"),
)
