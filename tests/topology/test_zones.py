"""What judgments of a zone share."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import PhysicalNetwork
from exporter.cloud.objects import Zone
from exporter.topology.zones import is_zone_judged, physical_name


def test_a_disabled_zone_is_not_judged() -> None:
    """One that CloudStack did not list is: nobody said that it is held back."""
    zones = {one: Zone(one, one, "Advanced", security_groups=False, enabled=one == "on") for one in ("on", "off")}
    assert [is_zone_judged(Cloud(zones=zones), one) for one in ("on", "off", "unknown")] == [True, False, True]


def test_names_of_physical_networks_identify() -> None:
    """One name twice in a zone is told apart by the id, in two zones it need not be."""
    of = (("a", "one", "z"), ("b", "one", "z"), ("c", "two", "z"), ("d", "two", "y"))
    cloud = Cloud(physical_networks={one: PhysicalNetwork(one, name, zone, enabled=True) for one, name, zone in of})
    assert [physical_name(cloud, one) for one in "abcde"] == ["one (a)", "one (b)", "two", "two", "e"]
