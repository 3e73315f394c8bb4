"""Passwords that instances have not fetched: whose count, how old they are, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.password_reset.pending import CHECK, INSTALL_SCRIPT, MEND_ROUTER, MEND_SCRIPT
from exporter.cloud.objects import Instance, Nic
from exporter.model import Question
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_PROBE, PASSWORD_REQUESTS, PasswordFile, Probe
from exporter.questions.routers.state import Role
from exporter.thresholds import PASSWORD_PENDING_SECONDS, ROWS_PER_TARGET
from tests.checks.password_reset.scene import (
    ALONE,
    NOW,
    PAIR,
    PAIRED,
    SERVICES,
    TIERS,
    VPC,
    WEB,
    Visitor,
    cloud,
    healthy,
    instance,
    problems,
    values,
)

LATE = PASSWORD_PENDING_SECONDS + 60.0
NONE = {
    ("pending_passwords", "r-4-VM"): 0,
    ("pending_overdue_passwords", "r-4-VM"): 0,
    ("pending_oldest_seconds", "r-4-VM"): 0,
}
WEB1 = instance(1, "10.1.1.10")


def saved(*addresses: str, name: str = "passwords-10.1.1.1", seconds: int = 10) -> dict[Question[Any], Any]:
    """Return what a healthy router answers that still has passwords for these addresses."""
    return healthy() | {PASSWORD_PENDING: (PasswordFile(name, seconds, addresses),)}


def visitor(*instances: Instance) -> Visitor:
    """Return a visitor of a cloud with these instances who has looked before anything was pending."""
    made = Visitor(CHECK, cloud=cloud(*instances))
    made.visit(0)
    return made


def test_nothing_pending_is_said() -> None:
    """Zeroes for each router that serves passwords, also before the first was ever saved."""
    assert values(Visitor(CHECK).visit()) == NONE


def test_a_password_grows_old_and_is_fetched() -> None:
    """Its age counts from when it was first seen; past the limit it gets a row of its own; fetched, all is 0."""
    router = visitor(WEB1)
    assert values(router.visit(100, saved("10.1.1.10"))) == NONE | {("pending_passwords", "r-4-VM"): 1}
    young = router.visit(400, saved("10.1.1.10"))
    assert values(young)["pending_oldest_seconds", "r-4-VM"] == 300
    assert problems(young) == []
    late = router.visit(100 + LATE, saved("10.1.1.10"))
    assert values(late) == {
        ("pending_passwords", "r-4-VM"): 1,
        ("pending_overdue_passwords", "r-4-VM"): 1,
        ("pending_oldest_seconds", "r-4-VM"): LATE,
        ("pending_seconds", "r-4-VM", "10.1.1.10"): LATE,
    }
    (found,) = problems(late)
    assert found.seen == "web1 (10.1.1.10, template debian) for 31 min"
    assert found.expected == "fetched and acknowledged within 30 minutes"
    assert values(router.visit(9000)) == NONE
    assert values(router.visit(9100, saved("10.1.1.10")))["pending_oldest_seconds", "r-4-VM"] == 0


def test_what_was_there_at_the_first_look_is_as_old_as_the_file() -> None:
    """After a restart of the exporter an old password is old at once."""
    (found,) = problems(Visitor(CHECK, cloud=cloud(WEB1)).visit(100, saved("10.1.1.10", seconds=7200)))
    assert found.value == 7200


@pytest.mark.parametrize(
    "other",
    [
        replace(WEB1, state="Stopped"),
        replace(WEB1, state="Starting"),
        replace(WEB1, nics=(replace(WEB1.nics[0], is_default=False),)),
        replace(WEB1, nics=(replace(WEB1.nics[0], address="10.1.1.99"),)),
        replace(WEB1, nics=(replace(WEB1.nics[0], network_id="tier1"),)),
        replace(WEB1, created=NOW + 50),
    ],
    ids=["stopped", "starting", "not its default NIC", "another address", "another network", "made after the file"],
)
def test_what_no_running_instance_could_fetch_is_normal(other: Instance) -> None:
    """Left over from stopped, expunged or former owners of the address: not counted, however old."""
    router = visitor(other)
    router.visit(100, saved("10.1.1.10", seconds=100))
    assert values(router.visit(100 + LATE, saved("10.1.1.10", seconds=round(LATE) + 100))) == NONE


def test_a_live_migration_does_not_begin_the_time_anew() -> None:
    """The guest runs on meanwhile; a stop does begin it anew."""
    router = visitor(WEB1)
    router.visit(100, saved("10.1.1.10"))
    router.cloud = cloud(replace(WEB1, state="Migrating", host_id="h2"))
    router.visit(400, saved("10.1.1.10"))
    router.cloud = cloud(replace(WEB1, host_id="h2"))
    assert values(router.visit(700, saved("10.1.1.10")))["pending_oldest_seconds", "r-4-VM"] == 600
    router.cloud = cloud(replace(WEB1, state="Stopped"))
    router.visit(800, saved("10.1.1.10"))
    router.cloud = cloud(WEB1)
    assert values(router.visit(900, saved("10.1.1.10")))["pending_oldest_seconds", "r-4-VM"] == 0


def test_another_owner_of_the_address_begins_anew() -> None:
    """The age belongs to the instance, not to the address."""
    router = visitor(WEB1)
    router.visit(100, saved("10.1.1.10"))
    router.cloud = cloud(instance(2, "10.1.1.10"))
    assert values(router.visit(700, saved("10.1.1.10")))["pending_oldest_seconds", "r-4-VM"] == 0


def test_rows_are_bounded_and_the_count_is_not() -> None:
    """The oldest come first."""
    addresses = tuple(f"10.1.1.{number}" for number in range(10, 10 + ROWS_PER_TARGET + 5))
    router = visitor(*(instance(number, address) for number, address in enumerate(addresses)))
    router.visit(50, saved(addresses[-1]))
    router.visit(100, saved(*addresses))
    late = values(router.visit(100 + LATE, saved(*addresses)))
    rows = [labels[2] for labels in late if labels[0] == "pending_seconds"]
    assert len(rows) == ROWS_PER_TARGET
    assert rows[0] == addresses[-1]
    assert late["pending_overdue_passwords", "r-4-VM"] == len(addresses)
    (found,) = problems(router.visit(200 + LATE, saved(*addresses)))
    assert found.seen.endswith(" and 22 more")


def test_files_of_each_tier_and_the_one_file_of_era_a() -> None:
    """A file counts for its address; the file of era A for all."""
    tiers = [instance(number, f"10.3.{number}.10", TIERS[number - 1]) for number in (1, 2)]
    given = healthy(VPC) | {
        PASSWORD_PENDING: (
            PasswordFile("passwords-10.3.1.1", 1, ("10.3.1.10", "10.3.2.10")),
            PasswordFile("passwords-10.9.9.1", 1, ("10.3.2.10",)),
        )
    }
    assert values(Visitor(CHECK, VPC, cloud(*tiers)).visit(values=given))["pending_passwords", "r-7-VM"] == 1
    given[PASSWORD_PENDING] = (PasswordFile("passwords", 1, ("10.3.1.10", "10.3.2.10")),)
    assert values(Visitor(CHECK, VPC, cloud(*tiers)).visit(values=given))["pending_passwords", "r-7-VM"] == 2


def test_the_stale_file_of_a_backup_is_not_counted() -> None:
    """After a fail-over the former primary keeps its file."""
    primary, backup = PAIR
    file = {PASSWORD_PENDING: (PasswordFile("passwords-10.2.1.1", 9999, ("10.2.1.10",)),)}
    inside = cloud(instance(1, "10.2.1.10", PAIRED))
    given = healthy(primary, Role.PRIMARY) | file
    assert values(Visitor(CHECK, primary, inside).visit(values=given))["pending_passwords", "r-5-VM"] == 1
    assert Visitor(CHECK, backup, inside).visit(values=healthy(backup, Role.BACKUP) | file) == []


def test_networks_without_password_service_say_nothing() -> None:
    """A config drive has no pending passwords."""
    drive = replace(WEB, services=SERVICES | {"UserData": frozenset({"ConfigDrive"})})
    assert Visitor(CHECK, ALONE, cloud(WEB1, networks=(drive,))).visit(values=saved("10.1.1.10")) == []


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        ({}, INSTALL_SCRIPT),
        ({PASSWORD_REQUESTS: frozenset({"10.1.1.77"})}, INSTALL_SCRIPT),
        ({PASSWORD_REQUESTS: frozenset({"10.1.1.10"})}, MEND_SCRIPT),
        ({PASSWORD_REQUESTS: frozenset({"10.1.1.10"}), PASSWORD_PROBE: {"10.1.1.1": Probe.REFUSED}}, MEND_ROUTER),
    ],
)
def test_the_remedy_follows_the_evidence(more: dict[Question[Any], Any], remedy: str) -> None:
    """The router first when its service is down; a guest that asked has a script that fails."""
    given = saved("10.1.1.10", seconds=7200) | more
    (found,) = problems(Visitor(CHECK, cloud=cloud(WEB1)).visit(values=given))
    assert found.remedy == remedy
    assert remedy in CHECK.remedies


def test_an_instance_with_several_nics_is_counted_once() -> None:
    """Only the default NIC counts, wherever the other one is."""
    second = Nic(network_id="web", traffic_type="Guest", address="10.1.1.11")
    two = replace(WEB1, nics=(*WEB1.nics, second))
    given = values(Visitor(CHECK, cloud=cloud(two)).visit(values=saved("10.1.1.10", "10.1.1.11")))
    assert given["pending_passwords", "r-4-VM"] == 1


def test_a_router_upgraded_in_place_has_both_files() -> None:
    """An address that stands in both is one password, as old as the newer file."""
    given = healthy() | {
        PASSWORD_PENDING: (
            PasswordFile("passwords-10.1.1.1", 7200, ("10.1.1.10",)),
            PasswordFile("passwords", 99999, ("10.1.1.10",)),
        )
    }
    found = values(Visitor(CHECK, cloud=cloud(WEB1)).visit(values=given))
    assert found["pending_passwords", "r-4-VM"] == 1
    assert found["pending_seconds", "r-4-VM", "10.1.1.10"] == 7200
