"""Private gateways of VPCs, whose networks listNetworks does not show."""

from __future__ import annotations

from exporter.cloud.networks import PrivateGateway
from exporter.inventory.refresh import refresh
from exporter.lab.api.server import REQUESTS
from tests.clocks import HandClock
from tests.inventory.small_cloud import rows
from tests.signed_api import lab_api


async def test_private_gateways_of_every_owner() -> None:
    """Those of projects are listed apart; the VLAN is kept as it is written, with the physical network it lies on."""
    clock = HandClock()
    async with lab_api(rows, None, clock) as (api, app):
        cloud = await refresh(api, clock, 1, 600.0)
        asked = [one for one in app[REQUESTS] if one["command"] == "listPrivateGateways"]
    assert cloud.private_gateways == {"pg1": PrivateGateway("pg1", "z1", "vpc1", "vlan://3000", "pn1")}
    assert [one.get("projectid") for one in asked] == ["-1", None]
    assert {one["listall"] for one in asked} == {"true"}


async def test_a_role_that_may_not_list_them() -> None:
    """Roles made for earlier versions lack the command; all the rest is there as before."""
    clock = HandClock()
    async with lab_api(rows, {"forbidden": ["listPrivateGateways"]}, clock) as (api, _):
        cloud = await refresh(api, clock, 1, 600.0)
    assert cloud.lacks.keys() == {"listPrivateGateways"}
    assert not cloud.private_gateways
    assert cloud.networks
    assert cloud.routers
