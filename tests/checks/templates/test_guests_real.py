"""Real clients, a real DHCP server and a real switch: a guest whose NIC is misnamed stays silent, and no other one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.questions.routers.dhcp import ROUTER_DHCP
from tests.checks.templates import guest_scene as scene
from tests.checks.templates import real_guests as real
from tests.real_parts import require, require_root

ROUTER = scene.router(1, nics=(scene.nic(1, is_default=False),))


@pytest.fixture(scope="module")
def answers() -> Iterator[scene.Values]:
    """Yield what the router told."""
    require(*real.TOOLS)
    require_root("namespaces need root")
    with tempfile.TemporaryDirectory(prefix="g") as place:  # a short path: sockets lie below it
        yield real.answers(Path(place))


def state(answers: scene.Values, number: int) -> str:
    """Return the state of one guest."""
    network = scene.network(gateway=scene.address(1))
    seen_by = scene.cloud((scene.guest(number, created=scene.NOW),), (ROUTER,), (network,))
    return "".join(scene.states(scene.verdict(seen_by, {"r1": answers})))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (real.UDHCPC, "fine"),
        (real.DHCLIENT, "fine"),
        (real.WITHOUT_ID, "fine"),
        (real.STATIC, "fine"),
        (real.STRANGER, "missing_host_entry"),
        (real.MISNAMED, "silent"),
        (real.CUT_OFF, "silent"),
    ],
)
def test_each_guest_stands_as_it_is(answers: scene.Values, number: int, expected: str) -> None:
    """What the router knows of each; one of another VLAN is as silent, and told apart by where it is."""
    assert state(answers, number) == expected


def test_what_the_log_tells(answers: scene.Values) -> None:
    """Who asked, who was acknowledged, who was ignored; the static guest and the misnamed one never asked."""
    guests = answers[ROUTER_DHCP].guests
    acknowledged = {number for number in range(10, 17) if guests[scene.mac(number)].acknowledged}
    assert acknowledged == {real.UDHCPC, real.DHCLIENT, real.WITHOUT_ID}
    stranger = guests[scene.mac(real.STRANGER)]
    assert stranger.ignored == stranger.asked > 0
    assert not any(guests[scene.mac(number)].asked for number in (real.STATIC, real.MISNAMED, real.CUT_OFF))
    assert {number for number in real.KNOWN if guests[scene.mac(number)].has_host} == set(real.KNOWN)
    assert answers[ROUTER_DHCP].seconds is not None


def test_client_ids_are_a_rare_bonus(answers: scene.Values) -> None:
    """Of three guests that asked, only those whose client sends one have an id in the leases."""
    guests = answers[ROUTER_DHCP].guests
    assert [guests[scene.mac(number)].has_id for number in (real.UDHCPC, real.WITHOUT_ID)] == [True, False]
