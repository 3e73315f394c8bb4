"""Disks, memory and tracked connections of system VMs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.host_connectivity.system_vm_resources import judge
from exporter.cloud.objects import Router, SystemVm
from exporter.model import Sample
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE, FileSystem
from tests.checks.host_connectivity.inside_scene import (
    NOW,
    cloud,
    judged,
    problems,
    router,
    state,
    storage_vm,
    values_of,
)

PROXY = storage_vm(id="v1", name="v-1-VM", kind="consoleproxy")
ROOT = FileSystem("/", 0.3, 0.1)


def found(of: Router | SystemVm | None = None, **fields: Any) -> list[Sample]:
    """Return what is said of a machine in this state."""
    machine = of or router()
    return judged(judge, machine, cloud(machine), {SYSTEM_VM_STATE: state(**fields)})


@pytest.mark.parametrize("machine", [router(), storage_vm(), PROXY], ids=lambda machine: machine.name)
def test_a_healthy_one_says_zero_of_everything(machine: Router | SystemVm) -> None:
    """Routers, console proxies and secondary storage VMs alike."""
    samples = found(machine)
    assert problems(samples) == []
    assert values_of(samples) == {
        "root_read_only": 0, "disk_used_ratio": 0.34, "inodes_used_ratio": 0.1, "memory_available_ratio": 0.6,
        "out_of_memory_kills_total": 0, "connections_used_ratio": 0.01, "started_timestamp_seconds": NOW - 2 * 86400,
    }  # fmt: skip
    assert {sample.labels for sample in samples} == {("zone1", machine.name)}


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"is_read_only": True}, "root_read_only", "/ is mounted read-only"),
        (
            {"file_systems": (FileSystem("/", 0.3, 0.1), FileSystem("/var/log", 0.97, 0.1))},
            "disk_used_ratio",
            "/var/log",
        ),
        ({"file_systems": (FileSystem("/", 0.3, 0.99),)}, "inodes_used_ratio", "99.0% of the inodes of /"),
        ({"memory": 0.02}, "memory_available_ratio", "2.0%"),
        ({"connections": 0.95}, "connections_used_ratio", "95.0%"),
    ],
)
def test_what_runs_out_is_named(fields: dict[str, Any], name: str, words: str) -> None:
    """One finding, of the machine, with what it is about."""
    ((metric, seen),) = problems(found(**fields))
    assert metric == name
    assert words in seen


def test_what_is_not_told_is_not_said() -> None:
    """No tracked connections, no counter of kills before Linux 4.13, no fixed number of inodes."""
    said = values_of(found(connections=None, kills=None, file_systems=(FileSystem("/", 0.3, None),)))
    assert not {"connections_used_ratio", "out_of_memory_kills_total", "inodes_used_ratio"} & said.keys()


@pytest.mark.parametrize(
    ("machine", "uptime"),
    [(router(), 60.0), (router(created=NOW - 60), 1e6), (router(state="Stopping"), 1e6)],
)
def test_a_machine_that_has_just_begun_or_ends_is_not_judged(machine: Router, uptime: float) -> None:
    """It only says when it booted, and its counter."""
    assert values_of(found(machine, uptime=uptime, is_read_only=True)).keys() == {
        "started_timestamp_seconds", "out_of_memory_kills_total"
    }  # fmt: skip


def test_a_disabled_zone_alarms_nobody() -> None:
    """Somebody builds there."""
    seen_by = cloud(router())
    disabled = replace(seen_by, zones={"z": replace(seen_by.zones["z"], enabled=False)})
    assert problems(judged(judge, router(), disabled, {SYSTEM_VM_STATE: state(is_read_only=True)})) == []
