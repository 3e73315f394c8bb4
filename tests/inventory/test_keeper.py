"""The keeper: swaps whole, keeps the last one, and says so."""

from __future__ import annotations

from exporter.inventory.keeper import Inventory
from exporter.model import Failure, Reason
from tests.clocks import HandClock
from tests.inventory.small_cloud import rows
from tests.signed_api import lab_api


async def test_failed_refresh_keeps_the_last_cloud_and_says_since_when() -> None:
    """The Cloud stays and does not get younger; the first failure's time stands until a success."""
    clock, faults = HandClock(), dict[str, object]()
    async with lab_api(rows, faults, clock) as (api, _):
        inventory = Inventory(api, clock, 600.0)
        assert (inventory.cloud, inventory.failure, inventory.failed_since) == (None, None, 0)
        assert await inventory.refresh_once()
        first = inventory.cloud
        assert first is not None
        assert (first.generation, first.at) == (1, clock.unix())
        since = clock.unix() + 10
        for fault, reason in (("refuse", Reason.AUTH), ("booting", Reason.BOOTING)):
            clock.turn(10)
            faults.clear()
            faults[fault] = True
            assert not await inventory.refresh_once()
            assert inventory.cloud is first
            assert inventory.failure is not None
            assert inventory.failure.reason is reason
            assert inventory.failed_since == since
        faults.clear()
        assert await inventory.refresh_once()
        assert inventory.cloud is not first
        assert inventory.cloud is not None
        assert inventory.cloud.generation == 2
        assert (inventory.failure, inventory.failed_since, inventory.cloud.at) == (None, 0.0, clock.unix())


async def test_first_refresh_may_fail() -> None:
    """Without any success there is no Cloud, and the failure is told."""
    clock = HandClock()
    async with lab_api(rows, {"internal": ["listRouters"]}, clock) as (api, _):
        inventory = Inventory(api, clock, 600.0)
        assert not await inventory.refresh_once()
    assert inventory.cloud is None
    assert inventory.failure is not None
    assert "listRouters" in inventory.failure.detail
    assert inventory.failed_since == clock.unix()


async def test_objects_that_are_gone_leave_with_the_next_cloud() -> None:
    """Nothing of the last Cloud is carried over."""
    clock = HandClock()
    gone: set[str] = set()
    async with lab_api(lambda command, told: [] if command in gone else rows(command, dict(told)), None, clock) as (
        api,
        _,
    ):
        inventory = Inventory(api, clock, 600.0)
        await inventory.refresh_once()
        assert inventory.cloud is not None
        assert inventory.cloud.routers
        gone.add("listRouters")
        await inventory.refresh_once()
        assert not inventory.cloud.routers
        assert inventory.cloud.instances


async def test_an_inventory_that_ends_before_the_next_is_complete_is_trouble() -> None:
    """No refresh has failed, and yet nothing may rest on it; a failure comes first, and a success ends both."""
    clock, faults = HandClock(), dict[str, object]()
    async with lab_api(rows, faults, clock) as (api, _):
        inventory = Inventory(api, clock, 600.0)
        assert inventory.trouble() is None
        await inventory.refresh_once()
        clock.turn(599)
        assert inventory.trouble() is None
        since = clock.unix() + 1
        clock.turn(61)
        detail = "the inventory is past its 600 s, and the next is not complete"
        assert inventory.trouble() == (Failure(Reason.TIMEOUT, detail), since)
        faults["internal"] = True
        await inventory.refresh_once()
        assert inventory.trouble() == (inventory.failure, clock.unix())
        faults.clear()
        await inventory.refresh_once()
        assert inventory.trouble() is None
