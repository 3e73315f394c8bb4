"""Which system VM template each console proxy was made from.

Symptom: after an upgrade old proxies keep running with an old template.
Detect:  /etc/cloudstack-release inside the proxy.
Fix:     destroy proxies of an old release once the new template is in place.
"""

from __future__ import annotations

from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Answers, Check, Metric, Samples
from exporter.questions.system_vms.console_proxy import PROXY_RELEASE

RELEASE = Metric(
    "cloudstack_network_console_proxy_release_info",
    "Release of the console proxy's template, from /etc/cloudstack-release inside it.",
    labels=(*PER_PROXY, "release"),
    subject="console_proxy",
)


def judge(target: ConsoleProxyTarget, answers: Answers, _cloud: Cloud) -> Samples:
    """Say which release the proxy runs."""
    yield RELEASE.sample(target.zone, target.name, answers[PROXY_RELEASE], value=1)


CHECK = Check(
    title="Release of the console proxy",
    metrics=(RELEASE,),
    judges={ConsoleProxyTarget: judge},
    asks={ConsoleProxyTarget: (PROXY_RELEASE,)},
)
