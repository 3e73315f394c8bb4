"""What guests leave behind on the lab's routers, read by the true questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.lab.faults import CATALOGUE
from exporter.lab.inside.router import router_tree
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports, World
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpLog
from exporter.questions.routers.guest_requests import ROUTER_GUEST_REQUESTS, GuestRequests
from tests.remote_texts import Machine

START = 1_795_300_000.0
Told = tuple[DhcpLog, GuestRequests]


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[World, int], Told]:
    """Return what tells the logs of a router of a world."""

    def told(world: World, number: int) -> Told:
        place = tmp_path / str(number)
        place.mkdir()
        machine = Machine.at(place)
        for path, file in router_tree(world, world.router(number)).files.items():
            if path.startswith(("var/log/", "var/lib/misc/", "etc/dhcphosts")):
                machine.file(path, file.text)
        return machine.read(ROUTER_DHCP), machine.read(ROUTER_GUEST_REQUESTS)

    return told


def world(*faults: str) -> World:
    """Return the lab's world with these faults."""
    made = build(Options(), Ports.block(12000), START)
    for name in faults:
        CATALOGUE[name].apply(made)
    return made


@pytest.mark.parametrize("number", [4, 5, 6, 7, 9, 11, 15, 16])
def test_every_running_guest_was_acknowledged_long_ago(ask: Callable[[World, int], Told], number: int) -> None:
    """And left no offer, and read its user data; all of them are in the list of hosts."""
    made = world()
    log, requests = ask(made, number)
    served = made.served(made.router(number))
    assert all(log.guests[one.nic.mac].has_host for one in served)
    running = [one for one in served if one.state == "Running"]
    assert all(log.guests[one.nic.mac].acknowledged == 1 for one in running)
    assert log.untaken == ()
    assert {one.nic.address for one in running} <= requests.addresses


def test_a_router_that_was_made_anew_has_lost_its_log(ask: Callable[[World, int], Told]) -> None:
    """Its guests asked the one before: it knows them, and nobody asked."""
    made = world()
    log, requests = ask(made, 10)
    served = made.served(made.router(10))
    assert served
    assert all(log.guests[one.nic.mac].has_host and not log.guests[one.nic.mac].asked for one in served)
    assert not {one.nic.address for one in served} & requests.addresses


def test_faults_of_guests(ask: Callable[[World, int], Told]) -> None:
    """A template whose guests never ask, a router that no guest asks, and one that ignores a guest."""
    made = world("template_guests_silent", "dhcp_entry_missing", "router_guests_silent")
    asked = {}
    for number in (4, 6, 9):
        log, _ = ask(made, number)
        for one in made.served(made.router(number)):
            if one.state == "Running":
                guest = log.guests.get(one.nic.mac)
                asked[number, one.template] = (guest.asked, guest.ignored) if guest else None
    assert asked == {
        (4, "debian-12"): (0, 0), (4, "windows-2022"): (2, 0), (6, "debian-12"): (3, 3), (6, "windows-2022"): (2, 0),
        (9, "debian-12"): (0, 0), (9, "windows-2022"): (0, 0),
    }  # fmt: skip
