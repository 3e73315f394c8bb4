"""Whether the password service answers: eras, roles, evidence and remedies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.password_reset.daemon import (
    CHECK,
    FREE_PORT,
    REBOOT_ROUTER,
    RECREATE_ROUTER,
    RESTART_DAEMON,
    RESTART_NETWORK,
)
from exporter.model import Question, Sample
from exporter.questions.routers.password import PASSWORD_PROBE, PASSWORD_UNITS, Probe, Unit, Units
from exporter.questions.routers.sockets import ANY, ROUTER_PROCESSES, ROUTER_SOCKETS, Process, Socket
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role
from tests.checks.password_reset.scene import (
    ALONE,
    NOW,
    PAIR,
    SERVICES,
    VPC,
    WEB,
    Visitor,
    cloud,
    healthy,
    problems,
    values,
)

UP = ("daemon_up", "r-4-VM", "10.1.1.1")
DOWN: dict[Question[Any], Any] = {PASSWORD_PROBE: {"10.1.1.1": Probe.REFUSED}, ROUTER_PROCESSES: (), ROUTER_SOCKETS: ()}


def finding(**more: Any) -> Sample:
    """Return the one problem of a router that is down in some way."""
    given: dict[Question[Any], Any] = healthy() | DOWN | more.pop("values", {})
    (found,) = problems(Visitor(CHECK, **more).visit(values=given))
    assert found.metric.name.endswith("daemon_up")
    return found


def test_a_healthy_router_says_one() -> None:
    """Zero problems are said with a sample, and how the probe was answered beside it."""
    assert values(Visitor(CHECK).visit()) == {UP: 1, ("probe_info", "r-4-VM", "10.1.1.1", "unsupported_method"): 1}


@pytest.mark.parametrize("word", list(Probe))
def test_every_outcome_has_a_verdict(word: Probe) -> None:
    """Only the two answers of a password server are up; what may pass by itself waits for the second look."""
    waits = word in (Probe.ABSENT, Probe.TIMEOUT, Probe.SILENT)
    given = values(Visitor(CHECK).visit(values=healthy() | {PASSWORD_PROBE: {"10.1.1.1": word}}))
    assert given.get(UP) == (1 if word.is_good else None if waits else 0)
    assert given["probe_info", "r-4-VM", "10.1.1.1", word] == 1


def test_each_tier_of_a_vpc_is_judged() -> None:
    """One of two daemons is down: that address says 0."""
    given = healthy(VPC) | {PASSWORD_PROBE: {"10.3.1.1": Probe.BAD_REQUEST, "10.3.2.1": Probe.CLOSED}}
    found = values(Visitor(CHECK, VPC).visit(values=given))
    assert found["daemon_up", "r-7-VM", "10.3.1.1"] == 1
    assert found["daemon_up", "r-7-VM", "10.3.2.1"] == 0


def test_only_the_primary_of_a_pair_is_judged() -> None:
    """The shared gateway counts on the primary; a backup without a daemon is healthy and says nothing."""
    primary, backup = PAIR
    assert (
        values(Visitor(CHECK, primary).visit(values=healthy(primary, Role.PRIMARY)))["daemon_up", "r-5-VM", "10.2.1.1"]
        == 1
    )
    for role in (Role.BACKUP, Role.FAULT, Role.UNKNOWN):
        assert Visitor(CHECK, backup).visit(values=healthy(backup, role)) == []


def test_the_routers_word_counts_not_cloudstacks() -> None:
    """CloudStack has not yet heard of a fail-over."""
    primary = replace(PAIR[0], redundant_state="BACKUP")
    given = healthy(primary, Role.PRIMARY) | {PASSWORD_PROBE: {"10.2.1.1": Probe.REFUSED}}
    assert values(Visitor(CHECK, primary).visit(values=given))["daemon_up", "r-5-VM", "10.2.1.1"] == 0


def test_config_drive_and_no_tiers_say_nothing() -> None:
    """Networks whose user data is on a config drive have no password service on the router."""
    drive = replace(WEB, services=SERVICES | {"UserData": frozenset({"ConfigDrive"})})
    assert Visitor(CHECK, cloud=cloud(networks=(drive,))).visit(values=healthy() | DOWN) == []
    assert Visitor(CHECK, replace(VPC, nics=())).visit(values=healthy() | DOWN) == []


@pytest.mark.parametrize("young", [{"created": NOW}, {"created": None}])
def test_a_router_that_settles_is_not_blamed(young: dict[str, Any]) -> None:
    """In its first quarter of an hour it may be good, but not bad; a boot counts as well."""
    given = healthy() | DOWN
    given[ROUTER_IDENTITY] = replace(given[ROUTER_IDENTITY], uptime=30.0)
    assert UP not in values(Visitor(CHECK, replace(ALONE, **young)).visit(values=given))
    given[PASSWORD_PROBE] = {"10.1.1.1": Probe.BAD_REQUEST}
    assert values(Visitor(CHECK, replace(ALONE, **young)).visit(values=given))[UP] == 1


def test_an_address_that_was_not_asked_is_unknown() -> None:
    """A network that CloudStack told of after the visit has no verdict yet."""
    assert Visitor(CHECK).visit(values=healthy() | {PASSWORD_PROBE: {}}) == []


def test_a_missing_address_waits_for_two_visits_and_a_refresh() -> None:
    """CloudStack says the router has it: only a second visit after a refresh makes it a problem."""
    absent = healthy() | {PASSWORD_PROBE: {"10.1.1.1": Probe.ABSENT}}
    visitor = Visitor(CHECK)
    assert UP not in values(visitor.visit(100, absent))
    assert UP not in values(visitor.visit(160, absent))
    visitor.cloud = cloud(asked=170)
    (found,) = problems(visitor.visit(220, absent))
    assert found.remedy == RESTART_NETWORK
    assert found.seen == "the router does not have this address"
    assert values(visitor.visit(280))[UP] == 1


def test_a_live_migration_begins_the_second_look_anew() -> None:
    """The router moved to another host between the visits."""
    absent = healthy() | {PASSWORD_PROBE: {"10.1.1.1": Probe.ABSENT}}
    visitor = Visitor(CHECK)
    visitor.visit(100, absent)
    visitor.cloud, visitor.of = cloud(asked=170), replace(ALONE, host_id="h2")
    assert UP not in values(visitor.visit(220, absent))


def test_a_unit_that_ended_with_success_is_named() -> None:
    """systemd neither restarts nor blames a server that died of an exception and ended with 0."""
    unit = Unit(("10.1.1.1",), "inactive", "dead", "success", 0)
    found = finding(values={PASSWORD_UNITS: Units(has_systemd=True, units=(unit,))})
    assert found.seen == "connection refused; no process of it runs; its unit is inactive (dead)"
    assert found.remedy == RESTART_DAEMON
    assert found.expected == "the password service answers at 10.1.1.1:8080"


def test_a_unit_that_is_gone_is_named() -> None:
    """systemd unloads units that are inactive, so a dead one may not be listed at all."""
    assert "its unit is not loaded" in finding(values={PASSWORD_UNITS: Units(has_systemd=True)}).seen


def test_a_process_without_an_answer_is_down() -> None:
    """Out of file descriptors the process and its socket are there and connecting times out."""
    given = healthy() | {PASSWORD_PROBE: {"10.1.1.1": Probe.TIMEOUT}}
    visitor = Visitor(CHECK)
    assert problems(visitor.visit(100, given)) == []
    (found,) = problems(visitor.visit(160, given))
    assert found.seen.startswith("connecting times out, the queue of the listener is full; passwd_server_ip.py runs")
    assert found.remedy == RESTART_DAEMON


@pytest.mark.parametrize("address", ["10.1.1.1", ANY])
def test_a_port_held_by_another_program(address: str) -> None:
    """The remedy begins with that program."""
    given = {
        PASSWORD_PROBE: {"10.1.1.1": Probe.OTHER},
        ROUTER_SOCKETS: (Socket("tcp", address, 8080, ("nginx",)), Socket("tcp", "10.9.9.9", 8080, ("haproxy",))),
    }
    found = finding(values=given)
    assert found.seen == "the answer is not that of a password server; port 8080 is held by nginx"
    assert found.remedy == FREE_PORT


def test_old_routers_have_no_unit_to_restart() -> None:
    """Eras A and B: the loop is started at boot."""
    given = {
        PASSWORD_UNITS: Units(has_systemd=False),
        ROUTER_PROCESSES: (Process(2, 1, "passwd_server_ip", ("10.1.1.1",)),),
    }
    found = finding(values=given)
    assert found.seen == "connection refused; passwd_server_ip runs"
    assert found.remedy == REBOOT_ROUTER


def test_a_script_that_never_serves() -> None:
    """The script of the 4.5/4.6 line refuses every request: only another template helps."""
    assert finding(values={PASSWORD_PROBE: {"10.1.1.1": Probe.NEVER_SERVES}}).remedy == RECREATE_ROUTER


def test_the_verdict_needs_probe_and_role_only() -> None:
    """Without the evidence there is still a verdict, and the first remedy."""
    given = {PASSWORD_PROBE: {"10.1.1.1": Probe.REFUSED}, ROUTER_REDUNDANCY: Role.ALONE}
    (found,) = problems(Visitor(CHECK).visit(values=given))
    assert (found.seen, found.remedy) == ("connection refused", RESTART_DAEMON)


def test_every_remedy_is_declared() -> None:
    """What the evidence suggests is one of the check's remedies."""
    assert {RESTART_DAEMON, FREE_PORT, REBOOT_ROUTER, RESTART_NETWORK, RECREATE_ROUTER} == set(CHECK.remedies)
