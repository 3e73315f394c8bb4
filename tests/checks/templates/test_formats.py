"""Formats that a hypervisor cannot start."""

from __future__ import annotations

import pytest

from exporter.checks.templates.formats import CHECK
from tests.checks.templates.templates_scene import problems, said, template, zone


@pytest.mark.parametrize(
    ("hypervisor", "kind", "fits"),
    [
        ("KVM", "QCOW2", True),
        ("KVM", "RAW", True),
        ("KVM", "VHD", True),
        ("KVM", "VMDK", True),
        ("KVM", "OVA", False),
        ("KVM", "ISO", True),
        ("KVM", "", True),
        ("XenServer", "VHD", True),
        ("XenServer", "QCOW2", False),
        ("VMware", "OVA", True),
        ("VMware", "VHD", False),
        ("Hyperv", "VHDX", True),
        ("Hyperv", "QCOW2", False),
        ("LXC", "TAR", True),
        ("Custom", "whatever", True),
        ("Any", "QCOW2", True),
        ("", "OVA", False),
    ],
)
def test_what_fits(hypervisor: str, kind: str, fits: bool) -> None:
    """Nothing is said of hypervisors whose formats are not known; a template for any must fit one that is there."""
    here = ("KVM",) if hypervisor in ("Any", "") else (hypervisor,)
    found = said(CHECK, (0.0, zone(template("a", hypervisor=hypervisor, format=kind), hypervisors=here)))
    assert found["format_impossible",].value == int(not fits)
    assert problems(found) == (set() if fits else {("format_impossible",)})


def test_templates_of_hypervisors_that_are_elsewhere_harm_nobody() -> None:
    """And what is known of no cluster is not judged."""
    bad = template("a", hypervisor="VMware", format="QCOW2")
    assert problems(said(CHECK, (0.0, zone(bad)))) == set()
    assert problems(said(CHECK, (0.0, zone(template("a", format="OVA"), hypervisors=())))) == set()


def test_what_is_seen_names_the_templates() -> None:
    """And what would fit."""
    found = said(CHECK, (0.0, zone(template("b", format="OVA"), template("a", format="VDI"), template("c"))))
    assert found["format_impossible",].value == 2
    assert found["format_impossible",].seen == "a: VDI for KVM; b: OVA for KVM"
    assert found["format_impossible",].expected == "KVM: QCOW2, RAW, VHD, VHDX, VMDK"


def test_templates_of_the_whole_region_are_looked_at() -> None:
    """Every zone with that hypervisor would try to start them."""
    found = said(CHECK, (0.0, zone(template("a", format="OVA", zone_id=""))))
    assert found["format_impossible",].value == 1


def test_a_disabled_zone_is_not_judged() -> None:
    """It is being built, or torn down."""
    assert said(CHECK, (0.0, zone(template("a", format="OVA"), enabled=False))) == {}
