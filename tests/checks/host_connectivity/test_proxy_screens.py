"""Screens that a console proxy does not reach: which hosts, and what may not alarm."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.proxy_screens import LOOK_AT_PROXY, OPEN_SCREENS, judge
from exporter.cloud.objects import Host, SystemVm
from exporter.cloud.targets import ConsoleProxyTarget
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH, ProxyReach
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.host_connectivity import management_scene
from tests.checks.host_connectivity import reach_scene as scene

ONE, TWO = scene.ADDRESSES[1], scene.ADDRESSES[2]


def proxy(**changes: Any) -> SystemVm:
    """Return a console proxy that has run for long."""
    given: dict[str, Any] = {
        "id": "v", "name": "v-2-VM", "kind": "consoleproxy", "state": "Running", "agent_state": "Up", "zone_id": "z",
        "host_id": "h-1", "created": scene.NOW - 1e6,
    }  # fmt: skip
    return SystemVm(**(given | changes))


def said(
    screens: dict[str, Reach],
    *hosts: Host,
    looks: int = 2,
    vm: SystemVm | None = None,
    known: SystemVm | None = None,
    left_out: int = 0,
) -> list[Sample]:
    """Return what is said of a console proxy; ``known`` is what the newest Cloud has of it."""
    vm = vm or proxy()
    target = ConsoleProxyTarget(vm, "zone-1", None, tuple(screens), left_out=left_out)
    cloud = scene.cloud(*(hosts or (scene.host(1), scene.host(2))), system_vms={vm.id: known or vm})
    return scene.judged(judge, target, {PROXY_REACH: ProxyReach(screens=screens)}, cloud, looks=looks)


def closed(*given: Any, **more: Any) -> dict[tuple[str, ...], float]:
    """Return how many hosts are not reached; nothing when nothing is said."""
    return management_scene.values(said(*given, **more), "console_proxy_hosts_unreachable")


PROXY = ("zone-1", "v-2-VM")


def test_all_are_reached() -> None:
    """Also those that refuse: no machine has the first screen."""
    assert closed({ONE: Reach.OPEN, TWO: Reach.REFUSED}, looks=1) == {PROXY: 0}
    assert closed({ONE: Reach.ESTABLISHED}, looks=1) == {PROXY: 0}


@pytest.mark.parametrize("reach", [Reach.TIMEOUT, Reach.UNREACHABLE])
def test_one_is_behind_a_firewall(reach: Reach) -> None:
    """It is named, and counted among those that were dialled."""
    samples = said({ONE: Reach.REFUSED, TWO: reach})
    sample = scene.only(samples, "console_proxy_hosts_unreachable")
    assert (sample.value, sample.seen, sample.remedy) == (1, f"kvm-2: {reach}; 1 of 2", OPEN_SCREENS)
    assert management_scene.values(samples, "console_proxy_host_unreachable") == {(*PROXY, "kvm-2"): 1}


def test_none_is_reached() -> None:
    """Then it is the proxy's own network."""
    sample = scene.only(said({ONE: Reach.TIMEOUT, TWO: Reach.TIMEOUT}), "console_proxy_hosts_unreachable")
    assert (sample.value, sample.remedy) == (2, LOOK_AT_PROXY)


def test_rows_are_bounded_and_the_count_is_not() -> None:
    """Many hosts at once."""
    hosts = [scene.host(number) for number in range(1, 201)]
    samples = said({host.address: Reach.TIMEOUT for host in hosts}, *hosts)
    assert scene.only(samples, "console_proxy_hosts_unreachable").value == 200
    assert len(samples) == 2 + ROWS_PER_TARGET


@pytest.mark.parametrize("left_out", [0, 244])
def test_hosts_that_nobody_dials(left_out: int) -> None:
    """No verdict speaks of them, and that is told."""
    samples = said({ONE: Reach.OPEN, TWO: Reach.TIMEOUT}, left_out=left_out)
    assert management_scene.values(samples, "console_proxy_hosts_not_dialled") == {PROXY: left_out}
    seen = scene.only(samples, "console_proxy_hosts_unreachable").seen
    assert seen == "kvm-2: timeout; 1 of 2" + (f", {left_out} are not dialled" if left_out else "")


def test_it_is_looked_at_twice() -> None:
    """Nothing is said after one look: a host that is restarted is none, and one that is closed is not reached."""
    assert said({ONE: Reach.OPEN, TWO: Reach.TIMEOUT}, looks=1) == []


def test_the_proxy_is_moved_while_a_host_is_closed_to_it() -> None:
    """The problem lasts: where the proxy runs makes no difference to what it cannot reach."""
    screens = {ONE: Reach.OPEN, TWO: Reach.TIMEOUT}
    vms = [proxy(), proxy(), proxy(host_id="h-2"), proxy(host_id="h-2")]
    found = scene.judged_in_turn(
        lambda vm, answers, cloud: judge(ConsoleProxyTarget(vm, "zone-1", None, tuple(screens)), answers, cloud),
        vms,
        [{PROXY_REACH: ProxyReach(screens=screens)}] * 4,
        scene.cloud(scene.host(1), scene.host(2), system_vms={"v": proxy()}),
    )
    told = [management_scene.values(samples, "console_proxy_hosts_unreachable") for samples in found]
    assert told == [{}, *[{PROXY: 1}] * 3]


@pytest.mark.parametrize("changes", [{"state": "Down"}, {"resource_state": "Maintenance"}, {"created": scene.NOW - 60}])
def test_a_host_that_is_not_expected_to_answer(changes: dict[str, Any]) -> None:
    """It is told by its state, or by nobody; without any other host nothing was looked at."""
    silent = {ONE: Reach.OPEN, TWO: Reach.TIMEOUT}
    assert closed(silent, scene.host(1), scene.host(2, **changes)) == {PROXY: 0}
    assert closed({TWO: Reach.TIMEOUT}, scene.host(1), scene.host(2, **changes)) == {}


def test_a_proxy_that_is_being_made_or_ended() -> None:
    """What fails then means nothing."""
    silent = {ONE: Reach.TIMEOUT}
    assert closed(silent, vm=proxy(created=scene.NOW - 60)) == {}
    assert closed(silent, known=proxy(state="Stopping")) == {}


def test_a_host_that_is_gone() -> None:
    """It was dialled for the Cloud of before."""
    assert closed({"10.0.1.99": Reach.TIMEOUT}) == {}
