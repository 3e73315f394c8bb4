"""Console proxies whose page loads while the screen stays black.

Symptom: noVNC shows "Failed to connect to server".
Detect:  TCP (and TLS) connect to the websocket port, 8443 with TLS, else 8080; never an upgrade.
Fix:     open the port; when it is not the one in the settings, destroy the proxy: it is fixed at creation.
"""

from __future__ import annotations

from exporter.checks.console_proxy.browser import steps
from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import CHECK_PUBLIC_PATH, DESTROY
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Answers, Check, Metric, Reason, Samples, equals
from exporter.questions.system_vms.console import CONSOLE_NAME, CONSOLE_PAGE, CONSOLE_TCP, CONSOLE_TLS, CONSOLE_VNC
from exporter.topology.system_vms import may_alarm

VNC_REACHABLE = Metric(
    "cloudstack_network_console_proxy_vnc_reachable",
    "Whether a browser at the exporter can connect to the websocket port of a console proxy that serves noVNC.",
    labels=PER_PROXY,
    problem=equals(0),
)


def judge(target: ConsoleEndpoint, answers: Answers, cloud: Cloud) -> Samples:
    """Say whether the screen's port is open where the page is there; without noVNC it is not used."""
    if answers[CONSOLE_PAGE].status != 200 or all(step.phase != "http" for step in steps(target, answers)):
        return  # an older answer of the page is not looked at when the way there is closed now
    vnc = answers[CONSOLE_VNC]
    if not vnc.is_ok and not may_alarm(cloud, target.vm, answers.now):
        return
    yield VNC_REACHABLE.sample(
        target.zone,
        target.name,
        value=int(vnc.is_ok),
        seen=vnc.detail,
        expected="a connection to the websocket port",
        remedy=DESTROY if vnc.reason is Reason.REFUSED else CHECK_PUBLIC_PATH,
    )


CHECK = Check(
    title="Screen of the console",
    metrics=(VNC_REACHABLE,),
    remedies=(CHECK_PUBLIC_PATH, DESTROY),
    judges={ConsoleEndpoint: judge},
    asks={ConsoleEndpoint: (CONSOLE_TCP, CONSOLE_PAGE, CONSOLE_VNC)},
    uses={ConsoleEndpoint: (CONSOLE_NAME, CONSOLE_TLS)},
    reads=("listConfigurations",),
)
