"""Console settings that browsers refuse: TLS asked for without a domain, a plain console inside an https UI.

Symptom: the console opens as an empty frame, with "mixed content" in the browser's log.
Detect:  listConfigurations: consoleproxy.sslEnabled, consoleproxy.url.domain, endpoint.url.
Fix:     domain, certificate and consoleproxy.sslEnabled together, then destroy the console proxies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from exporter.checks.console_proxy.remedies import DESTROY, UPLOAD_CERTIFICATE
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.topology.system_vms import is_local

SET_DOMAIN = (
    "Set consoleproxy.url.domain (*.console.example.com): without it CloudStack ignores consoleproxy.sslEnabled."
)
ENABLE_TLS = "Set consoleproxy.sslEnabled=true and consoleproxy.url.domain, and upload a certificate for that domain."

TLS_ENABLED = Metric(
    "cloudstack_network_console_proxy_tls_enabled",
    "Whether consoles of the zone are served with TLS: consoleproxy.sslEnabled and a domain.",
    labels=("zone",),
)
TLS_WITHOUT_DOMAIN = Metric(
    "cloudstack_network_console_proxy_tls_without_domain",
    "Whether consoleproxy.sslEnabled is true with an empty consoleproxy.url.domain, so that TLS is silently off.",
    labels=("zone",),
    problem=above(0),
)
MIXED_CONTENT = Metric(
    "cloudstack_network_console_proxy_mixed_content",
    "Whether the UI is served with TLS (setting endpoint.url) and consoles are not, which browsers block.",
    labels=("zone",),
    problem=above(0),
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say whether TLS is on, asked for in vain, or missing under an https UI."""
    enabled = cloud.setting("consoleproxy.sslEnabled", group.id)
    domain = cloud.setting("consoleproxy.url.domain", group.id)
    if enabled is None or domain is None:
        return
    wanted, named = enabled.strip().lower() == "true", bool(domain.strip())
    yield TLS_ENABLED.sample(group.zone, value=int(wanted and named))
    yield TLS_WITHOUT_DOMAIN.sample(
        group.zone,
        value=int(wanted and not named),
        seen="consoleproxy.sslEnabled=true, consoleproxy.url.domain empty",
        expected="a domain",
        remedy=SET_DOMAIN,
    )
    scheme = _ui_scheme(cloud.setting("endpoint.url", group.id) or "")
    if scheme:
        yield MIXED_CONTENT.sample(
            group.zone,
            value=int(scheme == "https" and not (wanted and named)),
            seen="UI with https, consoles with http",
            expected="both with https",
            remedy=ENABLE_TLS,
        )


def _ui_scheme(url: str) -> str:
    """Return http or https; empty when the setting was never set (its default is localhost) or is no URL."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return "" if parts.scheme not in ("http", "https") or is_local(parts.hostname or "") else parts.scheme


CHECK = Check(
    title="TLS settings of consoles",
    metrics=(TLS_ENABLED, TLS_WITHOUT_DOMAIN, MIXED_CONTENT),
    remedies=(ENABLE_TLS, UPLOAD_CERTIFICATE, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listConfigurations",),
)
