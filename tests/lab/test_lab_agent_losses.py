"""Hosts of the lab that lose their agent: whoever looks sees a later date each time."""

from __future__ import annotations

from exporter.inventory.infrastructure import unix
from exporter.lab import CATALOGUE
from exporter.lab.api.cloud import Cloud
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports, World

START = 1_795_000_000.0


def world(*faults: str) -> World:
    """Return the world with these faults."""
    made = build(Options(), Ports.block(20000), START)
    for name in faults:
        CATALOGUE[name].apply(made)
    return made


def dates(cloud: Cloud, name: str) -> list[float | None]:
    """Return when the agent of a host was lost, by three answers."""
    answers = [cloud.rows("listHosts", {}) for _ in range(3)]
    return [unix(row["disconnected"]) for rows in answers for row in rows if row["name"] == name]


def test_each_answer_tells_of_a_new_loss() -> None:
    """It is of the moment, and later than the one before though no second has passed."""
    now = START + 500
    cloud = Cloud(world("host_agent_flaps"), lambda: now)
    assert dates(cloud, "kvm-5") == [now, now + 1, now + 2]
    now += 60
    assert dates(cloud, "kvm-5")[0] == now


def test_the_agents_of_others_stay() -> None:
    """Their dates are of long ago, and the same in each answer."""
    for made in (world(), world("host_agent_flaps")):
        found = dates(Cloud(made, lambda: START + 500), "kvm-1")
        assert len(found) == 3
        assert set(found) == {START - 40 * 86400}
