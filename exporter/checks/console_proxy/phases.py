"""The single steps of a browser's way to a console proxy: evidence for reachability.

Symptom: as for reachability; this says at which step the way ends.
Detect:  each step by itself; when the name leads nowhere, the public address is dialled to see the rest.
Fix:     see reachability.
"""

from __future__ import annotations

from exporter.checks.console_proxy.browser import steps
from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers, Check, Metric, Samples
from exporter.questions.system_vms.console import CONSOLE_NAME, CONSOLE_PAGE, CONSOLE_TCP, CONSOLE_TLS, CONSOLE_VNC

PHASE_OK = Metric(
    "cloudstack_network_console_proxy_phase_ok",
    "Whether a step of a browser's way to the console proxy works: dns, tcp, tls, http or vnc; absent when not tried.",
    labels=(*PER_PROXY, "phase"),
    subject="console_proxy",
)
STATUS = Metric(
    "cloudstack_network_console_proxy_http_status_code",
    "HTTP status of the console proxy's noVNC page; 404 is normal before CloudStack 4.15.",
    labels=PER_PROXY,
)


def judge(target: ConsoleEndpoint, answers: Answers, _cloud: Cloud) -> Samples:
    """Say how far the way goes."""
    taken = tuple(steps(target, answers))
    for step in taken:
        yield PHASE_OK.sample(target.zone, target.name, step.phase, value=int(not step.trouble))
    vnc = answers.get(CONSOLE_VNC)
    if vnc is not None:
        yield PHASE_OK.sample(target.zone, target.name, "vnc", value=int(vnc.is_ok))
    page = answers.get(CONSOLE_PAGE)
    if page is not None and page.status and any(step.phase == "http" for step in taken):
        yield STATUS.sample(target.zone, target.name, value=page.status)


CHECK = Check(
    title="Steps of the way to the console proxy",
    metrics=(PHASE_OK, STATUS),
    judges={ConsoleEndpoint: judge},
    uses={ConsoleEndpoint: (CONSOLE_NAME, CONSOLE_TCP, CONSOLE_TLS, CONSOLE_PAGE, CONSOLE_VNC)},
    reads=("listConfigurations",),
)
