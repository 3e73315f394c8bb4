"""Directories that no template has: what two listings have shown, and what was only on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from exporter.checks import Registered
from exporter.checks.templates.directories import CHECK
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import SystemVm
from exporter.cloud.targets import DatabaseTarget, SecondaryStorageVmTarget
from exporter.judging import Judging, Judgment
from exporter.memory import TargetMemory
from exporter.model import Answer, Failure, Issue, Question, Reason
from exporter.questions.database.templates import KNOWN_TEMPLATES
from exporter.questions.system_vms.storage_mounts import SSVM_TEMPLATE_DIRECTORIES
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.templates.templates_scene import ZONE, Said, by_name, problems, zone

MOUNT = "10.0.0.40:/export/secondary"
LISTED = SSVM_TEMPLATE_DIRECTORIES


def ssvm(name: str = "s-2-VM") -> SecondaryStorageVmTarget:
    """Return a secondary storage VM."""
    vm = SystemVm(id=name, name=name, kind="secondarystoragevm", state="Running", agent_state="Up", zone_id="z1")
    return SecondaryStorageVmTarget(vm, "east", None)


@dataclass
class Watched:
    """A zone that is judged after each answer."""

    said: Said = field(default_factory=dict)
    memories: dict[Any, TargetMemory] = field(default_factory=dict)
    judging: Judging = field(init=False)

    def __post_init__(self) -> None:
        self.judging = Judging((Registered(Issue.TEMPLATES, "directories", CHECK),), self.take)

    def take(self, judgment: Judgment) -> None:
        """Take what is said now."""
        self.said = by_name(judgment.samples)

    def tell(self, at: float, target: Any, question: Question[Any], value: Any) -> Said:
        """Answer a question and judge; return what is said."""
        told = value if isinstance(value, Failure) else Answer(value, at, at, at + 10_000)
        self.memories.setdefault(target, TargetMemory()).note({question: told}, at)
        self.judging.group(ZONE, self.memories, zone())
        assert self.judging.defects == {}
        return self.said

    def ids(self, at: float, *known: int) -> Said:
        """Let the database tell which templates it knows."""
        return self.tell(at, DatabaseTarget(), KNOWN_TEMPLATES, frozenset(known))

    def listing(self, at: float, *found: tuple[int, int], mount: str = MOUNT, by: str = "s-2-VM") -> Said:
        """Let a secondary storage VM list its mount."""
        return self.tell(at, ssvm(by), LISTED, {mount: frozenset(found)})


def test_a_directory_that_two_listings_have_shown() -> None:
    """With the database asked between; the first look says neither healthy nor a problem."""
    watched = Watched()
    assert watched.ids(10, 201) == {}
    assert watched.listing(20, (2, 201), (2, 999)) == {}
    assert watched.ids(600, 201) == {}
    found = watched.listing(1800, (2, 201), (2, 999))
    assert problems(found) == {("unknown_directories", MOUNT)}
    assert found["unknown_directories", MOUNT].value == 1
    assert found["unknown_directories", MOUNT].seen == "1 below template/tmpl: 2/999"


def test_known_directories_are_healthy_at_once() -> None:
    """Under whichever account they lie: a template that was given away stays where it is."""
    watched = Watched()
    watched.ids(10, 1, 201)
    found = watched.listing(20, (1, 1), (7, 201))
    assert {key: one.value for key, one in found.items()} == {("unknown_directories", MOUNT): 0}


def test_a_template_that_was_made_between_the_looks_is_not_unknown() -> None:
    """The database was asked before it was made, the listing came after; at the next look the database knows it."""
    watched = Watched()
    watched.ids(10, 201)
    assert watched.listing(20, (2, 201), (2, 202)) == {}
    assert problems(watched.ids(600, 201, 202)) == set()
    assert problems(watched.listing(1800, (2, 201), (2, 202))) == set()


def test_a_template_that_was_cleaned_up_is_not_unknown() -> None:
    """The listing is older than its end; the next one no longer shows it."""
    watched = Watched()
    watched.ids(10, 201, 202)
    watched.listing(20, (2, 201), (2, 202))
    assert problems(watched.ids(600, 201)) == set()
    assert problems(watched.ids(1200, 201)) == set()
    found = watched.listing(1800, (2, 201))
    assert problems(found) == set()
    assert found["unknown_directories", MOUNT].value == 0


def test_two_listings_without_a_look_into_the_database_between_prove_nothing() -> None:
    """A database that is not answered for long."""
    watched = Watched()
    watched.ids(10, 201)
    watched.listing(20, (2, 202))
    assert watched.listing(1800, (2, 202)) == {}


def test_several_machines_list_the_same_mount() -> None:
    """A directory counts once; what one has shown twice is enough."""
    watched = Watched()
    watched.ids(10, 201)
    watched.listing(20, (2, 998))
    watched.listing(25, (2, 998), by="s-3-VM")
    watched.ids(600, 201)
    watched.listing(1800, (2, 998))
    found = watched.listing(1805, (2, 998), (2, 999), by="s-3-VM")
    assert found["unknown_directories", MOUNT].value == 1


def test_each_mount_is_judged_by_itself() -> None:
    """One that was not listed to its end is not said of, and harms no other."""
    watched = Watched()
    watched.ids(10, 201)
    told: Mapping[str, frozenset[tuple[int, int]]] = {"a:/x": frozenset({(2, 9)}), "b:/y": frozenset({(2, 201)})}
    for at in (20, 1800):
        watched.tell(at, ssvm(), LISTED, told)
        watched.ids(at + 5, 201)
    assert {key: one.value for key, one in watched.said.items() if len(key) == 2} == {
        ("unknown_directories", "a:/x"): 1,
        ("unknown_directories", "b:/y"): 0,
    }
    assert "a:/x" not in repr(watched.tell(3600, ssvm(), LISTED, {"b:/y": frozenset({(2, 201)})}))


def test_rows_are_bounded_and_the_count_is_not() -> None:
    """An export of another cloud."""
    watched = Watched()
    many = [(2, number) for number in range(500)]
    for at in (10.0, 1800.0):
        watched.ids(at, 10_000)
        watched.listing(at + 1, *many)
    watched.ids(2400, 10_000)
    assert watched.said["unknown_directories", MOUNT].value == 500
    assert len([key for key in watched.said if key[0] == "unknown_directory"]) == ROWS_PER_TARGET


@pytest.mark.parametrize("reason", [Reason.NOT_CONFIGURED, Reason.PERMISSION, Reason.UNSUPPORTED])
def test_without_the_database_nothing_is_said(reason: Reason) -> None:
    """Not configured, not granted, or a schema without the table."""
    watched = Watched()
    watched.tell(10, DatabaseTarget(), KNOWN_TEMPLATES, Failure(reason))
    for at in (20, 1800):
        assert watched.listing(at, (2, 999)) == {}


def test_without_a_listing_nothing_is_said() -> None:
    """No secondary storage VM is reached, or it has no mount: images lie in S3."""
    watched = Watched()
    assert watched.ids(10, 201) == {}
    assert watched.tell(20, ssvm(), LISTED, Failure(Reason.TIMEOUT)) == {}
    assert watched.tell(30, ssvm(), LISTED, {}) == {}


def test_the_cloud_is_not_judged() -> None:
    """What is listed and what the database knows is all there is to it."""
    assert not CHECK.judges_cloud
    assert list(CHECK.groups[0].judge(ZONE, {}, Cloud())) == []
