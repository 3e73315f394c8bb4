"""How each guest stands: the table of what a router proves, and every trap that must not be called silence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.cloud.objects import Instance
from exporter.model import Failure, Reason
from exporter.questions.routers.dhcp import DhcpGuest, UntakenOffers
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.questions.routers.sockets import ROUTER_SOCKETS
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role
from tests.checks.templates import guest_scene as scene

ASKED = DhcpGuest(has_host=True, asked=3)
IGNORED = DhcpGuest(asked=3, ignored=3)
SILENT = scene.NEVER_ASKED


def state(
    known: DhcpGuest | None,
    *entries: RouterNeighbour,
    of: Instance | None = None,
    network: Any = None,
    router: Any = None,
    more: scene.Values | None = None,
    looks: int = 2,
    **log: Any,
) -> str:
    """Return the state of guest 5 by what its router knows; empty when it is not judged at all."""
    values = scene.told(known={} if known is None else {5: known}, log=log)
    values |= {ROUTER_NEIGHBOURS: entries} | (more or {})
    seen_by = scene.cloud((of or scene.guest(5),), (router or scene.router(),), (network or scene.network(),))
    found = scene.states(scene.verdict(seen_by, {"r1": values}, looks))
    assert sum(found.values()) in (0, 1)
    return "".join(found)


@pytest.mark.parametrize(
    ("known", "entries", "expected"),
    [
        (scene.ACKNOWLEDGED, (), "fine"),
        (scene.ACKNOWLEDGED, (scene.entry(5, "FAILED"),), "fine"),
        (DhcpGuest(has_host=True, has_id=True), (), "fine"),
        (SILENT, (scene.entry(5, "REACHABLE"),), "fine"),
        (SILENT, (scene.entry(5, "STALE"),), "fine"),
        (SILENT, (scene.entry(5, "DELAY"),), "fine"),
        (SILENT, (scene.entry(5, "PROBE"),), "fine"),
        (None, (scene.entry(5, "STALE"),), "fine"),
        (SILENT, (), "silent"),
        (SILENT, (scene.entry(5, "FAILED"),), "silent"),
        (SILENT, (scene.entry(5, "INCOMPLETE"),), "silent"),
        (SILENT, (scene.entry(5, "STALE", of=6),), "silent"),
        (SILENT, (scene.entry(5, "PERMANENT"),), "unknown"),
        (SILENT, (scene.entry(5, "NOARP"),), "unknown"),
        (SILENT, (scene.entry(5, "PROBE", of=6),), "unknown"),
        (SILENT, (scene.entry(5, "REACHABLE", of=6),), "duplicate"),
        (scene.ACKNOWLEDGED, (scene.entry(5, "REACHABLE", of=6),), "duplicate"),
        (ASKED, (), "no_answer"),
        (DhcpGuest(has_host=True, asked=2, ignored=2), (), "no_answer"),
        (IGNORED, (), "missing_host_entry"),
        (None, (), "missing_host_entry"),
    ],
)
def test_what_a_router_proves(known: DhcpGuest | None, entries: tuple[RouterNeighbour, ...], expected: str) -> None:
    """Acknowledged or heard is fine, also a static guest; an entry of a former owner of the address says nothing."""
    assert state(known, *entries) == expected


def test_an_offer_that_was_not_taken_is_no_silence() -> None:
    """Another server, or a way on which the guest hears nobody: a check of VLANs speaks of it."""
    offers = (UntakenOffers("eth0", scene.mac(5), scene.address(5), 3),)
    assert state(ASKED, untaken=offers) == "offer_untaken"


def test_nobody_listens() -> None:
    """Without a DHCP server the log has no line: that is no answer. Where the sockets were not told it is unknown."""
    assert state(SILENT, more={ROUTER_SOCKETS: ()}) == "no_answer"
    values = scene.told(known={5: SILENT})
    del values[ROUTER_SOCKETS]
    assert scene.states(scene.verdict(scene.cloud((scene.guest(5),)), {"r1": values})) == {"unknown": 1}


@pytest.mark.parametrize(
    "log",
    [
        {"seconds": None},
        {"seconds": 3600.0},
        {"seconds": 4 * scene.DAY},
    ],
)
def test_a_log_that_began_after_the_guest_proves_nothing(log: dict[str, Any]) -> None:
    """It was rotated, or lost with its router."""
    assert state(SILENT, **log) == "unknown"
    assert state(scene.ACKNOWLEDGED, **log) == "fine"


def test_a_router_that_is_younger_than_the_guest_proves_nothing() -> None:
    """Made anew, or booted: what was asked before, or while it was down, is not in its log."""
    assert state(SILENT, router=scene.router(created=scene.NOW - scene.DAY)) == "unknown"
    booted = scene.changed(scene.told(), ROUTER_IDENTITY, uptime=scene.DAY)[ROUTER_IDENTITY]
    assert state(SILENT, more={ROUTER_IDENTITY: booted}) == "unknown"
    values = scene.told(known={5: SILENT})
    del values[ROUTER_IDENTITY]
    assert scene.states(scene.verdict(scene.cloud((scene.guest(5),)), {"r1": values})) == {"unknown": 1}


def test_the_first_guest_of_a_network_is_older_than_its_router() -> None:
    """By the minutes in which the router was made for it; that does not excuse it."""
    router = scene.router(created=scene.NOW - 5 * scene.DAY + 120)
    assert state(SILENT, router=router, seconds=5 * scene.DAY - 200) == "silent"
    assert state(SILENT, router=router, seconds=5 * scene.DAY - 2000) == "unknown"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((), "unknown"),
        ((scene.entry(5, "FAILED"),), "silent"),
        ((scene.entry(5, "INCOMPLETE"),), "silent"),
        ((scene.entry(5, "STALE"),), "fine"),
        ((scene.entry(5, "STALE", of=6),), "unknown"),
        ((scene.entry(5, "FAILED"), scene.entry(6, "STALE")), "silent"),
    ],
)
@pytest.mark.parametrize("gateway", ["192.0.2.1", ""])
def test_a_router_that_is_not_the_gateway(entries: tuple[RouterNeighbour, ...], expected: str, gateway: str) -> None:
    """A static guest never talks to it: only an address at which it found nobody is silent; also where none is told."""
    assert state(SILENT, *entries, network=scene.network(type="Shared", gateway=gateway)) == expected


def test_the_gateway_of_a_guest_is_its_own() -> None:
    """A shared network has several ranges, each with a gateway."""
    own, other = scene.gateway("n1"), "192.0.2.1"
    elsewhere = scene.guest(5, nics=(scene.nic(5, gateway=other),))
    here = scene.guest(5, nics=(scene.nic(5, gateway=own),))
    assert state(SILENT, of=elsewhere) == "unknown"
    assert state(SILENT, of=here, network=scene.network(gateway=other)) == "silent"


def test_the_gateway_of_a_pair_is_virtual() -> None:
    """Neither of the two has it as its own."""
    pair = tuple(
        scene.router(number, is_redundant=True, nics=(scene.nic(9000 + number, gateway=scene.gateway("n1")),))
        for number in (1, 2)
    )
    told = scene.told(known={5: SILENT})
    values = {"r1": told | {ROUTER_REDUNDANCY: Role.PRIMARY}, "r2": told | {ROUTER_REDUNDANCY: Role.BACKUP}}
    isolated, shared = (
        scene.states(scene.verdict(scene.cloud((scene.guest(5),), pair, (scene.network(type=kind),)), values))
        for kind in ("Isolated", "Shared")
    )
    assert (isolated, shared) == ({"silent": 1}, {"unknown": 1})


def test_an_iso_in_the_drive() -> None:
    """The machine may be at an installer or a rescue system: fine when it is heard, else unknown."""
    assert state(SILENT, of=scene.guest(5, iso_id="tools")) == "unknown"
    assert state(SILENT, scene.entry(5, "STALE"), of=scene.guest(5, iso_id="tools")) == "fine"


def test_what_is_not_listed_for_a_while_is_not_forgotten() -> None:
    """That a guest runs since long is remembered while its template is not told."""
    watch, values = scene.Watch(), {"r1": scene.told(known={5: SILENT}, log={"seconds": scene.DAY})}
    listed, unlisted = scene.cloud((scene.guest(5),)), scene.cloud((scene.guest(5),), gone=("t1",))
    found = [scene.states(watch.look(seen_by, values)) for seen_by in (listed, unlisted, listed, listed)]
    assert found == [{"unknown": 1}, {}, {"unknown": 1}, {"unknown": 1}]


def test_a_guest_of_unknown_age_is_judged_when_it_was_seen_to_start() -> None:
    """Then the log need not reach back further than that."""
    watch, values = scene.Watch(), scene.told(known={5: SILENT}, log={"seconds": 2 * scene.STEP})
    before, after = scene.guest(5, created=None, state="Stopped"), scene.guest(5, created=None)
    watch.look(scene.cloud((before,)), {"r1": values})
    found = [scene.states(watch.look(scene.cloud((after,)), {"r1": values})) for _ in range(2)]
    assert found == [{"unknown": 1}, {"silent": 1}]
    always = [scene.states(scene.verdict(scene.cloud((after,)), {"r1": values}, looks)) for looks in (2, 3)]
    assert always == [{"unknown": 1}, {"unknown": 1}]


def test_a_stopped_guest_begins_anew() -> None:
    """Its former run does not count."""
    watch, values = scene.Watch(), {"r1": scene.told(known={5: SILENT})}
    running, stopped = scene.cloud((scene.guest(5),)), scene.cloud((scene.guest(5, state="Stopped"),))
    found = [scene.states(watch.look(seen_by, values)) for seen_by in (running, running, stopped, running, running)]
    assert found == [{"unknown": 1}, {"silent": 1}, {}, {"unknown": 1}, {"silent": 1}]


def test_one_look_is_not_enough() -> None:
    """A guest that has run for less than a quarter of an hour may still start; fine is fine at once."""
    assert state(SILENT, looks=1) == "unknown"
    assert state(None, looks=1) == "unknown"
    assert state(ASKED, looks=1) == "unknown"
    assert state(scene.ACKNOWLEDGED, looks=1) == "fine"


def test_windows_needs_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sysprep at the first start takes twenty minutes."""
    monkeypatch.setattr(scene, "STEP", 1500.0)
    windows = scene.guest(5, os_name="Windows Server 2022 (64-bit)")
    assert state(SILENT) == "silent"
    assert state(SILENT, of=windows) == "unknown"
    assert state(SILENT, of=windows, looks=3) == "silent"
    assert state(SILENT, scene.entry(5, "STALE"), of=windows) == "fine"


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "Stopped"},
        {"state": "Starting"},
        {"state": "Stopping"},
        {"state": "Error"},
        {"template_id": ""},
        {"hypervisor": "BareMetal"},
        {"nics": (scene.nic(5, is_default=False),)},
        {"nics": (scene.nic(5, address=""),)},
        {"nics": (scene.nic(5, mac=""),)},
        {"nics": (scene.nic(6, "n2"), scene.nic(5, is_default=False))},
        {"nics": ()},
    ],
)
def test_guests_that_are_not_judged(fields: dict[str, Any]) -> None:
    """Not running, made from nothing, second NICs, NICs without address: of IPv6 alone, or of L2."""
    assert state(SILENT, of=scene.guest(5, **fields)) == ""


def test_a_migration_does_not_begin_anew() -> None:
    """A guest that migrates goes on running."""
    assert state(SILENT, of=scene.guest(5, state="Migrating")) == "silent"


@pytest.mark.parametrize(
    "services",
    [
        {},
        {"Dhcp": frozenset({"ConfigDrive"})},
        {"Dns": frozenset({"VirtualRouter"})},
        scene.SERVICES | {"UserData": frozenset({"ConfigDrive"})},
    ],
)
def test_networks_that_are_not_judged(services: dict[str, frozenset[str]]) -> None:
    """L2, DHCP of somebody else or of nobody, and ConfigDrive, from which guests take static addresses."""
    assert state(SILENT, network=scene.network(services=services)) == ""


def test_appliances_are_configured_by_hand() -> None:
    """A network appliance does not ask."""
    seen_by = scene.cloud((scene.guest(5),), templates=(scene.template(type="VNF"),))
    assert scene.states(scene.verdict(seen_by, {"r1": scene.told(known={5: SILENT})})) == {}


@pytest.mark.parametrize(
    "fields", [{"state": "Disconnected"}, {"resource_state": "PrepareForMaintenance"}, {"created": scene.NOW - 60}]
)
def test_a_host_that_is_not_judged(fields: dict[str, Any]) -> None:
    """Not Up: what CloudStack says of its machines is old. In maintenance or just added: somebody works on it."""
    seen_by = scene.cloud((scene.guest(5),), hosts=(scene.host("h1", **fields),))
    assert scene.states(scene.verdict(seen_by, {"r1": scene.told(known={5: SILENT})})) == {"unknown": 1}


def test_a_disabled_zone_is_not_judged() -> None:
    """It is being built or taken down; and that its guests have long been running is not forgotten meanwhile."""
    enabled = scene.cloud((scene.guest(5),))
    disabled = replace(enabled, zones={"z": replace(enabled.zones["z"], enabled=False)})
    watch, values = scene.Watch(), {"r1": scene.told(known={5: SILENT}, log={"seconds": scene.DAY})}
    found = [scene.states(watch.look(seen_by, values)) for seen_by in (enabled, disabled, enabled, enabled)]
    assert found == [{"unknown": 1}, {}, {"unknown": 1}, {"unknown": 1}]


def test_a_large_table_forgets() -> None:
    """From 128 entries on the kernel drops those that were not used lately; in a small table no entry is ever lost."""
    crowd = tuple(scene.entry(number, "STALE") for number in range(1000, 1128))
    assert state(SILENT, *crowd) == "unknown"
    assert state(SILENT, *crowd[:-1]) == "silent"
    assert state(SILENT, *crowd, scene.entry(5, "FAILED")) == "silent"
    values = scene.told(known={5: SILENT})
    del values[ROUTER_NEIGHBOURS]
    assert scene.states(scene.verdict(scene.cloud((scene.guest(5),)), {"r1": values})) == {"unknown": 1}


def test_a_list_of_hosts_that_could_not_be_read_lacks_nobody() -> None:
    """And an old router without one is judged by what was asked."""
    assert state(None, knows_hosts=False) == "silent"


def test_a_router_that_did_not_tell() -> None:
    """Its guests are counted, and nothing is known of them."""
    seen_by = scene.cloud((scene.guest(5),))
    assert scene.states(scene.verdict(seen_by, {})) == {"unknown": 1}
    values = scene.told(known={5: SILENT})
    del values[ROUTER_REDUNDANCY]
    assert scene.states(scene.verdict(seen_by, {"r1": values})) == {"unknown": 1}
    assert scene.states(scene.verdict(seen_by, {}, failures={"r1": Failure(Reason.MISSING)})) == {"unknown": 1}
