"""Redundant pairs in which not exactly the primary serves passwords.

Symptom: guests get no password although a router runs, or an old one from the wrong router.
Detect:  role and listening sockets of both routers of the pair, seen so on two visits of each.
Fix:     stop the router that is not primary and start it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import RouterPair
from exporter.cloud.objects import Router
from exporter.cloud.routers import is_settling, serving
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, equals
from exporter.questions.routers.sockets import ROUTER_SOCKETS
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role

PORT = 8080
RESTART_BACKUP = "Stop the router that is not primary (or is in fault) and start it again."
RESTART_NETWORK = "Restart the network or VPC without cleanup."

PASSING = ("Starting", "Stopping", "Migrating")
"""States of a router in which the pair is on its way to another one."""

PAIR = Metric(
    "cloudstack_network_password_reset_pair_in_role",
    "Whether the redundant pair has one primary and no other router of it listens for password requests (1).",
    labels=("zone", "pair"),
    problem=equals(0),
)


def judge(pair: RouterPair, members: Mapping[RouterTarget, Answers], cloud: Cloud) -> Samples:
    """Say whether only the primary of the pair listens for passwords; nothing while a running one is unseen.

    A fail-over between the visits of the two looks like two primaries, so a fault counts only when each
    router has been visited again since it was first seen. A primary without a daemon is the daemon
    check's finding.
    """
    if any(router.state in PASSING for router in pair.routers):
        return
    running = [router for router in pair.routers if router.is_running]
    seen = {target.name: answers for target, answers in members.items() if _is_told(answers)}
    shared = {one.address for router in running for one in serving(router, cloud) if one.password and one.is_shared}
    if not shared or any(router.name not in seen for router in running):
        return
    words = {router.name: _word(seen[router.name], shared) for router in running}
    primaries = {name for name in words if seen[name][ROUTER_REDUNDANCY] is Role.PRIMARY}
    listening = {name for name, word in words.items() if word.endswith("listening")}
    if len(primaries) == 1 and listening <= primaries:
        yield PAIR.sample(pair.zone, pair.name, value=1)
    elif _is_lasting(running, seen):
        text = ", ".join(f"{name} {word}" for name, word in words.items())
        yield PAIR.sample(pair.zone, pair.name, value=0, seen=text, expected="one primary, and only it listens")


def _is_told(answers: Answers) -> bool:
    """Return whether both questions are answered."""
    return answers.get(ROUTER_REDUNDANCY) is not None and answers.get(ROUTER_SOCKETS) is not None


def _word(answers: Answers, shared: set[str]) -> str:
    """Return role and whether it listens, in words."""
    listens = any(
        socket.protocol == "tcp" and socket.listens_at(address, PORT)
        for socket in answers[ROUTER_SOCKETS]
        for address in shared
    )
    return f"{answers[ROUTER_REDUNDANCY]}{' listening' if listens else ''}"


def _is_lasting(running: list[Router], seen: Mapping[str, Answers]) -> bool:
    """Return whether every router was asked again since the fault was first seen, and none is settling."""
    again = [_asked(seen[router.name]) > seen[router.name].held("out of role").first_asked for router in running]
    return all(again) and not any(is_settling(router, seen[router.name].now) for router in running)


def _asked(answers: Answers) -> float:
    """Return the boot-clock time of the older of the two answers."""
    return min(answers.values[question].asked for question in (ROUTER_REDUNDANCY, ROUTER_SOCKETS))


CHECK = Check(
    title="Password service in redundant pairs",
    metrics=(PAIR,),
    remedies=(RESTART_BACKUP, RESTART_NETWORK),
    groups=(GroupJudge(RouterPair, judge, needs={RouterTarget: (ROUTER_REDUNDANCY, ROUTER_SOCKETS)}),),
    reads=("listRouters", "listNetworks"),
)
