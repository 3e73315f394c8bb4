"""Routers whose password service does not answer.

Symptom: a reset password never reaches the instance; new instances come up without theirs.
Detect:  a HEAD request to port 8080 of each guest address, made on the router itself; processes, units and
         sockets say why it failed.
Fix:     restart the daemon; if the address or the port is the trouble, that first.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import ServedAddress, is_settling, serving_now
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.password import PASSWORD_PROBE, PASSWORD_UNITS, Probe
from exporter.questions.routers.sockets import ROUTER_PROCESSES, ROUTER_SOCKETS
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY

PORT = 8080
SERVERS = ("passwd_server", "passwd_server_ip", "passwd_server_ip.py", "vpc_passwd_server", "socat")
"""Programs that are the password service, as ROUTER_PROCESSES names them."""

RESTART_DAEMON = "Restart the daemon on the router: systemctl restart 'cloud-password-server@<address>'."
FREE_PORT = "End the program that holds port 8080 on the router, then restart the password daemon."
REBOOT_ROUTER = "Reboot the router."
RESTART_NETWORK = "Restart the network or VPC without cleanup: it gives the router its addresses and rules again."
RECREATE_ROUTER = "Recreate the router from the present system VM template (restart with cleanup)."

UP = Metric(
    "cloudstack_network_password_reset_daemon_up",
    "Whether the router's password service answers at this guest address (1), from a HEAD request on the router.",
    labels=("zone", "router", "address"),
    problem=equals(0),
    subject="router",
)
PROBE_INFO = Metric(
    "cloudstack_network_password_reset_probe_info",
    "What became of the HEAD request to the password service at this guest address; always 1.",
    labels=("zone", "router", "address", "result"),
    subject="router",
)

SEEN = {
    Probe.NEVER_SERVES: "a serve_password.sh that refuses every request, also those of guests",
    Probe.ABSENT: "the router does not have this address",
    Probe.REFUSED: "connection refused",
    Probe.UNREACHABLE: "no connection",
    Probe.TIMEOUT: "connecting times out, the queue of the listener is full",
    Probe.SILENT: "connected, but no answer within 3 s",
    Probe.CLOSED: "connected, but closed without an answer",
    Probe.OTHER: "the answer is not that of a password server",
}
SLOW = frozenset({Probe.TIMEOUT, Probe.SILENT})
"""Results that a busy host may show once."""


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Say for each guest address that this router should serve now whether the password service answers.

    One failed look is enough: the question has tried era A, which is away while it serves a guest, three
    times. An address that the router lacks is a difference to CloudStack, and a busy host may be slow once:
    both wait for the second look. A router that has just been created or booted is not blamed.
    """
    role, probes = answers[ROUTER_REDUNDANCY], answers[PASSWORD_PROBE]
    identity = answers.get(ROUTER_IDENTITY)
    settling = is_settling(target.router, answers.now, identity.uptime if identity else None)
    for served in serving_now(target.router, cloud, serves_shared=role.is_serving):
        result = probes.get(served.address)
        if not served.password or result is None:
            continue
        labels = (target.zone, target.name, served.address)
        yield PROBE_INFO.sample(*labels, result, value=1)
        if result.is_good:
            yield UP.sample(*labels, value=1)
        elif not settling and _is_certain(target, served, result, answers, cloud):
            seen, remedy = _explain(served.address, result, answers)
            expected = f"the password service answers at {served.address}:{PORT}"
            yield UP.sample(*labels, value=0, seen=seen, expected=expected, remedy=remedy)


def _is_certain(target: RouterTarget, served: ServedAddress, result: Probe, answers: Answers, cloud: Cloud) -> bool:
    """Return whether the fault is shown; a missing address must be seen before and after a refresh."""
    if result in SLOW:
        before = answers.before(PASSWORD_PROBE)
        return before is not None and before[0].get(served.address) in SLOW
    key = ("absent", served.network_id, served.address, target.router.host_id)
    return result is not Probe.ABSENT or confirmed(answers, cloud, *key, shown_by=(PASSWORD_PROBE,))


def _explain(address: str, result: Probe, answers: Answers) -> tuple[str, str]:
    """Return what was seen, and the remedy that the evidence suggests."""
    if result is Probe.ABSENT:
        return SEEN[result], RESTART_NETWORK
    if result is Probe.NEVER_SERVES:
        return SEEN[result], RECREATE_ROUTER
    holder = _stranger(address, answers)
    if holder or result is Probe.OTHER:
        return f"{SEEN[result]}; port {PORT} is held by {holder or 'another program'}", FREE_PORT
    units = answers.get(PASSWORD_UNITS)
    evidence = [SEEN[result], _process(address, answers)]
    if units and units.has_systemd:
        unit = units.of(address)
        evidence.append(f"its unit is {unit.active} ({unit.sub})" if unit else "its unit is not loaded")
    remedy = REBOOT_ROUTER if units and not units.has_systemd else RESTART_DAEMON
    return "; ".join(word for word in evidence if word), remedy


def _stranger(address: str, answers: Answers) -> str:
    """Return the program that holds the port and is no password server, or an empty text."""
    for socket in answers.get(ROUTER_SOCKETS) or ():
        if socket.protocol == "tcp" and socket.listens_at(address, PORT):
            strangers = [name for name in socket.programs if not name.startswith(("python", "socat"))]
            return ", ".join(strangers)
    return ""


def _process(address: str, answers: Answers) -> str:
    """Return whether a password server for ``address`` runs, in words; empty when that was not answered."""
    processes = answers.get(ROUTER_PROCESSES)
    if processes is None:
        return ""
    ours = [one for one in processes if one.name in SERVERS and (address in one.addresses or not one.addresses)]
    return f"{ours[-1].name} runs" if ours else "no process of it runs"


CHECK = Check(
    title="Password service on routers",
    metrics=(UP, PROBE_INFO),
    remedies=(RESTART_DAEMON, FREE_PORT, REBOOT_ROUTER, RESTART_NETWORK, RECREATE_ROUTER),
    judges={RouterTarget: judge},
    asks={RouterTarget: (PASSWORD_PROBE, ROUTER_REDUNDANCY)},
    uses={RouterTarget: (ROUTER_IDENTITY, ROUTER_PROCESSES, ROUTER_SOCKETS, PASSWORD_UNITS)},
    reads=("listRouters", "listNetworks"),
)
