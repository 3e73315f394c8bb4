"""When agents were lost lately: what one Cloud takes over from the former one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import AgentLoss, Host
from exporter.inventory.agent_losses import KEPT, agent_losses
from exporter.inventory.keeper import Inventory
from exporter.thresholds import HOST_RECONNECTS, HOST_RECONNECTS_SECONDS
from tests.clocks import HandClock
from tests.inventory.small_cloud import rows
from tests.signed_api import lab_api

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
START = 1_795_000_000.0
"""Unix time when the boot clock showed nothing."""


def host(date: float | None = None, **changes: Any) -> Host:
    """Return a host whose agent was last lost at that unix time."""
    given: dict[str, Any] = {
        "id": "h-1", "name": "kvm-1", "type": "Routing", "state": "Up", "resource_state": "Enabled",
        "address": "10.0.1.1", "zone_id": "z", "disconnected": date,
    }  # fmt: skip
    return Host(**(given | changes))


def after(former: Cloud | None, boot: float, *hosts: Host, ahead: float = 0.0) -> Cloud:
    """Return the Cloud of a refresh at that boot time; our unix clock is ``ahead`` of CloudStack's."""
    losses = agent_losses(hosts, former, boot, START + boot + ahead)
    return Cloud(asked=boot, hosts={one.id: one for one in hosts}, agent_losses=losses)


def moments(cloud: Cloud, host_id: str = "h-1") -> list[float]:
    """Return when the host was lost, by our boot clock."""
    return [one.moment for one in cloud.agent_losses.get(host_id, ())]


def seen(dates: Mapping[float, Any], *, ahead: float = 0.0) -> Cloud:
    """Return the last Cloud of refreshes at these boot times, each with the date that was told then."""
    cloud = None
    for boot, date in dates.items():
        cloud = after(cloud, boot, host(date), ahead=ahead)
    assert cloud is not None
    return cloud


def test_each_new_date_is_a_loss() -> None:
    """They are told oldest first, at the time of their dates; a date that stays is no new one."""
    dates = {600.0: START + 500, 900.0: START + 500, 1200.0: START + 1100, 1500.0: START + 1450}
    assert seen(dates).agent_losses == {
        "h-1": (AgentLoss(START + 500, 500), AgentLoss(START + 1100, 1100), AgentLoss(START + 1450, 1450))
    }


@pytest.mark.parametrize("date", [None, START - HOUR, START - 40 * DAY, 0.0])
def test_a_host_that_was_not_lost_within_the_hour(date: float | None) -> None:
    """It is left out: never lost, or long ago, as a restart of the exporter finds it."""
    assert seen({0.0: date, 300.0: date}).agent_losses == {}


def test_a_restart_knows_the_last_loss_at_least() -> None:
    """The API tells of one; the next ones are seen."""
    assert moments(seen({3000.0: START + 2900})) == [2900]
    assert moments(seen({3000.0: START + 2900, 3300.0: START + 3200})) == [2900, 3200]


def test_a_host_that_was_never_lost_before() -> None:
    """Its first date is a loss."""
    assert moments(seen({600.0: None, 900.0: START + 700})) == [700]


def test_losses_leave_after_an_hour() -> None:
    """One after the other, without a new date."""
    dates = {600.0 * turn: START + 600.0 * turn - 60 for turn in range(1, 6)}
    last = START + 600.0 * 5 - 60
    assert len(moments(seen(dates))) == 5
    for later, left in ((4139.0, 5), (4140.0, 4), (4740.0, 3), (6539.0, 1), (6540.0, 0)):
        assert len(moments(seen({**dates, later: last}))) == left


def test_what_is_remembered_is_bounded() -> None:
    """A date of its own at each of many refreshes: the newest are kept."""
    cloud = seen({float(turn): START + turn for turn in range(1, 3 * KEPT)})
    assert moments(cloud) == [float(turn) for turn in range(2 * KEPT, 3 * KEPT)]
    assert KEPT > HOST_RECONNECTS


def test_each_host_has_its_own() -> None:
    """One that is removed is forgotten with the Cloud that lacks it, and counts from its date when it comes back."""
    one, other = host(START + 500), host(START + 550, id="h-2", name="kvm-2")
    first = after(None, 600.0, one, other)
    assert first.agent_losses.keys() == {"h-1", "h-2"}
    second = after(first, 900.0, host(START + 800))
    assert moments(second) == [500, 800]
    assert "h-2" not in second.agent_losses
    third = after(second, 1200.0, host(START + 800), other)
    assert moments(third, "h-2") == [550]
    assert moments(after(second, 2 * HOUR, other), "h-2") == []


def test_two_hosts_of_one_name_are_two() -> None:
    """What was removed and added anew has another id."""
    first = after(None, 600.0, host(START + 500))
    assert after(first, 900.0, host(START + 700, id="h-9")).agent_losses == {"h-9": (AgentLoss(START + 700, 700),)}


def test_refreshes_that_failed_in_between() -> None:
    """The last complete Cloud remembers; what is older than an hour by its date is not counted when it is seen late."""
    before = {600.0: START + 500, 900.0: START + 800}
    assert moments(seen({**before, 3000.0: START + 2900})) == [500, 800, 2900]
    assert moments(seen({**before, 10_000.0: START + 4000})) == []
    assert moments(seen({**before, 10_000.0: START + 9000})) == [9000]


@pytest.mark.parametrize("resource_state", ["Maintenance", "PrepareForMaintenance", "ErrorInMaintenance", "Disabled"])
def test_who_is_taken_out_is_rebooted_on_purpose(resource_state: str) -> None:
    """These losses are not counted, neither then nor when the host is back; those of before stay."""
    cloud = seen({600.0: START + 500})
    for boot in (900.0, 1200.0, 1500.0):
        cloud = after(cloud, boot, host(START + boot - 10, resource_state=resource_state))
    assert moments(cloud) == [500]
    assert moments(after(cloud, 1800.0, host(START + 1490))) == [500]
    assert moments(after(cloud, 1800.0, host(START + 1700))) == [500, 1700]


@pytest.mark.parametrize("ahead", [-3 * HOUR, -30.0, 0.0, 30.0, 3 * HOUR])
def test_clocks_that_disagree(ahead: float) -> None:
    """A loss is one between the two refreshes that show it, whatever the clocks say; and it leaves after an hour."""
    dates = {0.0: None, 300.0: START + 200, 600.0: START + 500, 900.0: START + 800}
    found = moments(seen(dates, ahead=ahead))
    assert len(found) == 3
    assert all(boot - 300 <= moment <= boot for boot, moment in zip((300, 600, 900), found, strict=True))
    assert moments(seen({**dates, 900.0 + HOUR: START + 800}, ahead=ahead)) == []


@pytest.mark.parametrize("jump", [-DAY, -120.0, 120.0, DAY])
def test_a_clock_that_is_set(jump: float) -> None:
    """Our unix clock is set between two refreshes: no loss comes of it, and none is forgotten."""
    first = after(None, 600.0, host(START + 500))
    second = after(first, 900.0, host(START + 500), ahead=jump)
    assert moments(second) == [500]
    third = after(second, 1200.0, host(START + 1100), ahead=jump)
    assert len(moments(third)) == 2
    assert 900 <= moments(third)[1] <= 1200


def test_a_date_in_the_future() -> None:
    """CloudStack's clock is ahead: the loss is of now, and leaves after an hour though its date does not come."""
    assert moments(seen({600.0: START + DAY})) == [600]
    assert moments(seen({600.0: START + DAY, 600.0 + HOUR: START + DAY})) == []


def test_dates_that_go_back_and_forth() -> None:
    """A date that was told before is the same loss; none at all is no loss."""
    told = {600.0: START + 500, 900.0: START + 800, 1200.0: START + 500, 1500.0: START + 800, 1800.0: None}
    assert moments(seen(told)) == [500, 800]
    assert moments(seen({**told, 2100.0: START + 800})) == [500, 800]


@given(
    st.lists(
        st.tuples(st.floats(1, 5000), st.none() | st.floats(-1e5, 1e6), st.sampled_from(["Enabled", "Maintenance"])),
        max_size=30,
    ),
    st.floats(-1e5, 1e5),
)
def test_whatever_the_dates(looks: list[tuple[float, float | None, str]], ahead: float) -> None:
    """What is remembered is bounded, of the last hour, in no future, and never more than was told."""
    boot, cloud, told = 0.0, None, set[float]()
    for pause, age, state in looks:
        boot += pause
        date = None if age is None else START + boot - age
        told |= set() if date is None else {date}
        cloud = after(cloud, boot, host(date, resource_state=state), ahead=ahead)
        found = cloud.agent_losses.get("h-1", ())
        assert len(found) <= KEPT
        assert {one.date for one in found} <= told
        assert len({one.date for one in found}) == len(found)
        assert all(boot - HOST_RECONNECTS_SECONDS < one.moment <= boot for one in found)
        assert not any(math.isinf(one.moment) for one in found)


async def test_the_inventory_hands_them_on() -> None:
    """From Cloud to Cloud, over a refresh that failed; by the dates that listHosts tells."""
    clock, faults, lost = HandClock(), dict[str, object](), 0.0

    def told(command: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        date = datetime.fromtimestamp(lost, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        answer = rows(command, dict(parameters))
        return [{**row, "disconnected": date} for row in answer[:1]] if command == "listHosts" else answer

    async with lab_api(told, faults, clock) as (api, _):
        inventory = Inventory(api, clock, 600.0)
        counts = []
        for fails in (False, False, True, False, False):
            clock.turn(300)
            lost, faults["internal"] = clock.unix() - 40, ["listHosts"] if fails else []
            assert await inventory.refresh_once() is not fails
            assert inventory.cloud is not None
            assert (inventory.cloud.agent_losses["h1"][-1].date == lost) is not fails
            counts.append(len(inventory.cloud.agent_losses["h1"]))
    assert counts == [1, 2, 2, 3, 4]
