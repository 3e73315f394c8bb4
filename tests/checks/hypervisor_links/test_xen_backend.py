"""XenServer hosts that were switched and not started anew."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.xen_backend import REBOOT, judge
from exporter.model import Sample
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.hypervisor_links import links_scene as scene


def found(backend: XenBackend, **fields: Any) -> list[Sample]:
    """Return what is said of a host."""
    return list(judge(scene.xen_target(**fields), scene.answers({XEN_BACKEND: backend}), scene.cloud()))


@pytest.mark.parametrize(
    "backend",
    [
        XenBackend(configured="bridge", bridges=2),
        XenBackend(configured="openvswitch", runs_openvswitch=True),
        XenBackend(configured="openvswitch"),
    ],
    ids=["bridges", "Open vSwitch", "nothing tells what runs"],
)
def test_what_is_set_runs(backend: XenBackend) -> None:
    """Zero is said."""
    assert scene.values_of(found(backend)) == {("network_backend_pending", "xen1"): 0}


@pytest.mark.parametrize(
    ("backend", "seen"),
    [
        (XenBackend(configured="bridge", runs_openvswitch=True), "network.conf: bridge; running: openvswitch"),
        (XenBackend(configured="openvswitch", bridges=2), "network.conf: openvswitch; running: bridge"),
    ],
)
def test_switched_without_a_reboot(backend: XenBackend, seen: str) -> None:
    """Either way."""
    (one,) = found(backend)
    assert (one.value, one.seen, one.remedy) == (1, seen, REBOOT)


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """They are put into maintenance to be switched: zero is said, so that an alert that fired ends."""
    held = found(XenBackend(configured="bridge", runs_openvswitch=True), **fields)
    assert scene.values_of(held) == {("network_backend_pending", "xen1"): 0}
