"""Settings that still name realhostip.com, the service that was switched off in 2014.

Symptom: consoles and template downloads lead to a name that nobody answers for; its key is public.
Detect:  listConfigurations: consoleproxy.url.domain or secstorage.ssl.cert.domain contains realhostip.
Fix:     a domain and a wildcard certificate of your own, then destroy console proxies and secondary storage VMs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.console_proxy.remedies import DESTROY, FIX_DNS, UPLOAD_CERTIFICATE
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above

SETTINGS = ("consoleproxy.url.domain", "secstorage.ssl.cert.domain")
OWN_DOMAIN = (
    "Set a domain of your own (*.console.example.com) in the setting, with DNS and a wildcard certificate for it."
)

REALHOSTIP = Metric(
    "cloudstack_network_console_proxy_realhostip",
    "Whether the setting still names realhostip.com, which was switched off and whose key is public.",
    labels=("zone", "setting"),
    problem=above(0),
    subject="zone",
)


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Say of each domain setting whether it names realhostip."""
    for name in SETTINGS:
        domain = cloud.setting(name, group.id)
        if domain is not None:
            found = int("realhostip" in domain.lower())
            yield REALHOSTIP.sample(group.zone, name, value=found, seen=domain[:100], expected="a domain of your own")


CHECK = Check(
    title="realhostip.com in settings",
    metrics=(REALHOSTIP,),
    remedies=(OWN_DOMAIN, FIX_DNS, UPLOAD_CERTIFICATE, DESTROY),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listConfigurations",),
)
