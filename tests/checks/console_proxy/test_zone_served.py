"""Whether a zone has a console proxy that can serve, where it needs one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.console_proxy.zone_served import CHECK
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS
from tests.checks.console_proxy.scene import NOW, cloud, of_zone, problems, proxy, values

DOWN = proxy(agent_state="Down")
NEW = proxy("v-3-VM", agent_state="", created=NOW - 120)


@pytest.mark.parametrize(
    ("vms", "changes", "usable", "needed", "served"),
    [
        ((proxy(),), {}, 1, 1, 1),
        ((proxy("v-1-VM"), DOWN), {}, 1, 1, 1),
        ((DOWN,), {}, 0, 1, 0),
        ((DOWN,), {"enabled": False}, 0, 0, 1),
        ((DOWN,), {"running": 0}, 0, 1, 0),
        ((), {"running": 0}, 0, 0, 1),
        ((), {"running": 3}, 0, 1, 0),
        ((NEW,), {}, 0, 1, None),
        ((DOWN, NEW), {}, 0, 1, None),
        ((proxy(state="Starting", agent_state=""),), {}, 0, 1, None),
        ((proxy(state="Stopped", agent_state=""),), {}, 0, 1, 0),
        ((proxy(state="Error", agent_state=""),), {}, 0, 1, 0),
        ((proxy(state="Shutdown", agent_state=""),), {}, 0, 1, 0),
        ((proxy(state="Unknown", agent_state=""),), {}, 0, 1, 0),
        ((proxy(state="Destroyed"), proxy("v-1-VM")), {}, 1, 1, 1),
        ((proxy(state="Destroyed"),), {"running": 0}, 0, 0, 1),
    ],
)
def test_usable_against_needed(
    vms: tuple[Any, ...], changes: dict[str, Any], usable: int, needed: int, served: int | None
) -> None:
    """A disabled zone, one where nothing ever ran, and one whose proxy is just being recreated are no problem."""
    said = of_zone(CHECK, cloud(*vms, **changes))
    expected = {("usable",): usable, ("needed",): needed, ("zone_served",): served}
    assert values(said) == {key: value for key, value in expected.items() if value is not None}
    assert problems(said) == ({("zone_served",)} if served == 0 else set())


def test_an_agent_that_cannot_be_seen_is_not_zero_proxies() -> None:
    """Without agentstate and listHosts the number is unknown; with another that is Up it is enough."""
    blind = cloud(proxy(agent_state=""), lacks=["listHosts"])
    assert values(of_zone(CHECK, blind)) == {("needed",): 1}
    half = cloud(proxy(agent_state=""), proxy("v-3-VM"), lacks=["listHosts"])
    assert of_zone(CHECK, half)["zone_served",].value == 1


def test_new_ones_that_start_and_never_arrive() -> None:
    """CloudStack makes one after the other; one that works between them begins anew."""
    starts = cloud(proxy(state="Starting", agent_state=""))
    between, last = (
        replace(world, at=NOW + seconds, asked=500.0 + seconds)
        for world, seconds in ((cloud(proxy()), 300), (starts, SYSTEM_VM_SETTLES_SECONDS))
    )
    assert problems(of_zone(CHECK, starts, last)) == {("zone_served",)}
    assert ("zone_served",) not in of_zone(CHECK, starts, between, last)
