"""Small clouds, targets and checks for tests of the rooms that join everything."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.checks import Registered
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host, Router, Zone
from exporter.cloud.targets import Machine, RouterTarget
from exporter.model import (
    Answer,
    Answers,
    Check,
    GroupJudge,
    Issue,
    Metric,
    Question,
    Sample,
    Via,
    above,
    equals,
)

UP = Metric("cloudstack_network_user_metadata_up", "Whether it is up.", ("zone", "router"), equals(0))
PENDING = Metric("cloudstack_network_user_metadata_pending", "How many wait.", ("zone", "router", "address"), above(0))
ZONES = Metric("cloudstack_network_user_metadata_zone_down", "How many are down.", ("zone",), above(0))
IS_UP = Question("is_up", Via.SYSTEM_VM, "true", str, "root", "a test")
WAITING = Question("waiting", Via.SYSTEM_VM, "true", str, "root", "a test")
PROXY = Question("proxy", Via.PROBE, "a dial", str, "none", "a test")


def judge_router(target: RouterTarget, answers: Answers, cloud: Cloud) -> Iterator[Sample]:
    """Say whether the router is up, and which addresses wait."""
    if answers[IS_UP] == "defect":
        _ = {}["defect"]
    yield UP.sample(target.zone, target.name, value=int(answers[IS_UP] == "yes"), seen=answers[IS_UP], expected="yes")
    for address in (answers.get(WAITING) or "").split():
        yield PENDING.sample(target.zone, target.name, address, value=answers.held(address).seconds + 1)


def judge_zone(group: ZoneGroup, members: dict[RouterTarget, Answers], cloud: Cloud) -> Iterator[Sample]:
    """Count the routers that are down."""
    yield ZONES.sample(group.zone, value=sum(answers.get(IS_UP) == "no" for answers in members.values()))


CHECK = Check(
    title="Router up",
    metrics=(UP, PENDING),
    remedies=("restart it", "recreate it"),
    judges={RouterTarget: judge_router},
    asks={RouterTarget: (IS_UP,)},
    uses={RouterTarget: (WAITING,)},
    reads=("listRouters",),
)
ZONE_CHECK = Check(
    title="Routers down",
    metrics=(ZONES,),
    groups=(GroupJudge(ZoneGroup, judge_zone, {RouterTarget: (IS_UP,)}),),
)
CHECKS = (Registered(Issue.USER_METADATA, "up", CHECK), Registered(Issue.USER_METADATA, "zone", ZONE_CHECK))


def cloud(*names: str, expires: float = 1e9, **fields: object) -> Cloud:
    """Return a Cloud with one zone, one host and running routers of these names."""
    routers = {
        name: Router(
            id=name,
            name=name,
            state="Running",
            zone_id="z",
            host_id="h",
            control_address="169.254.0.9",
            hypervisor="KVM",
        )
        for name in names
    }
    host = Host(
        id="h",
        name="kvm1",
        type="Routing",
        state="Up",
        resource_state="Enabled",
        address="192.0.2.1",
        zone_id="z",
        hypervisor="KVM",
    )
    zone = Zone("z", "zone1", "Advanced", False, True)
    return Cloud(zones={"z": zone}, hosts={"h": host}, routers=routers, expires=expires, at=1.0, generation=1, **fields)  # type: ignore[arg-type]


def router(name: str) -> RouterTarget:
    """Return the target of a router of :func:`cloud`."""
    return RouterTarget(cloud(name).routers[name], "zone1", Machine("kvm1", "192.0.2.1"))


def answer(value: str, asked: float, expires: float) -> Answer[str]:
    """Return an answer asked at ``asked`` on both clocks."""
    return Answer(value, asked, asked, expires)
