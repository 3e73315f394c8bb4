"""Zones without a secondary storage VM that works."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.host_connectivity.storage_served import judge
from exporter.model import Failure, Reason
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene

HERE = (scene.host(), scene.store())


def said(*things: Any, **fields: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Return how many are usable, and whether the zone is served."""
    found = scene.of_zone(judge, scene.cloud(*things, **fields))
    usable, served = "secondary_storage_vms_usable", "zone_secondary_storage_served"
    return scene.values(found, usable), scene.values(found, served)


def test_one_that_works_is_enough() -> None:
    """Beside one that does not."""
    assert said(*HERE, scene.vm(), scene.vm("s-3-VM", state="Error")) == ({"zone-1": 1}, {"zone-1": 1})


@pytest.mark.parametrize(
    "changes", [{"state": "Stopped"}, {"state": "Error"}, {"agent_state": "Alert"}, {"agent_state": "Disconnected"}]
)
def test_none_that_works(changes: dict[str, str]) -> None:
    """Neither templates nor snapshots."""
    assert said(*HERE, scene.vm(**changes)) == ({"zone-1": 0}, {"zone-1": 0})


def test_none_at_all() -> None:
    """CloudStack could not make one; that is said in words."""
    found = scene.of_zone(judge, scene.cloud(*HERE))
    assert [one.seen for one in found if scene.is_problem(one)] == ["no secondary storage VM"]


def test_a_store_of_the_region_counts() -> None:
    """S3 belongs to no zone; a store of another zone does not count."""
    assert said(scene.host(), scene.store("")) == ({"zone-1": 0}, {"zone-1": 0})
    assert said(scene.host(), scene.store("other")) == ({"zone-1": 0}, {"zone-1": 1})


@pytest.mark.parametrize("changes", [{"enabled": False}, {"type": "Edge"}])
def test_zones_that_need_none(changes: dict[str, Any]) -> None:
    """A zone that is disabled, and one at the edge, which has none by design."""
    zone = replace(scene.cloud().zones["z"], **changes)
    assert said(*HERE, zones={"z": zone})[1] == {"zone-1": 1}


@pytest.mark.parametrize(
    "host", [scene.host(resource_state="Disabled"), scene.host(hypervisor="BareMetal"), scene.agent()]
)
def test_zones_without_hosts_for_it(host: Any) -> None:
    """A zone that is being built, or of machines without a hypervisor."""
    assert said(host, scene.store())[1] == {"zone-1": 1}


def test_a_new_one_starts() -> None:
    """Until it has settled nothing is said of the zone; one that lies in Error does not start."""
    assert said(*HERE, scene.vm(state="Starting")) == ({"zone-1": 0}, {})
    assert said(*HERE, scene.vm(agent_state="Connecting", created=scene.NOW - 60)) == ({"zone-1": 0}, {})
    assert said(*HERE, scene.vm(state="Error", created=scene.NOW - 60))[1] == {"zone-1": 0}


def test_new_ones_that_start_and_never_arrive() -> None:
    """CloudStack tries again and again, each time with a new one; one that works between them begins anew."""

    def after(seconds: float, **changes: Any) -> Any:
        return replace(scene.cloud(*HERE, scene.vm(**changes)), at=scene.NOW + seconds, asked=100.0 + seconds)

    first, long = after(0, state="Starting"), SYSTEM_VM_SETTLES_SECONDS
    for last in (after(long, state="Starting"), after(long, id="other", created=scene.NOW + long, agent_state="")):
        found = scene.of_zone(judge, first, after(300, state="Stopping"), last)
        assert scene.problems(found) == ["zone_secondary_storage_served zone-1"]
        found = scene.of_zone(judge, first, after(300), last)
        assert scene.values(found, "zone_secondary_storage_served") == {}


def test_an_agent_of_which_nobody_tells() -> None:
    """Unknown is not healthy, and not broken either."""
    assert said(*HERE, scene.vm(agent_state=""), lacks={"listHosts": Failure(Reason.PERMISSION)}) == ({}, {})
