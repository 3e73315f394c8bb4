"""The management state, and where system VMs are told their management servers are."""

from __future__ import annotations

import pytest

from exporter.checks.console_proxy.management import CHECK, SET_AUTO
from tests.checks.console_proxy.scene import cloud, of_zone, problems, values

GOOD = {"consoleproxy.management.state": "Auto", "host": "10.1.1.11,10.1.1.12"}


def test_good_settings() -> None:
    """Both are said as healthy."""
    said = of_zone(CHECK, cloud(settings=GOOD))
    assert values(said) == {("management_state_auto",): 1, ("management_host_local",): 0}
    assert problems(said) == set()


@pytest.mark.parametrize("state", ["Manual", "Suspending", "ResetSuspending", ""])
def test_a_management_state_that_stuck(state: str) -> None:
    """Anything but Auto keeps proxies from being made."""
    said = of_zone(CHECK, cloud(settings=GOOD | {"consoleproxy.management.state": state}))
    assert problems(said) == {("management_state_auto",)}
    assert said["management_state_auto",].remedy == SET_AUTO


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", 1),
        ("127.0.0.1", 1),
        ("LOCALHOST,10.1.1.11", 1),
        ("::1,127.1.2.3", 2),
        ("", 1),
        ("10.1.1.11@roundrobin", 0),
        ("localhost.example", 0),
        ("127.example", 0),
        ("localhost.localdomain", 1),
        ("10.1.1.11,", 0),
        ("ms1.example, ms2.example", 0),
    ],
)
def test_localhost_leads_a_system_vm_to_itself(host: str, local: int) -> None:
    """The default is the first cause of agents that never come Up."""
    said = of_zone(CHECK, cloud(settings=GOOD | {"host": host}))
    assert said["management_host_local",].value == local
    assert problems(said) == ({("management_host_local",)} if local else set())


def test_settings_that_are_not_told_are_not_judged() -> None:
    """An old version without the setting."""
    assert of_zone(CHECK, cloud(settings={})) == {}


def test_a_zone_that_is_disabled() -> None:
    """It is being built, or torn down."""
    assert of_zone(CHECK, cloud(settings={"consoleproxy.management.state": "", "host": ""}, enabled=False)) == {}
