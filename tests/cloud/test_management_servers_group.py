"""All management servers as one group, with the database that they share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers, Membership, groups, key
from exporter.cloud.objects import ManagementServer, Zone
from exporter.cloud.targeting import targets
from exporter.cloud.targets import DatabaseTarget, ManagementServerTarget

SERVERS = {number: ManagementServer(number, f"mgmt-{number}", "Up", f"10.0.0.{number}") for number in ("1", "2")}


def test_its_members() -> None:
    """Every management server and the database; the group belongs to no zone."""
    cloud = Cloud(
        management_servers=SERVERS, zones={"z": Zone("z", "east", "Advanced", security_groups=False, enabled=True)}
    )
    membership = Membership(groups(cloud))
    found = [target.name for target in targets(cloud) if ManagementServers() in membership.of(target)]
    assert found == ["mgmt-1", "mgmt-2", "cloud"]
    assert key(ManagementServers()) == ("management_servers", "/management servers")


def test_a_cloud_that_tells_of_none() -> None:
    """There is no such group."""
    assert list(groups(Cloud())) == []
    assert list(Membership(()).of(DatabaseTarget())) == []


def test_a_server_that_is_down_is_not_visited() -> None:
    """One that was taken out of service is listed as Down for ever and would be blind for ever."""
    states = {"1": "Up", "2": "Down", "3": "Maintenance", "4": "ReadyToShutDown", "5": ""}
    servers = {number: ManagementServer(number, f"mgmt-{number}", state, "") for number, state in states.items()}
    found = [one.name for one in targets(Cloud(management_servers=servers)) if isinstance(one, ManagementServerTarget)]
    assert found == ["mgmt-1", "mgmt-3", "mgmt-4", "mgmt-5"]
