"""Roles and password listeners in redundant pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from exporter.checks.password_reset.pair import CHECK
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import RouterPair
from exporter.cloud.objects import Router
from exporter.memory import Scope
from exporter.model import Question, Sample
from exporter.questions.routers.sockets import ROUTER_SOCKETS, Socket
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role
from tests.checks.password_reset.scene import NOW, PAIR, PAIRED, SERVICES, answered, cloud, healthy, target

LISTENING = Socket("tcp", "10.2.1.1", 8080, ("python",))


@dataclass
class Pair:
    """A pair whose routers are visited one by one; the newest answers of both are judged."""

    routers: tuple[Router, ...] = PAIR
    cloud: Cloud = field(default_factory=cloud)
    seen: dict[str, tuple[float, Mapping[Question[Any], Any]]] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)

    def visit(self, number: int, asked: float, role: Role, *, listens: bool | None = None) -> list[Sample]:
        """Return the samples after a visit of one router."""
        router = self.routers[number]
        values = healthy(router, role)
        if listens is not None:
            values[ROUTER_SOCKETS] = (LISTENING,) if listens else ()
        self.seen[router.name] = (asked, {one: values[one] for one in (ROUTER_REDUNDANCY, ROUTER_SOCKETS)})
        return self.judge()

    def judge(self) -> list[Sample]:
        """Return the samples for the newest answers."""
        scopes = {name: self.scopes.setdefault(name, Scope()) for name in self.seen}
        members = {
            target(router): answered(self.seen[router.name][1], self.seen[router.name][0], scopes[router.name])
            for router in self.routers
            if router.name in self.seen
        }
        for scope in scopes.values():
            scope.begin()
        (judge,) = CHECK.groups
        samples = list(judge.judge(RouterPair("paired", "zone1", self.routers), members, self.cloud))
        for scope in scopes.values():
            scope.end()
        return samples


def both(pair: Pair, start: float, first: Role, second: Role, **listens: bool) -> list[Sample]:
    """Return the samples after a visit of each."""
    pair.visit(0, start, first)
    return pair.visit(1, start + 10, second, **listens)


def test_one_primary_that_listens_alone_is_healthy() -> None:
    """A backup without a daemon is as it should be."""
    (sample,) = both(Pair(), 100, Role.PRIMARY, Role.BACKUP)
    assert (sample.labels, sample.value) == (("zone1", "r-5-VM+r-6-VM"), 1)


@pytest.mark.parametrize(
    ("first", "second", "listens", "seen"),
    [
        (Role.PRIMARY, Role.PRIMARY, True, "r-5-VM PRIMARY listening, r-6-VM PRIMARY listening"),
        (Role.PRIMARY, Role.BACKUP, True, "r-5-VM PRIMARY listening, r-6-VM BACKUP listening"),
        (Role.BACKUP, Role.FAULT, False, "r-5-VM BACKUP, r-6-VM FAULT"),
    ],
)
def test_two_listeners_and_no_primary_are_problems_on_the_second_round(
    first: Role, second: Role, listens: bool, seen: str
) -> None:
    """Each router must have been visited again."""
    pair = Pair()
    assert both(pair, 100, first, second, listens=listens) == []
    assert pair.visit(0, 160, first) == []
    (sample,) = pair.visit(1, 170, second, listens=listens)
    assert (sample.value, sample.seen) == (0, seen)


def test_a_fail_over_between_the_visits_is_no_split() -> None:
    """The old answer of one and the new of the other both say primary."""
    pair = Pair()
    both(pair, 100, Role.PRIMARY, Role.BACKUP)
    assert pair.visit(1, 170, Role.PRIMARY) == []
    (sample,) = pair.visit(0, 180, Role.BACKUP)
    assert sample.value == 1


def test_a_primary_without_daemon_is_left_to_the_daemon_check() -> None:
    """One fault, one finding."""
    pair = Pair()
    pair.visit(1, 100, Role.BACKUP)
    (sample,) = pair.visit(0, 110, Role.PRIMARY, listens=False)
    assert sample.value == 1


def test_an_unseen_running_router_makes_it_unknown() -> None:
    """It may listen as well."""
    assert Pair().visit(0, 100, Role.PRIMARY) == []


def test_a_stopped_peer_is_not_missed() -> None:
    """The one that runs is judged alone."""
    pair = Pair(routers=(PAIR[0], replace(PAIR[1], state="Stopped")))
    (sample,) = pair.visit(0, 100, Role.PRIMARY)
    assert sample.value == 1
    assert pair.visit(0, 160, Role.FAULT) == []
    (sample,) = pair.visit(0, 220, Role.FAULT)
    assert sample.value == 0


@pytest.mark.parametrize("change", [{"state": "Migrating"}, {"state": "Starting"}, {"created": NOW}])
def test_a_pair_on_its_way_is_not_blamed(change: dict[str, Any]) -> None:
    """A live migration of the primary, a start, and a router that has just been made."""
    pair = Pair(routers=(replace(PAIR[0], **change), PAIR[1]))
    for start in (100, 160):
        assert both(pair, start, Role.BACKUP, Role.BACKUP) == []


def test_no_password_service_no_verdict() -> None:
    """Networks with a config drive, and a pair of which none runs."""
    drive = replace(PAIRED, services=SERVICES | {"UserData": frozenset({"ConfigDrive"})})
    assert both(Pair(cloud=cloud(networks=(drive,))), 100, Role.PRIMARY, Role.PRIMARY) == []
    assert Pair(routers=tuple(replace(router, state="Stopped") for router in PAIR)).judge() == []
