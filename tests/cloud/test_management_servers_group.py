"""All management servers as one group, with the database that they share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers, Membership, groups, key
from exporter.cloud.objects import ManagementServer, Zone
from exporter.cloud.targets import DatabaseTarget, targets

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
