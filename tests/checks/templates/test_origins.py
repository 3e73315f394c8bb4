"""What templates there are."""

from __future__ import annotations

from exporter.checks.templates.origins import CHECK
from tests.checks.templates.templates_scene import said, template, zone


def test_each_template_of_the_zone_is_said() -> None:
    """With its origin and what it says of itself; those of other zones belong there, those of the region everywhere."""
    found = said(
        CHECK,
        (
            0.0,
            zone(
                template("a", url="https://images.example/a.qcow2", os_name="Debian 12", password_enabled=True),
                template("b", source_template_id="a"),
                template("c", "DOWNLOAD_ERROR", type="SYSTEM", hypervisor="VMware", format="OVA"),
                template("d", zone_id="z2"),
                template("e", zone_id="", type="BUILTIN"),
            ),
        ),
    )
    assert set(found) == {
        ("info", "a", "registered", "QCOW2", "KVM", "Debian 12", "true"),
        ("info", "b", "made_here", "QCOW2", "KVM", "", "false"),
        ("info", "c", "system", "OVA", "VMware", "", "false"),
        ("info", "e", "builtin", "QCOW2", "KVM", "", "false"),
    }
    assert {one.value for one in found.values()} == {1}


def test_a_zone_without_templates_says_nothing() -> None:
    """It is new."""
    assert said(CHECK, (0.0, zone())) == {}
