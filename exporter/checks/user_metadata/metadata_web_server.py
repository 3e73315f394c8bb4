"""The web server of a router that gives out metadata.

Symptom: no metadata on any guest address of the router.
Detect:  apache2 processes, and under systemd the state of the unit. A router without guest networks has none.
Fix:     stop and start the router; recreate it where that was tried.
"""

from __future__ import annotations

from exporter.checks.user_metadata.remedies import LADDER, router_remedy
from exporter.checks.user_metadata.served import NEEDED, is_certain, metadata_addresses
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.metadata import METADATA_WEB_SERVER
from exporter.questions.routers.sockets import ROUTER_SOCKETS
from exporter.questions.routers.state import ROUTER_IDENTITY

UP = Metric(
    "cloudstack_network_user_metadata_web_server_up",
    "Whether apache2 runs on a router that should give out metadata.",
    labels=("zone", "router"),
    problem=equals(0),
)


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether the web server runs, where any guest address should serve."""
    if not metadata_addresses(target, answers, cloud):
        return
    server = answers[METADATA_WEB_SERVER]
    if server.is_up:
        yield UP.sample(target.zone, target.name, value=1)
    elif is_certain(target, answers, cloud, "web_server", by=METADATA_WEB_SERVER):
        state = f", unit {server.state}" if server.state else ""
        yield UP.sample(
            target.zone,
            target.name,
            value=0,
            seen=f"{server.processes} processes{state}; {_listening(answers)}",
            expected="apache2 runs",
            remedy=router_remedy(target.router, answers.now, answers[ROUTER_IDENTITY].uptime),
        )


def _listening(answers: Answers) -> str:
    """Return where the web server listens, as evidence."""
    sockets = answers.get(ROUTER_SOCKETS)
    if sockets is None:
        return "sockets unknown"
    places = sorted({f"{socket.address}:{socket.port}" for socket in sockets if "apache2" in socket.programs})
    return f"listens on {', '.join(places)}" if places else "it listens nowhere"


CHECK = Check(
    title="Metadata web server",
    metrics=(UP,),
    remedies=LADDER,
    judges={RouterTarget: judge},
    asks={RouterTarget: (*NEEDED, METADATA_WEB_SERVER)},
    uses={RouterTarget: (ROUTER_SOCKETS,)},
    reads=("listNetworks",),
)
