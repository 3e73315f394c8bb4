"""What the unit lets the exporter do, and what reading a template image does: calls, memory, and what it must see."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.lint.limits import OOM_SCORE
from tests.disk_images import LINUX, converted, ext

SECCOMP = "libseccomp.so.2"  # systemd itself is linked to it
FILTERED = """
import ctypes, os, sys
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
library = ctypes.CDLL(sys.argv[1])
library.seccomp_init.restype = ctypes.c_void_p
library.seccomp_rule_add.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint)
library.seccomp_load.argtypes = (ctypes.c_void_p,)
rules = library.seccomp_init(KILL_PROCESS)
for name in sys.argv[2].split(","):
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number >= 0:
        assert library.seccomp_rule_add(rules, ALLOW, number, 0) == 0
assert library.seccomp_load(rules) == 0
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Runs a program that ends by SIGSYS at the first call that is not named; the unit, less severe, refuses it."""

pytestmark = pytest.mark.timeout(120)


def _set(name: str) -> Iterator[str]:
    """Yield the calls in one of systemd's sets, and in the sets that it names."""
    out = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True).stdout
    for word in re.findall(r"^ {4}([@\w-]+)$", out, flags=re.MULTILINE):
        yield from _set(word) if word.startswith("@") else (word,)


def allowed(unit: str) -> frozenset[str]:
    """Return the calls that a unit allows: a list of names or sets, ``~`` before those that are taken away again."""
    found: set[str] = set(_set("@default"))
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, flags=re.MULTILINE):
        named = {call for word in line.lstrip("~").split() for call in (_set(word) if word[0] == "@" else (word,))}
        found = found - named if line.startswith("~") else found | named
    return frozenset(found)


@pytest.fixture
def unit(deploy: Path) -> str:
    return (deploy / "systemd" / "cloudstack-network-exporter.service").read_text(encoding="utf-8")


def lint(image: Path, calls: frozenset[str]) -> subprocess.CompletedProcess[str]:
    """Read an image as the exporter's child does, with these calls alone."""
    words = ("-m", "exporter", "lint-template", "--json", "--here-anyway", f"--work={image.parent}", "--", str(image))
    command = [sys.executable, "-c", FILTERED, SECCOMP, ",".join(sorted(calls)), sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.real
def test_an_image_is_read_by_the_calls_that_the_unit_allows(
    require: Callable[..., None], unit: str, tmp_path: Path
) -> None:
    """Neither the child nor qemu-img, debugfs, nice, ionice and prlimit below it make any other."""
    require("systemd-analyze", "qemu-img", "debugfs", "mke2fs")
    result = lint(converted(ext(tmp_path / "clean", LINUX), "qcow2"), allowed(unit))
    assert result.returncode == 0, (result.returncode, result.stderr)
    (report,) = json.loads(result.stdout)
    assert (report["format"], report["system"]) == ("qcow2", "linux")


@pytest.mark.real
def test_what_makes_a_process_modest_is_a_resource(require: Callable[..., None], unit: str, tmp_path: Path) -> None:
    """Without the set @resources the child dies of its first call: that is what the filter is held against."""
    require("systemd-analyze", "qemu-img", "debugfs", "mke2fs")
    result = lint(ext(tmp_path / "clean", LINUX), allowed(unit) - frozenset(_set("@resources")))
    assert result.returncode == -31


def test_a_refused_call_is_an_error_and_the_exporter_outlives_its_children(unit: str) -> None:
    """No SIGSYS, and no end of the service because a child took too much memory."""
    assert "\nSystemCallErrorNumber=EPERM\n" in unit
    assert "\nOOMPolicy=continue\n" in unit


def test_the_child_is_the_first_to_go_where_memory_runs_out() -> None:
    """The kernel is told so by the child itself; whoever started it is not."""
    code = "from exporter.lint.limits import be_modest, OOM_SCORE; be_modest(); print(OOM_SCORE.read_text())"
    before = OOM_SCORE.read_text(encoding="ascii")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert (out.strip(), OOM_SCORE.read_text(encoding="ascii")) == ("1000", before)


def test_the_unit_sees_what_tells_a_hypervisor(unit: str) -> None:
    """Images are not read where libvirtd or the agent runs, and those are processes of others."""
    assert re.findall(r"^(ProtectProc|ProcSubset)=", unit, flags=re.MULTILINE) == []
