"""The setting that tells agents where their management servers are."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.agents_address import judge
from exporter.cloud.objects import Host
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.host_connectivity import management_scene as scene


def said(setting: str | None, hosts: tuple[Host, ...] = (scene.host(),), vms: int = 0) -> dict[str, float]:
    """Return the verdict by address."""
    cloud = scene.cloud(
        hosts=hosts,
        settings={} if setting is None else {"host": setting},
        system_vms={"v": scene.agent_vm()} if vms else {},
    )
    return {one.labels[1]: one.value for one in scene.of_group(judge, cloud)}


@pytest.mark.parametrize(
    "setting", ["10.0.0.1", "10.0.0.1,10.0.0.2@roundrobin", "192.0.2.10", "cloud.example.com", "::2"]
)
def test_addresses_of_others(setting: str) -> None:
    """A server's, a load balancer's or a name: zero is said of each."""
    assert set(said(setting).values()) == {0}


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.1.1@static", "127.0.1.1"),
        ("::1", "::1"),
        ("LOCALHOST", "LOCALHOST"),
        ("", "(empty)"),
        (" , ", "(empty)"),
    ],
)
def test_addresses_that_lead_agents_to_themselves(setting: str, shown: str) -> None:
    """As CloudStack is shipped."""
    assert said(setting) == {shown: 1}


def test_one_of_two() -> None:
    """Each entry has its own verdict; an empty end is no entry."""
    assert said("10.0.0.1,localhost,") == {"10.0.0.1": 0, "localhost": 1}


def test_everything_on_one_machine() -> None:
    """A host that is the management server itself finds it at localhost; a system VM never does."""
    alone = (scene.host(address="10.0.0.1"),)
    assert said("localhost", alone) == {"localhost": 0}
    assert said("localhost", alone, vms=1) == {"localhost": 1}


def test_hypervisors_without_agents() -> None:
    """Management servers reach XenServer and VMware themselves."""
    assert said("localhost", (scene.host(hypervisor="XenServer"),)) == {"localhost": 0}


def test_a_setting_that_is_not_told() -> None:
    """Nothing is said."""
    assert said(None) == {}


def test_rows_are_bounded() -> None:
    """A setting that is a whole page makes no page."""
    assert len(said(",".join(f"10.0.{number}.1" for number in range(100)))) == ROWS_PER_TARGET
