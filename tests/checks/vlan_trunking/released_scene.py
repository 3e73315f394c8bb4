"""A zone whose host is visited each minute and whose database each ten, and what is said of released VLANs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.checks.vlan_trunking.released_vlans import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Sample
from exporter.questions.database.counts import VLANS_TAKEN
from tests.checks.vlan_trunking import vlan_scene as scene

ZONE = ZoneGroup("z", "zone1")
Pool = Mapping[str, frozenset[int]]
FREE: Pool = {"pn": frozenset()}
TAKEN: Pool = {"pn": frozenset({101})}
CARRIES = scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0")), scene.domain(1))


@dataclass
class Run:
    """A zone as it is judged while time goes on: a host visited each minute, a database each ten."""

    cloud: Cloud
    host: HostTarget
    scope: Scope = field(default_factory=Scope)
    pools: list[tuple[float, Pool]] = field(default_factory=list)
    now: float = 0.0

    def minute(self, values: Mapping[Question[Any], Any], pool: Pool | None = None) -> list[Sample]:
        """Ask the database if it is its turn, visit the host, judge."""
        self.now += 60.0
        if pool is not None:
            self.pools.append((self.now, pool))
        members: dict[Any, Answers] = {self.host: self._host(values)}
        if self.pools:
            members[DatabaseTarget()] = self._database()
        known = replace(self.cloud, asked=self.now - 50, finished=self.now - 40)
        self.scope.begin()
        found = list(judge(ZONE, members, known))
        self.scope.end()
        return found

    def _host(self, values: Mapping[Question[Any], Any]) -> Answers:
        told = {one: Answer(value, self.now + 1, scene.NOW, 1e12) for one, value in values.items()}
        return Answers(now=scene.NOW, asked=self.now + 1, values=told, memory=self.scope.held)

    def _database(self) -> Answers:
        told = [Answer(value, asked, scene.NOW, 1e12) for asked, value in self.pools[-2:]]
        return Answers(
            now=scene.NOW,
            asked=told[-1].asked,
            values={VLANS_TAKEN: told[-1]},
            previous={VLANS_TAKEN: told[0]} if len(told) > 1 else {},
            memory=Scope().held,
        )

    def minutes(self, number: int, values: Mapping[Question[Any], Any], pool: Pool) -> list[Sample]:
        """Let minutes pass, the database being asked in the first of each ten."""
        found: list[Sample] = []
        for minute in range(number):
            found = self.minute(values, pool if minute % 10 == 0 else None)
        return found


def run(*machines: Any, **fields: Any) -> Run:
    """Return the zone with these machines, or with machine 1; ``fields`` are the Cloud's."""
    cloud = scene.cloud(*(machines or (scene.instance(1),)), **fields)
    return Run(cloud, scene.target(cloud.hosts["h1"]))


def only(samples: list[Sample]) -> Sample:
    """Return what is said of the host."""
    (found,) = samples
    assert found.labels == ("zone1", "cluster1", "kvm1")
    return found
