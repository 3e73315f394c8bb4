"""Console proxies that a browser cannot reach.

Symptom: the console window stays empty, "refused to connect", "took too long to respond".
Detect:  a browser's way from the exporter: DNS of the effective hostname, TCP, TLS handshake, noVNC page.
Fix:     the phase says which: DNS records, firewall and public VLAN, certificate upload; else destroy the proxy.
"""

from __future__ import annotations

from exporter.checks.console_proxy.browser import Step, steps
from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import (
    CHECK_PUBLIC_PATH,
    DESTROY,
    FIX_DNS,
    READ_LOG,
    UPLOAD_CERTIFICATE,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.system_vms.console import CONSOLE_NAME, CONSOLE_PAGE, CONSOLE_TCP, CONSOLE_TLS
from exporter.topology.system_vms import may_alarm

REMEDY = {"dns": FIX_DNS, "tcp": CHECK_PUBLIC_PATH, "tls": UPLOAD_CERTIFICATE, "http": DESTROY}

REACHABLE = Metric(
    "cloudstack_network_console_proxy_reachable",
    "Whether a browser at the exporter gets the noVNC page of the console proxy: DNS, TCP, TLS handshake and HTTP.",
    labels=PER_PROXY,
    problem=equals(0),
)


def judge(target: ConsoleEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether the whole way works; a new proxy that does not serve yet is not counted."""
    taken = tuple(steps(target, answers))
    failing = next((step for step in taken if step.trouble), None)
    arrived = any(step.phase == "http" for step in taken)
    if failing is None and arrived:
        yield REACHABLE.sample(target.zone, target.name, value=1)
    elif failing is not None and may_alarm(cloud, target.vm, answers.now):
        yield REACHABLE.sample(
            target.zone,
            target.name,
            value=0,
            seen=_told(target, failing, taken),
            expected=f"HTTP 200 from {target.console.hostname}",
            remedy=_remedy(failing),
        )


def _remedy(failing: Step) -> str:
    """Return what the evidence suggests: a port that refuses is not a firewall's doing, nothing listens there."""
    return DESTROY if failing.phase == "tcp" and "refused" in failing.trouble else REMEDY[failing.phase]


def _told(target: ConsoleEndpoint, failing: Step, taken: tuple[Step, ...]) -> str:
    """Return the failing step, and that the proxy itself serves when only its name is wrong."""
    rest = [step for step in taken if step is not failing]
    serves = failing.phase == "dns" and rest and rest[-1].phase == "http" and not rest[-1].trouble
    aside = f"; the proxy serves at {target.console.address}" if serves else ""
    return f"{failing.phase}: {failing.trouble}{aside}"


CHECK = Check(
    title="Console proxy as browsers see it",
    metrics=(REACHABLE,),
    remedies=(CHECK_PUBLIC_PATH, DESTROY, READ_LOG),
    judges={ConsoleEndpoint: judge},
    asks={ConsoleEndpoint: (CONSOLE_NAME, CONSOLE_TCP)},
    uses={ConsoleEndpoint: (CONSOLE_TLS, CONSOLE_PAGE)},
    reads=("listConfigurations",),
)
