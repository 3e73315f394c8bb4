"""Templates of system VMs that are too old."""

from __future__ import annotations

import pytest

from exporter.checks.host_connectivity.system_vm_templates import judge, template_version
from tests.checks.host_connectivity import states_scene as scene


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("systemvm-kvm-4.20.0-x86_64", (4, 20, 0)), ("systemvm64template-4.5-kvm", (4, 5)),
        ("systemvmtemplate-4.11.3.1-kvm", (4, 11, 3, 1)), ("SystemVM Template (KVM)", ()), ("SystemVM 4.9", (4, 9)),
        ("rocky-9.2", ()), ("", ()), ("systemvm-2026.10.01.5.6", ()),
    ],
)  # fmt: skip
def test_versions_in_names(name: str, version: tuple[int, ...]) -> None:
    """As they are registered by hand or by CloudStack; those of something else tell nothing."""
    assert template_version(name) == version


def said(name: str, least: str = "4.10.0", **changes: str) -> dict[str, float]:
    """Return the verdict."""
    seen = scene.cloud(scene.vm(template_name=name, **changes), settings={"minreq.sysvmtemplate.version": least})
    return scene.values(scene.of_zone(judge, seen), "system_vm_template_too_old")


@pytest.mark.parametrize(
    ("name", "least", "value"),
    [
        ("systemvm-kvm-4.9.2", "4.10.0", 1), ("systemvm-kvm-4.10", "4.10.0", 0), ("systemvm-kvm-4.20.1", "4.10.0", 0),
        ("systemvm-kvm-4.20.1", "4.20.2", 1),
    ],
)  # fmt: skip
def test_against_what_cloudstack_wants(name: str, least: str, value: int) -> None:
    """Numbers are compared as numbers, and 4.10 is 4.10.0."""
    assert said(name, least) == {"s-2-VM": value}


def test_of_what_nothing_is_said() -> None:
    """Names without a version, a setting without one, a VM that does not run or lies in another zone."""
    assert said("SystemVM Template (KVM)") == said("systemvm-kvm-4.9", "") == said("systemvm-kvm-4.9", "x") == {}
    assert said("systemvm-kvm-4.9", state="Stopped") == said("systemvm-kvm-4.9", zone_id="other") == {}
