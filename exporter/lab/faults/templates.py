"""Faults of templates as CloudStack knows them. They strike debian-12 in zone east unless they say otherwise."""

from __future__ import annotations

from exporter.lab.api.rows_templates import SERVER
from exporter.lab.faults.fault import fault
from exporter.lab.world.templates import LabTemplate
from exporter.lab.world.world import World
from exporter.model import Issue

TEMPLATES = Issue.TEMPLATES


def _debian(world: World) -> LabTemplate:
    return world.templates["debian-12"]


@fault(TEMPLATES, "not_ready")
def template_download_failed(world: World) -> None:
    """The web server of a template answered 404."""
    _debian(world).fails(world.zones[0], " HTTP Server returned 404 (expected 200 OK) ")


@fault(TEMPLATES, "not_ready", after=3700)
def template_download_stuck(world: World) -> None:
    """The download of a template has stood at one percentage for an hour."""
    _debian(world).fails(world.zones[0], "37% Downloaded", "DOWNLOAD_IN_PROGRESS", "37")


@fault(TEMPLATES, "not_ready", after=1000)
def template_download_not_begun(world: World) -> None:
    """Nobody begins to download a template."""
    _debian(world).fails(world.zones[0], "", "NOT_DOWNLOADED")


@fault(TEMPLATES, "format_impossible")
def template_format_impossible(world: World) -> None:
    """A template for KVM was registered as OVA."""
    world.templates["appliance"].format = "OVA"


@fault(TEMPLATES, "system_ready", "not_ready")
def template_of_system_vms_lost(world: World) -> None:
    """The system VM template of a zone is corrupted in secondary storage."""
    status = "Template SystemVM Template (KVM) is corrupted on secondary storage east-secondary"
    world.templates["SystemVM Template (KVM)"].fails(world.zones[0], status)


@fault(TEMPLATES, "unknown_directories")
def template_directory_unknown(world: World) -> None:
    """The template of XenServer's system VMs was taken out of the database, and its directory was left."""
    world.database.edits += [
        ("DELETE FROM template_store_ref WHERE template_id = 1", ()),
        ("UPDATE vm_template SET removed = UTC_TIMESTAMP() WHERE id = 1", ()),
    ]


@fault(TEMPLATES, "imports_blocked", "not_ready")
def template_import_blocked(world: World) -> None:
    """A template was registered from a place that the secondary storage VMs of zone east do not reach."""
    debian = _debian(world)
    debian.url = f"{SERVER}:{world.ports.claim}/debian-12.qcow2"
    debian.fails(world.zones[0], f"Failed to download {debian.url}: Connection refused (Connection refused)")
