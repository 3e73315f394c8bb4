"""Nicira NVP controllers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.host_connectivity.nvp_controllers import judge
from exporter.cloud.networks import PhysicalNetwork
from exporter.cloud.objects import Host, NvpDevice
from exporter.model import Sample
from exporter.thresholds import HOST_SETTLES_SECONDS
from tests.checks.host_connectivity import states_scene as scene
from tests.checks.host_connectivity.states_scene import NOW

NAME = "Nicira Controller - 10.0.0.60"
DEVICE = NvpDevice("n", "NiciraNvp", "pn", "10.0.0.60")


def controller(**changes: Any) -> Host:
    """Return the row of a controller."""
    given = {"name": NAME, "type": "L2Networking", "address": "10.0.0.60", "hypervisor": "", "cluster_id": ""}
    return scene.host(**(given | changes))


def said(*hosts: Host, devices: tuple[NvpDevice, ...] = (DEVICE,), **fields: Any) -> list[Sample]:
    """Return what is said of the zone."""
    network = PhysicalNetwork("pn", "guests", "z", enabled=True, isolation_methods=("STT",))
    nvp = {one.id: one for one in devices}
    return scene.of_zone(judge, scene.cloud(*hosts, nvp_devices=nvp, physical_networks={"pn": network}, **fields))


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("Up", {NAME: 1}), ("Alert", {NAME: 0}), ("Down", {NAME: 0}), ("Disconnected", {NAME: 0}), ("Connecting", {})],
)
def test_each_state(state: str, verdict: dict[str, float]) -> None:
    """While it connects nothing is said."""
    assert scene.values(said(controller(state=state)), "nvp_controller_up") == verdict


@pytest.mark.parametrize("changes", [{"resource_state": "Disabled"}, {"created": NOW - HOST_SETTLES_SECONDS + 1},
                                     {"type": "Routing"}, {"zone_id": "other"}])  # fmt: skip
def test_rows_that_are_not_judged(changes: dict[str, Any]) -> None:
    """Disabled, just added, hypervisors, other zones."""
    assert scene.values(said(controller(state="Alert", **changes)), "nvp_controller_up") == {}


def test_a_device_and_its_row() -> None:
    """They belong together by the address, which some versions have in the name alone."""
    for row in (controller(), controller(address="")):
        assert [one.value for one in said(row) if one.metric.name.endswith("unattended")] == [0]
    info = next(one for one in said() if one.metric.name.endswith("_info"))
    assert info.labels == ("zone-1", "guests", "NiciraNvp", "10.0.0.60")


def test_a_device_without_its_row() -> None:
    """Nobody asks the controller; a zone that is disabled is being built."""
    others = controller(address="10.0.0.6", name="Nicira Controller - 10.0.0.6")
    assert scene.problems(said(others)) == ["nvp_device_unattended 10.0.0.60"]
    disabled = replace(scene.cloud().zones["z"], enabled=False)
    assert scene.problems(said(others, zones={"z": disabled})) == []


def test_what_is_not_known() -> None:
    """A device without an address, one of an unknown physical network, and zones that have none."""
    assert scene.problems(said(devices=(replace(DEVICE, address=""),))) == []
    assert said(devices=(replace(DEVICE, physical_network_id="x"),)) == said(devices=()) == []
