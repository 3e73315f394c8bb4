"""Redundant pairs of routers: one primary, one backup, on two hosts, and both sides of the same opinion.

Symptom: no gateway (no primary), or an address that answers twice (two primaries).
Detect:  listRouters redundantstate, and each router's own word (checkrouter.sh) beside it.
Fix:     stop the router that is BACKUP or FAULT, and start it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.user_metadata.needed import SERVING, running_instances
from exporter.checks.user_metadata.remedies import RECREATE_ROUTER
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import RouterPair
from exporter.cloud.objects import Router
from exporter.cloud.routers import guest_networks, is_settling
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Sample, Samples, above, equals
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role

ONE_PRIMARY = Metric(
    "cloudstack_network_user_metadata_router_pair_one_primary",
    "Whether exactly one router of the pair is the primary: source api by CloudStack, source router by their own word.",
    labels=("zone", "pair", "source"),
    problem=equals(0),
    subject="pair",
)
FAULTS = Metric(
    "cloudstack_network_user_metadata_router_pair_faults",
    "Routers of the pair that could not take over: missing, not running, or neither PRIMARY nor BACKUP.",
    labels=("zone", "pair"),
    problem=above(0),
    subject="pair",
)
SAME_HOST = Metric(
    "cloudstack_network_user_metadata_router_pair_same_host",
    "Whether both routers of the pair run on one host and would be lost together, while another host is Up.",
    labels=("zone", "pair"),
    problem=above(0),
    subject="pair",
)
DISAGREES = Metric(
    "cloudstack_network_user_metadata_router_role_disagrees",
    "Whether a redundant router's own word on its role differs from CloudStack's.",
    labels=("zone", "router"),
    problem=above(0),
)
RESTART_BACKUP = "Stop the router that is BACKUP or FAULT, and start it again."
RESTART_ONE = "Stop one of the primaries, and start it again."
MIGRATE = "Migrate one router of the pair to another host."
WAIT = "Look why the management server cannot ask the router (management-server.log: Unable to update router's status)."
PAIR = 2
ASKED = (ROUTER_REDUNDANCY,)
READY = ("PRIMARY", "BACKUP")


def judge(group: RouterPair, members: Mapping[RouterTarget, Answers], cloud: Cloud) -> Samples:
    """Yield the verdicts on one pair; one that is stopped because nobody needs it is healthy."""
    running = [router for router in group.routers if router.is_running]
    hosts = {router.host_id for router in running if router.host_id}
    yield SAME_HOST.sample(
        group.zone,
        group.name,
        value=int(len(running) > 1 and len(hosts) == 1 and _has_another(running[0], cloud)),
        seen=f"both on {running[0].host_name}" if running else "",
        expected="two hosts",
        remedy=MIGRATE,
    )
    if any(is_settling(router, cloud.at) for router in group.routers):
        return
    homes = frozenset(network_id for router in group.routers for network_id in guest_networks(router))
    is_needed = bool(running or running_instances(homes, cloud))
    states = {one.name: one.redundant_state if one.state in SERVING else one.state for one in group.routers}
    yield _faults(group, states, is_needed=is_needed)
    if is_needed:
        yield _one_primary(group, "api", states)
    own = {target.name: str(answers[ROUTER_REDUNDANCY]) for target, answers in members.items()}
    if not running or {router.name for router in running} != own.keys():
        return  # one did not tell
    if _primaries(own) == 1 or _is_confirmed(members, cloud):
        yield _one_primary(group, "router", own)


def _has_another(router: Router, cloud: Cloud) -> bool:
    """Return whether one of two routers on a host could be on another one of the zone; where none is told, it could."""
    hosts = [host for host in cloud.hosts_by_zone.get(router.zone_id, ()) if host.type == "Routing"]
    others = (host for host in hosts if host.id != router.host_id and host.hypervisor == router.hypervisor)
    return not hosts or any(host.state == "Up" and host.resource_state == "Enabled" for host in others)


def _is_confirmed(members: Mapping[RouterTarget, Answers], cloud: Cloud) -> bool:
    """Return whether every router has said the same on two visits: they are not asked at the same moment."""
    looks = [
        confirmed(answers, cloud, "role", answers[ROUTER_REDUNDANCY], target.router.host_id, shown_by=ASKED)
        for target, answers in members.items()
    ]
    return all(looks)


def _faults(group: RouterPair, states: Mapping[str, str], *, is_needed: bool) -> Sample:
    ready = sum(state in READY for state in states.values())
    is_single = len(states) < PAIR
    return FAULTS.sample(
        group.zone,
        group.name,
        value=max(PAIR, len(states)) - ready if is_needed else 0,
        seen=_words(states) + (", the other router is missing" if is_single else ""),
        expected="one PRIMARY and one BACKUP",
        remedy=RECREATE_ROUTER if is_single else RESTART_BACKUP,
    )


def _one_primary(group: RouterPair, source: str, states: Mapping[str, str]) -> Sample:
    primaries = _primaries(states)
    return ONE_PRIMARY.sample(
        group.zone,
        group.name,
        source,
        value=int(primaries == 1),
        seen=f"{primaries} primaries: {_words(states)}",
        expected="exactly one primary",
        remedy=RESTART_ONE if primaries > 1 else RESTART_BACKUP,
    )


def _primaries(states: Mapping[str, str]) -> int:
    return sum(state == "PRIMARY" for state in states.values())


def _words(states: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {state or 'without a state'}" for name, state in states.items())


def judge_role(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether a redundant router and CloudStack differ about its role; a change takes them a minute."""
    router, role = target.router, answers[ROUTER_REDUNDANCY]
    if not router.is_redundant or role is Role.ALONE:
        return
    differs = role != router.redundant_state
    if differs and not confirmed(answers, cloud, "role", role, router.host_id, shown_by=ASKED):
        return
    seen = f"the router says {role}, CloudStack {router.redundant_state or 'nothing'}"
    yield DISAGREES.sample(target.zone, target.name, value=int(differs), seen=seen, expected="the same", remedy=WAIT)


CHECK = Check(
    title="Redundant routers",
    metrics=(ONE_PRIMARY, FAULTS, SAME_HOST, DISAGREES),
    remedies=(RESTART_BACKUP, RECREATE_ROUTER),
    judges={RouterTarget: judge_role},
    asks={RouterTarget: (ROUTER_REDUNDANCY,)},
    groups=(GroupJudge(RouterPair, judge, {RouterTarget: (ROUTER_REDUNDANCY,)}),),
    reads=("listRouters", "listVirtualMachines"),
    judges_cloud=True,
)
