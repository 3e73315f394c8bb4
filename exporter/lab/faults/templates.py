"""Faults of templates as CloudStack knows them. They strike debian-12 in zone east unless they say otherwise."""

from __future__ import annotations

from exporter.lab.api.rows_templates import SERVER
from exporter.lab.faults.fault import fault
from exporter.lab.world.templates import REGION_STORE, LabTemplate
from exporter.lab.world.tenants import DAY
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
    """The system VM template is corrupted in the image store of the whole region: no zone has another one."""
    status = f"Template SystemVM Template (KVM) is corrupted on secondary storage {REGION_STORE}"
    world.templates["SystemVM Template (KVM)"].fails(None, status)


@fault(TEMPLATES, "system_ready", "not_ready")
def template_of_routers_not_ready(world: World) -> None:
    """Routers of zone east are made of the system VM template of an upgrade, which is not ready; the old one is."""
    new = LabTemplate("systemvm-kvm-4.20.1", 206, kind="SYSTEM", account=1, url="/new.qcow2", zones=("east",))
    new.created = world.start - 2 * DAY
    new.fails(world.zones[0], "No space left on device")
    world.templates[new.name] = new
    world.zone_settings[world.zones[0].id]["router.template.kvm"] = new.name


@fault(TEMPLATES, "private_not_ready")
def template_of_owner_failed(world: World) -> None:
    """Somebody registered a template of his own from a URL that there is not."""
    own = LabTemplate("own", 205, url="/own.qcow2", zones=("east",), public=False, owner="alice")
    own.created = world.start - 40 * DAY
    own.fails(world.zones[0], " HTTP Server returned 404 (expected 200 OK) ")
    world.templates["own"] = own


@fault(TEMPLATES, "not_ready", after=22000)
def template_never_finished(world: World) -> None:
    """A template is there as a whole, and is never made ready."""
    _debian(world).fails(world.zones[0], "Installing Template", "DOWNLOADED", "100")


@fault(TEMPLATES, "unknown_directories")
def template_directory_unknown(world: World) -> None:
    """The template of XenServer's system VMs was taken out of the database, and its directory was left."""
    world.database.edits += [
        ("DELETE FROM template_store_ref WHERE template_id = 1", ()),
        ("UPDATE vm_template SET removed = UTC_TIMESTAMP() WHERE id = 1", ()),
    ]


@fault(TEMPLATES, "imports_blocked")
def template_import_blocked(world: World) -> None:
    """A template was registered from a place that the secondary storage VMs of zone east do not reach."""
    debian = _debian(world)
    debian.url = f"{SERVER}:{world.ports.claim}/debian-12.qcow2"
    debian.fails(world.zones[0], f"Failed to download {debian.url}: Connection refused (Connection refused)")
