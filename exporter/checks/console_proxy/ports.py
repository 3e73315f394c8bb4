"""Ports that a console proxy does not open, or opened before the settings were changed.

Symptom: consoles stopped after TLS was switched on or off, or never started after a certificate upload.
Detect:  inside the proxy: listening sockets and /root/vncport, against consoleproxy.sslEnabled and .url.domain.
Fix:     destroy the proxy: ports are fixed when it is created and a reboot keeps them. Nothing on 443 with TLS
         switched on means that no certificate was uploaded.
"""

from __future__ import annotations

from exporter.checks.console_proxy.proxies import PER_PROXY
from exporter.checks.console_proxy.remedies import DESTROY, READ_LOG, UPLOAD_CERTIFICATE
from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import console_address
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.system_vms.console_proxy import PROXY_AGENT, PROXY_SOCKETS, PROXY_VNC_PORT
from exporter.topology.system_vms import may_alarm
from exporter.topology.zones import is_zone_judged

WEB_PORTS = {True: 443, False: 80}
VNC_PORTS = {True: 8443, False: 8080}
"""With TLS or without -> port, fixed in CloudStack; what is dialled from outside may be translated."""

LISTENING = Metric(
    "cloudstack_network_console_proxy_listening",
    "Whether the console proxy itself listens for browsers: service web (80 or 443) and vnc (its own vncport).",
    labels=(*PER_PROXY, "service"),
    problem=equals(0),
    subject="console_proxy",
)
VNC_PORT_OK = Metric(
    "cloudstack_network_console_proxy_vnc_port_ok",
    "Whether the websocket port that the proxy was created with is the one that the settings now send browsers to.",
    labels=PER_PROXY,
    problem=equals(0),
)


def judge(target: ConsoleProxyTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Compare the ports that are open with those that browsers are sent to; a new proxy may still be starting."""
    tls = console_address(cloud, target.vm).tls
    web = WEB_PORTS[tls]
    has_web = _listens(target, answers, web)
    if has_web or may_alarm(cloud, target.vm, answers.now):
        yield LISTENING.sample(
            target.zone,
            target.name,
            "web",
            value=int(has_web),
            seen=f"nothing listens on {web}",
            expected=f"the web server on {web}",
            remedy=UPLOAD_CERTIFICATE if tls and _has_agent(answers) else DESTROY,
        )
    port = answers.get(PROXY_VNC_PORT)
    if not port:
        return  # a proxy without noVNC has no such port
    has_vnc = _listens(target, answers, port)
    if has_vnc or may_alarm(cloud, target.vm, answers.now):
        yield LISTENING.sample(
            target.zone,
            target.name,
            "vnc",
            value=int(has_vnc),
            seen=f"nothing listens on {port}",
            expected=f"noVNC on {port}",
            remedy=DESTROY,
        )
    if is_zone_judged(cloud, target.vm.zone_id):
        yield from _made_for(target, port, tls=tls, has_web=has_web)


def _made_for(target: ConsoleProxyTarget, port: int, *, tls: bool, has_web: bool) -> Samples:
    """Say whether the proxy was made with the port of the present settings."""
    yield VNC_PORT_OK.sample(
        target.zone,
        target.name,
        value=int(port == VNC_PORTS[tls]),
        seen=f"created with {port}",
        expected=f"{VNC_PORTS[tls]}, TLS is {'on' if tls else 'off'} in the settings",
        remedy=DESTROY if has_web or not tls else UPLOAD_CERTIFICATE,
    )


def _has_agent(answers: Answers) -> bool:
    """Return whether the agent runs, as far as is known; without it nothing listens, certificate or not."""
    agent = answers.get(PROXY_AGENT)
    return agent is None or agent.processes > 0


def _listens(target: ConsoleProxyTarget, answers: Answers, port: int) -> bool:
    """Return whether a socket takes connections to the public address and ``port``."""
    return any(socket.listens_at(target.vm.public_address, port) for socket in answers[PROXY_SOCKETS])


CHECK = Check(
    title="Ports of the console proxy",
    metrics=(LISTENING, VNC_PORT_OK),
    remedies=(DESTROY, UPLOAD_CERTIFICATE, READ_LOG),
    judges={ConsoleProxyTarget: judge},
    asks={ConsoleProxyTarget: (PROXY_SOCKETS,)},
    uses={ConsoleProxyTarget: (PROXY_VNC_PORT, PROXY_AGENT)},
    reads=("listConfigurations",),
    judges_cloud=True,
)
