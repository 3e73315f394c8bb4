"""Console names that lead elsewhere, or that will be missing when a proxy is recreated.

Symptom: consoles fail after a proxy came back with another address.
Detect:  DNS of a-b-c-d.domain must be the proxy's public address; some possible names are looked up beforehand.
Fix:     DNS records for every address of the public range.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

from exporter.checks.console_proxy.browser import page_trouble
from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import FIX_DNS
from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import possible_addresses
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers, Check, Metric, Samples, above, equals
from exporter.questions.system_vms.console import CONSOLE_NAME, CONSOLE_NEXT_NAMES, CONSOLE_PAGE
from exporter.topology.zones import is_zone_judged

DNS_OK = Metric(
    "cloudstack_network_console_proxy_dns_ok",
    "Whether the console proxy's hostname leads to its public address, or to what stands before it (NAT, balancer).",
    labels=PER_PROXY,
    problem=equals(0),
)
NEXT_NAMES_MISSING = Metric(
    "cloudstack_network_console_proxy_dns_next_names_missing",
    "Of some a-b-c-d names that a recreated console proxy may get, those that do not lead to their address.",
    labels=PER_PROXY,
    problem=above(0),
)


def judge(target: ConsoleEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Compare what the names lead to with the addresses they stand for, in a zone that is in use."""
    if not is_zone_judged(cloud, target.vm.zone_id):
        return
    found = answers[CONSOLE_NAME]
    place = target.console
    is_ok = bool(found.addresses) and (
        place.rule == "literal" or set(found.addresses) == {place.address} or _is_in_front(target, answers, cloud)
    )
    yield DNS_OK.sample(
        target.zone,
        target.name,
        value=int(is_ok),
        seen=", ".join(found.addresses[:3]) or found.detail,
        expected=f"{place.hostname} leads to {place.address}",
    )
    if is_ok and set(found.addresses) != {place.address}:
        return  # what stands in front translates addresses; the next names lead there too
    names = answers.get(CONSOLE_NEXT_NAMES)
    if names:
        missing = [name.hostname for name in names if name.addresses != (_meant(name.hostname),)]
        yield NEXT_NAMES_MISSING.sample(
            target.zone,
            target.name,
            value=len(missing),
            seen=f"{len(missing)} of {len(names)} names looked up do not lead to their address",
            expected=f"records for {', '.join(missing[:3])}",
        )


def _is_in_front(target: ConsoleEndpoint, answers: Answers, cloud: Cloud) -> bool:
    """Return whether the name leads outside the zone's public addresses, to something that serves the console."""
    page = answers.get(CONSOLE_PAGE)
    if page is None or page_trouble(page, target):
        return False
    public = {vm.public_address for vm in cloud.system_vms.values()}
    ranges = possible_addresses(cloud, target.vm.zone_id)
    return not any(
        address in public or any(_number(address) in addresses for addresses in ranges)
        for address in answers[CONSOLE_NAME].addresses
    )


def _number(address: str) -> int:
    """Return an IPv4 address as integer, -1 for IPv6."""
    try:
        return int(IPv4Address(address))
    except AddressValueError:
        return -1


def _meant(hostname: str) -> str:
    """Return 203.0.113.7 for 203-0-113-7.console.example.com."""
    return ".".join(hostname.partition(".")[0].split("-")[:4])


CHECK = Check(
    title="DNS of console names",
    metrics=(DNS_OK, NEXT_NAMES_MISSING),
    remedies=(FIX_DNS,),
    judges={ConsoleEndpoint: judge},
    asks={ConsoleEndpoint: (CONSOLE_NAME,)},
    uses={ConsoleEndpoint: (CONSOLE_PAGE, CONSOLE_NEXT_NAMES)},
    reads=("listConfigurations", "listSystemVms"),
)
