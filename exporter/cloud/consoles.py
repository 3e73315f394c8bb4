"""The effective hostname rule of console proxies."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import SystemVm


@dataclass(frozen=True, slots=True)
class ConsoleAddress:
    """Where a browser is sent for the console of a VM.

    ``rule`` is ``address`` (no domain: the public IP itself), ``wildcard`` (a-b-c-d.domain) or ``literal``
    (one name for every proxy: a load balancer, or a single proxy).
    """

    hostname: str
    tls: bool
    rule: str
    domain: str  # the part after ``*.`` for a wildcard, the name for a literal, else empty
    address: str  # the proxy's public address as CloudStack knows it
    static_port: int | None = None


def dashed(address: str) -> str:
    """Return 203-0-113-7 for 203.0.113.7."""
    return address.replace(".", "-")


def console_address(cloud: Cloud, vm: SystemVm) -> ConsoleAddress:
    """Return the effective address of a console proxy.

    Source: ConsoleProxyInfo.formatProxyAddress; settings consoleproxy.url.domain, .sslEnabled,
    .static.publicIp and .static.port. TLS is effective only with a domain.
    """
    domain = (cloud.setting("consoleproxy.url.domain", vm.zone_id) or "").strip()
    tls = bool(domain) and (cloud.setting("consoleproxy.sslEnabled", vm.zone_id) or "").lower() == "true"
    address = (cloud.setting("consoleproxy.static.publicIp", vm.zone_id) or "").strip() or vm.public_address
    port = None
    if address != vm.public_address:
        text = cloud.setting("consoleproxy.static.port", vm.zone_id) or "8443"
        port = int(text) if text.isdecimal() else 8443
    if not domain:
        return ConsoleAddress(address, tls, "address", "", address, port)
    if domain.startswith("*"):
        return ConsoleAddress(
            dashed(address) + domain[1:], tls, "wildcard", domain.lstrip("*").lstrip("."), address, port
        )
    return ConsoleAddress(domain, tls, "literal", domain, address, port)
