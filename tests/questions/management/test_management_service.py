"""The service of a management server, and its clock."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.clock import SystemClock
from exporter.model import UnreadableError
from exporter.questions.management.service import MANAGEMENT_SERVICE, ManagementService, read_service
from tests.process_counting import count
from tests.real_parts import require
from tests.remote_texts import Machine, shells

ASKED = "show -p LoadState,ActiveState,ActiveEnterTimestampMonotonic cloudstack-management.service"
RUNS = "LoadState=loaded\nActiveState=active\nActiveEnterTimestampMonotonic=100000000\n"
NONE = "LoadState=not-found\nActiveState=inactive\nActiveEnterTimestampMonotonic=0\n"
WORDS = [*"=\n ", "LoadState", "ActiveState", "loaded", "active", "Clock", "Uptime", "12", "1.5", "x", "\x00", "é"]


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a management server that has been up for an hour; its service was started after 100 s."""
    machine = Machine.at(tmp_path)
    machine.file("/run/systemd/system/x")
    machine.file("/proc/uptime", "3600.25 7000.00\n")
    machine.tool("systemctl", ASKED, RUNS)
    return machine


def test_a_service_that_runs(machine: Machine, shell: str) -> None:
    """Its state, since when, and the clock."""
    before = int(SystemClock().unix())
    found = machine.read(MANAGEMENT_SERVICE, shell=shell)
    assert (found.state, found.running, found.is_active) == ("active", 3500.25, True)
    assert found.started == 100.0
    assert before <= found.clock <= SystemClock().unix()


@pytest.mark.parametrize(
    ("told", "is_active"),
    [("failed", False), ("inactive", False), ("activating", None), ("deactivating", False), ("reloading", True)],
)
def test_other_states(machine: Machine, told: str, is_active: bool | None) -> None:
    """While it is being started nobody can say; what does not run has not been running for long."""
    machine.tool("systemctl", ASKED, RUNS.replace("=active", f"={told}"))
    found = machine.read(MANAGEMENT_SERVICE)
    assert found.is_active is is_active
    assert (found.running is not None) is bool(is_active)
    assert found.started == 100.0


def test_a_service_that_was_never_active(machine: Machine) -> None:
    """0 is no time."""
    machine.tool("systemctl", ASKED, "LoadState=loaded\nActiveState=inactive\nActiveEnterTimestampMonotonic=0\n")
    assert machine.read(MANAGEMENT_SERVICE).started is None


def test_a_machine_without_the_unit(machine: Machine) -> None:
    """systemd calls what it does not know inactive: that is no service that is stopped."""
    machine.tool("systemctl", ASKED, NONE)
    found = machine.read(MANAGEMENT_SERVICE)
    assert (found.state, found.is_active, found.running) == ("", None, None)


def test_a_machine_without_systemd(tmp_path: Path, shell: str) -> None:
    """In a container, or of long ago, there is the clock."""
    machine = Machine.at(tmp_path)
    assert machine.read(MANAGEMENT_SERVICE, shell=shell).is_active is None


def test_a_systemd_that_does_not_answer(machine: Machine, shell: str) -> None:
    """The question fails with its words."""
    machine.tool("systemctl", ASKED, "Failed to connect to bus: Permission denied", code=1)
    code, output = machine.ask(MANAGEMENT_SERVICE, shell=shell)
    assert (code, output.strip()) == (1, "Failed to connect to bus: Permission denied")


@pytest.mark.parametrize("uptime", ["", "Uptime=\n", "Uptime=.\n", "Uptime=1e9\n"])
def test_an_uptime_that_is_none(uptime: str) -> None:
    """How long it runs is then not told."""
    assert read_service(f"{RUNS}{uptime}Clock=1800000000\n").running is None


def test_a_start_before_the_machine_was_up() -> None:
    """A clock that went back makes no negative time."""
    assert read_service(f"{RUNS}Uptime=50.0\nClock=1\n") == ManagementService(1, "active", 0.0, 100.0)


@pytest.mark.parametrize("text", ["", "Clock=\n", "Clock=x\n", "Clock=1.5\n", RUNS, "date: error\n", "Clock=\u0661\n"])
def test_what_is_no_answer(text: str) -> None:
    """There is always a clock."""
    with pytest.raises(UnreadableError):
        read_service(text)


@given(st.lists(st.sampled_from(WORDS), max_size=20).map("".join) | st.text(max_size=60))
def test_whatever_comes(text: str) -> None:
    """It is read or it is unreadable."""
    try:
        found = read_service(text)
    except UnreadableError:
        return
    assert found.clock >= 0
    assert found.running is None or found.running >= 0


@pytest.mark.real
def test_what_it_costs() -> None:
    """The shell becomes date; systemctl is the other process."""
    require("date")
    assert (
        count("dash", "-c", MANAGEMENT_SERVICE.text, environment={"ROOT": "", "PATH": "/usr/bin:/bin"}).processes <= 2
    )
