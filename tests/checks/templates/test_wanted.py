"""Which templates should be ready in a zone."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.templates.wanted import wanted
from tests.checks.templates.templates_scene import template, zone


def names(*templates: Any, **fields: Any) -> list[str]:
    """Return the names of the wanted ones."""
    return [one.name for one in wanted(zone(*templates, **fields), "z1")]


@pytest.mark.parametrize("kind", ["SYSTEM", "ROUTING", "USER"])
def test_templates_of_hypervisors_that_the_zone_lacks_are_never_downloaded(kind: str) -> None:
    """The well-known false alarm: a zone of KVM alone lists the system templates of XenServer and VMware."""
    known = [template(name, "NOT_DOWNLOADED", type=kind, hypervisor=name) for name in ("KVM", "XenServer", "VMware")]
    assert names(*known) == ["KVM"]
    assert names(*known, hypervisors=("kvm", "VMware")) == ["KVM", "VMware"]


@pytest.mark.parametrize("hypervisor", ["", "Any", "None"])
def test_templates_for_any_hypervisor_are_wanted(hypervisor: str) -> None:
    """Data disks and ISOs name none."""
    assert names(template("t", "NOT_DOWNLOADED", hypervisor=hypervisor)) == ["t"]


@pytest.mark.parametrize(
    "told",
    [{"is_direct": True}, {"type": "PERHOST"}, {"type": "BUILTIN"}, {"zone_id": "z2"}],
)
def test_what_secondary_storage_never_holds(told: dict[str, Any]) -> None:
    """Direct downloads, what lies on the hosts, the sample that a cloud without internet never has, other zones."""
    assert names(template("t", "NOT_DOWNLOADED", **told)) == []


def test_a_store_of_the_whole_region_is_wanted_too() -> None:
    """Its copies are of no zone; as in a zone, those of other hypervisors never come."""
    known = [template(name, "NOT_DOWNLOADED", zone_id="", type="SYSTEM", hypervisor=name) for name in ("KVM", "VMware")]
    assert names(*known) == ["KVM"]


def test_what_hosts_download_themselves() -> None:
    """One copy that is bypassed is enough."""
    assert names(template("t", "BYPASSED", "NOT_DOWNLOADED")) == []


def test_a_zone_whose_clusters_are_not_told_wants_what_users_have() -> None:
    """Of system templates it is then unknown which it should have."""
    known = [template(kind, "NOT_DOWNLOADED", type=kind, hypervisor="Hyperv") for kind in ("SYSTEM", "BUILTIN", "USER")]
    assert names(*known, hypervisors=()) == ["USER"]


def test_a_disabled_zone_wants_nothing() -> None:
    """It is being built, or torn down."""
    assert names(template("t", "DOWNLOAD_ERROR"), enabled=False) == []
