"""How guests stand behind several routers: redundant pairs, pods of a shared network, and routers that do not run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from exporter.model import Failure, Reason
from exporter.questions.routers.dhcp import ROUTER_DHCP
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role
from tests.checks.templates import guest_scene as scene

SILENT = scene.NEVER_ASKED
PAIR = (scene.router(1, "n1", is_redundant=True), scene.router(2, "n1", is_redundant=True))


def of_pair(
    primary: scene.Values, backup: scene.Values | None, failures: Mapping[str, Failure] = scene.NONE
) -> dict[str, float]:
    """Return the states of guest 5 behind a pair."""
    values = {"r1": primary} | ({} if backup is None else {"r2": backup | {ROUTER_REDUNDANCY: Role.BACKUP}})
    values["r1"] |= {ROUTER_REDUNDANCY: Role.PRIMARY}
    return scene.states(scene.verdict(scene.cloud((scene.guest(5),), PAIR), values, failures=failures))


def test_a_pair_is_asked_together() -> None:
    """After a failover the log of the other router holds what was asked before; the ARP table of a backup is old."""
    silent, fine = scene.told(known={5: SILENT}), scene.told(known={5: scene.ACKNOWLEDGED})
    old = scene.told(known={5: SILENT}) | {ROUTER_NEIGHBOURS: (scene.entry(5, "STALE"),)}
    assert of_pair(dict(silent), dict(silent)) == {"silent": 1}
    assert of_pair(dict(silent), dict(fine)) == {"fine": 1}
    assert of_pair(dict(fine), dict(silent)) == {"fine": 1}
    assert of_pair(dict(silent), dict(old)) == {"silent": 1}
    assert of_pair(dict(silent), None) == {"unknown": 1}


def test_a_router_that_goes_takes_no_memory_along() -> None:
    """That the guest runs since long is known of the other router too: nobody saw it start."""
    values = {"r1": scene.told(known={5: SILENT}), "r2": scene.told(known={5: SILENT}, log={"seconds": scene.DAY})}
    values["r2"] |= {ROUTER_REDUNDANCY: Role.PRIMARY}
    both, one = scene.cloud((scene.guest(5),), PAIR), scene.cloud((scene.guest(5),), PAIR[1:])
    watch = scene.Watch()
    found = [scene.states(watch.look(seen_by, values)) for seen_by in (both, both, one, one)]
    assert found == [{"unknown": 1}] * 4


def test_a_backup_that_never_served_has_no_log() -> None:
    """That is no gap, unless it is younger than the guest, or the primary lacks its log."""
    silent = scene.told(known={5: SILENT})
    backup = {question: value for question, value in silent.items() if question is not ROUTER_DHCP}
    missing = {"r2": Failure(Reason.MISSING)}
    assert of_pair(dict(silent), dict(backup), failures=missing) == {"silent": 1}
    assert of_pair(dict(silent), dict(backup), failures={"r2": Failure(Reason.TIMEOUT)}) == {"unknown": 1}
    young = scene.changed(silent, ROUTER_IDENTITY, uptime=3600.0)[ROUTER_IDENTITY]
    assert of_pair(dict(silent), backup | {ROUTER_IDENTITY: young}, failures={"r2": Failure(Reason.MISSING)}) == {
        "unknown": 1
    }
    assert of_pair(dict(backup), dict(silent), failures={"r1": Failure(Reason.MISSING)}) == {"unknown": 1}


def test_two_backups_prove_nothing() -> None:
    """Nobody serves: another check says so."""
    silent = scene.told(known={5: SILENT}) | {ROUTER_REDUNDANCY: Role.BACKUP}
    seen_by = scene.cloud((scene.guest(5),), PAIR)
    assert scene.states(scene.verdict(seen_by, {"r1": silent, "r2": silent})) == {"unknown": 1}


def test_the_pods_of_a_shared_network() -> None:
    """Each router knows the guests of its pod; one that has an entry serves the guest, and all must have told."""
    pods = tuple(scene.router(one, nics=(scene.nic(9000 + one, is_default=False),)) for one in (1, 2))
    network = scene.network(type="Shared", gateway="192.0.2.1")
    seen_by = scene.cloud((scene.guest(5), scene.guest(6)), pods, (network,))
    first, second = (
        scene.told(known={number: SILENT}) | {ROUTER_NEIGHBOURS: (scene.entry(number, "FAILED"),)} for number in (6, 5)
    )
    found = scene.verdict(seen_by, {"r1": first, "r2": second})
    assert scene.states(found) == {"silent": 2}
    second = scene.told(known={5: scene.ACKNOWLEDGED})
    found = scene.verdict(seen_by, {"r1": first, "r2": second})
    assert scene.states(found) == {"silent": 1, "fine": 1}
    assert scene.states(scene.verdict(seen_by, {"r1": first})) == {"unknown": 2}
    missing = scene.verdict(seen_by, {"r1": scene.told(), "r2": scene.told()})
    assert scene.states(missing) == {"missing_host_entry": 2}


def test_routers_that_do_not_run_are_not_waited_for() -> None:
    """Nor internal load balancers, nor those of other zones."""
    others = (
        scene.router(2, "n1", state="Stopped"),
        scene.router(3, "n1", role="INTERNAL_LB_VM"),
        replace(scene.router(4, "n1"), zone_id="other"),
    )
    seen_by = scene.cloud((scene.guest(5),), (scene.router(), *others))
    assert scene.states(scene.verdict(seen_by, {"r1": scene.told(known={5: SILENT})})) == {"silent": 1}
