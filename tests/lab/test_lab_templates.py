"""Templates of the lab: one story for the API and the database."""

from __future__ import annotations

from exporter.lab.api.cloud import Cloud
from exporter.lab.api.rows_templates import templates as listed
from exporter.lab.api.rows_zone import image_stores
from exporter.lab.database.places import Numbers
from exporter.lab.database.templates import DELETED, templates
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.places import Ports
from exporter.lab.world.templates import REGION_STORE, LabTemplate
from exporter.lab.world.world import World


def world() -> World:
    """Return the smallest lab's world."""
    return build(Options(), Ports.block(20_000), 1_795_000_000.0)


def test_one_row_per_template_and_zone() -> None:
    """Where the template is; what looks wrong and is not is among them."""
    made = world()
    rows = {(row["name"], row.get("zonename", "")): row for row in listed(made)}
    assert len(rows) == len(listed(made))
    assert {zone for name, zone in rows if name == "builtin"} == {"east", "west"}
    assert rows["edge", "east"]["status"] == "Bypassed Secondary Storage"
    assert rows["SystemVM Template (XenServer)", "south"]["isready"]  # the one zone with such a cluster
    foreign = rows["SystemVM Template (XenServer)", "north"]
    assert (foreign["isready"], foreign["downloaddetails"][0]["downloadState"]) == (False, "NOT_DOWNLOADED")
    assert rows["windows-2022", "north"]["sourcetemplateid"] == rows["debian-12", "north"]["id"]


def test_a_template_of_the_whole_region_has_no_zone() -> None:
    """One row for all, as CloudStack shows what is in a store of the region, which has neither zone nor URL."""
    made = world()
    (row,) = [row for row in listed(made) if row["name"] == "SystemVM Template (KVM)"]
    assert not row.keys() & {"zoneid", "zonename"}
    assert (row["isready"], row["downloaddetails"][0]["datastore"]) == (True, REGION_STORE)
    (store,) = [store for store in image_stores(made) if "zoneid" not in store]
    assert (store["name"], store["protocol"], "url" in store) == (REGION_STORE, "s3", False)
    made.templates["SystemVM Template (KVM)"].fails(None, "refused")
    assert [row["isready"] for row in listed(made) if row["name"] == "SystemVM Template (KVM)"] == [False]


def test_template_and_iso_of_instances_are_shown_when_asked_for() -> None:
    """As CloudStack does: details that are not named are left out, and without any all are shown."""
    cloud = Cloud(world(), lambda: 1_795_000_000.0)
    shown = {
        details: cloud.rows("listVirtualMachines", {"details": details} if details else {})[0].keys()
        & {"templateid", "passwordenabled", "nic", "hypervisor"}
        for details in ("", "all", "min,nics", "min,nics,tmpl,iso")
    }
    everything = {"templateid", "passwordenabled", "nic", "hypervisor"}
    assert shown == {
        "": everything,
        "all": everything,
        "min,nics": {"nic", "hypervisor"},
        "min,nics,tmpl,iso": everything,
    }


def test_a_copy_that_fails_is_one_of_its_zone() -> None:
    """The other zones keep theirs."""
    made = world()
    made.templates["debian-12"].fails(made.zones[0], "refused")
    ready = {row["zonename"]: row["isready"] for row in listed(made) if row["name"] == "debian-12"}
    assert ready == {"east": False, "west": True, "south": True, "north": True}


def test_machines_are_made_of_what_is_offered_everywhere() -> None:
    """Not of system templates, of those of some zones, or of a twin."""
    made = world()
    offered = {one.name for one in made.templates.values() if one.is_offered}
    assert offered == {"debian-12", "windows-2022", "appliance"}
    assert {"debian-12"} < {one.template for one in made.instances} <= offered
    assert not LabTemplate("debian-12", 9, twin="second").is_offered
    assert LabTemplate("debian-12", 9, twin="second").id != made.templates["debian-12"].id


def test_the_database_knows_them_all_and_one_that_is_being_cleaned_up() -> None:
    """By the numbers that their directories have."""
    made = world()
    tables = templates(made, Numbers())
    alive = {row["id"] for row in tables["vm_template"] if row["removed"] is None}
    assert alive == {one.number for one in made.templates.values()}
    assert {row["template_id"] for row in tables["template_store_ref"]} == alive | {DELETED}
    stored = {number for vm in made.system_vms if vm.kind == "secondarystoragevm" for _, number in vm.stored}
    assert stored <= alive
