"""The virtual hypervisors of the tests, each booted once, and which tests run without being asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.vm.bench import Bench, running
from tests.vm.scene import SMALL, large

ALL = os.environ.get("VM_TESTS") == "all"
"""``make test-vm`` says so; else only the slice is run: one machine, healthy, and three things broken."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    config.addinivalue_line("markers", "vm: boots a virtual machine under software emulation")
    config.addinivalue_line("markers", "vm_all: only `make test-vm` runs it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the whole suite runs."""
    left_out = [item for item in items if item.get_closest_marker("vm_all") and not ALL]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a hypervisor with Linux bridges and security groups."""
    with running(tmp_path_factory.mktemp("vm") / "native", SMALL) as bench:
        yield bench


@pytest.fixture(scope="session")
def open_vswitch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a hypervisor whose bridges are those of Open vSwitch."""
    with running(tmp_path_factory.mktemp("vm") / "openvswitch", SMALL, "openvswitch") as bench:
        yield bench


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a hypervisor with 500 VLANs and 100 guests more, and two NICs that nothing uses yet."""
    with running(tmp_path_factory.mktemp("vm") / "crowded", large(500, 100), loose=2) as bench:
        yield bench
