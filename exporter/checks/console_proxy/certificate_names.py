"""Certificates that do not name every console proxy that is, or that may come.

Symptom: consoles work until a proxy is recreated with another address, or only through one of several proxies.
Detect:  the certificate's alternative names against the hostname of every running proxy of the zone, and
         against all a-b-c-d names of its public addresses. A wildcard stands for exactly one label.
Fix:     a wildcard certificate *.domain, or one that lists every possible name.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address

from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import USE_WILDCARD
from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import console_address, dashed, possible_addresses
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.certificates import Certificate
from exporter.questions.system_vms.console import CONSOLE_CERTIFICATE
from exporter.topology.zones import is_zone_judged

EXAMPLES = 3

NAME_OK = Metric(
    "cloudstack_network_console_proxy_certificate_name_ok",
    "Whether the console proxy's certificate names the hostname that browsers are sent to.",
    labels=PER_PROXY,
)
UNCOVERED_PROXIES = Metric(
    "cloudstack_network_console_proxy_certificate_uncovered_proxies",
    "Other running console proxies of the zone whose hostname the certificate of this one does not name.",
    labels=PER_PROXY,
    problem=above(0),
)
UNCOVERED_NAMES = Metric(
    "cloudstack_network_console_proxy_certificate_uncovered_names",
    "Possible a-b-c-d names of the zone's public addresses (listVlanIpRanges) that the certificate does not name.",
    labels=PER_PROXY,
    problem=above(0),
)


def judge(target: ConsoleEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Compare the certificate's names with those of all proxies, and of all that may come, in a zone that is in use."""
    if not is_zone_judged(cloud, target.vm.zone_id):
        return
    for certificate in answers[CONSOLE_CERTIFICATE]:
        named = ", ".join(sorted(certificate.names)[:EXAMPLES]) or "nothing"
        hostname = target.console.hostname
        yield NAME_OK.sample(target.zone, target.name, value=int(certificate.covers(hostname)))
        others = _hostnames(cloud, target.vm.zone_id) - {hostname}
        missing = sorted(name for name in others if not certificate.covers(name))
        yield UNCOVERED_PROXIES.sample(
            target.zone,
            target.name,
            value=len(missing),
            seen=f"certificate for {named}",
            expected=", ".join(missing[:EXAMPLES]),
        )
        yield from _possible(target, certificate, cloud, named)


def _hostnames(cloud: Cloud, zone_id: str) -> set[str]:
    """Return the hostnames of the zone's running proxies that are served with TLS."""
    places = (console_address(cloud, vm) for vm in cloud.console_proxies(zone_id) if vm.is_running)
    return {place.hostname for place in places if place.tls}


def _possible(target: ConsoleEndpoint, certificate: Certificate, cloud: Cloud, named: str) -> Samples:
    """Say how many possible names are missing; nothing unless the domain is a wildcard and ranges are known."""
    ranges = possible_addresses(cloud, target.vm.zone_id)
    if target.console.rule != "wildcard" or not ranges:
        return
    suffix = target.console.hostname.removeprefix(dashed(target.console.address)).lower()
    covered = _covered(certificate, suffix, ranges)
    missing = 0 if covered is None else sum(map(len, ranges)) - len(covered)
    examples = "" if covered is None else ", ".join(_examples(ranges, covered, suffix))
    yield UNCOVERED_NAMES.sample(
        target.zone, target.name, value=missing, seen=f"certificate for {named}", expected=f"also {examples}"
    )


def _covered(certificate: Certificate, suffix: str, ranges: tuple[range, ...]) -> set[int] | None:
    """Return the possible addresses whose names are listed one by one; None when a wildcard names them all.

    The work follows the length of the certificate, not the size of the ranges.
    """
    if suffix.startswith(".") and f"*{suffix}" in certificate.names:
        return None
    listed = (_address(name.removesuffix(suffix)) for name in certificate.names if name.endswith(suffix))
    return {found for found in listed if found is not None and any(found in addresses for addresses in ranges)}


def _address(label: str) -> int | None:
    """Return the address of 203-0-113-7, None when it is no such name."""
    try:
        address = IPv4Address(label.replace("-", "."))
    except AddressValueError:
        return None
    return int(address) if label == dashed(str(address)) else None


def _examples(ranges: tuple[range, ...], covered: set[int], suffix: str) -> Iterator[str]:
    """Yield the first few names that are missing."""
    found = 0
    for addresses in ranges:
        for address in addresses:
            if found == EXAMPLES:
                return
            if address not in covered:
                found += 1
                yield dashed(str(IPv4Address(address))) + suffix


CHECK = Check(
    title="Names in the console certificate",
    metrics=(NAME_OK, UNCOVERED_PROXIES, UNCOVERED_NAMES),
    remedies=(USE_WILDCARD,),
    judges={ConsoleEndpoint: judge},
    asks={ConsoleEndpoint: (CONSOLE_CERTIFICATE,)},
    reads=("listConfigurations", "listSystemVms"),
    judges_cloud=True,
)
