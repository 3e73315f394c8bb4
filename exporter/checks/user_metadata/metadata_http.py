"""The metadata service, asked by the router of itself.

Symptom: cloud-init finds no data source; no keys, no host name, no user data in new instances.
Detect:  GET /latest/meta-data/ on each guest address: the router has no data of its own, so 404 is health.
Fix:     stop and start the router; recreate it where that was tried.
"""

from __future__ import annotations

from exporter.checks.user_metadata.remedies import LADDER, router_remedy
from exporter.checks.user_metadata.served import NEEDED, is_certain, metadata_addresses, settles
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, equals
from exporter.questions.routers.metadata import HEALTHY, LIST, METADATA_HTTP, HttpAnswer
from exporter.questions.routers.state import ROUTER_IDENTITY

UP = Metric(
    "cloudstack_network_user_metadata_http_up",
    "Whether the metadata service answers 404 or 200 on a guest address, asked by the router itself.",
    labels=("zone", "router", "address"),
    problem=equals(0),
)
STATUS = Metric(
    "cloudstack_network_user_metadata_http_status",
    "HTTP status of /latest/meta-data/ on a guest address, asked by the router itself; 404 is healthy.",
    labels=("zone", "router", "address"),
)
EXPECTED = f"404 or 200 on {LIST}"


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the state of each guest address that should serve, and the status where one was read."""
    by_place = {(answer.address, answer.path): answer for answer in answers[METADATA_HTTP]}
    remedy = router_remedy(target.router, answers.now, answers[ROUTER_IDENTITY].uptime)
    for served in metadata_addresses(target, answers, cloud):
        listed = by_place.get((served.address, LIST))
        if listed is None:
            continue  # the router was asked before CloudStack told of this address
        labels = (target.zone, target.name, served.address)
        if listed.status is not None:
            yield STATUS.sample(*labels, value=listed.status)
        if listed.status in HEALTHY:
            yield UP.sample(*labels, value=1)
        elif _is_fault(target, answers, cloud, listed):
            seen = _seen(listed, by_place.get((served.address, "/")))
            yield UP.sample(*labels, value=0, seen=seen, expected=EXPECTED, remedy=remedy)


def _is_fault(target: RouterTarget, answers: Answers, cloud: Cloud, listed: HttpAnswer) -> bool:
    """Return whether a bad answer counts.

    An address that the router lacks is a difference to the Cloud, and a busy host may be slow once: both wait for the
    second look.
    """
    if listed.word == "absent":
        return is_certain(target, answers, cloud, "absent", listed.address, by=METADATA_HTTP)
    return not settles(target, answers) and (listed.word != "timeout" or _was_slow(answers, listed.address))


def _was_slow(answers: Answers, address: str) -> bool:
    before = answers.before(METADATA_HTTP)
    return before is not None and HttpAnswer(address, LIST, None, "timeout") in before[0]


def _seen(listed: HttpAnswer, root: HttpAnswer | None) -> str:
    """Return what was seen; where the server itself answers, the fault is in the rules and not in the server."""
    if listed.status is not None and root is not None and root.status is not None and root.status < listed.status:
        return f"{listed.seen} on {LIST}, {root.seen} on /: rewrite module or rules broken"
    return f"{listed.seen} on {LIST}"


CHECK = Check(
    title="Metadata service",
    metrics=(UP, STATUS),
    remedies=LADDER,
    judges={RouterTarget: judge},
    asks={RouterTarget: (*NEEDED, METADATA_HTTP)},
    reads=("listNetworks",),
)
