"""Mounts of a secondary storage VM: real counters of a server that was cut off, and what is no fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exporter.checks.host_connectivity.storage_vm_mounts import judge
from exporter.cloud.storage import ImageStore
from exporter.model import Sample
from exporter.questions.system_vms.storage_mounts import SSVM_MOUNTS, Mount, Mounts, read_mounts
from tests.checks.host_connectivity.inside_scene import (
    STORE,
    cloud,
    judged,
    problems,
    router,
    storage_vm,
    template,
    values_of,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "system_vm"
REAL = replace(STORE, url="nfs://10.9.9.5/srv/secondary")
MOUNT = Mount("10.0.0.5:/export/secondary", "/mnt/SecStorage/x", "nfs4", 100, 50, 50)


def real(state: str, waiting: int = 0) -> Mounts:
    """Return the mounts of a sample."""
    return read_mounts((SAMPLES / f"mountstats.{state}").read_text() + f"waiting {waiting}\n")


def found(*visits: Mounts, store: ImageStore = REAL, downloads: bool = False, twins: bool = False) -> list[Sample]:
    """Return what the last visit brings; ``twins``: there is another secondary storage VM."""
    vm = storage_vm()
    others = (storage_vm(id="s9", name="s-9-VM"),) if twins else ()
    templates = {"t1": template()} if downloads else {}
    seen_by = cloud(vm, *others, image_stores={"s1": store}, templates=templates)
    return judged(judge, vm, seen_by, *({SSVM_MOUNTS: one} for one in visits))


def test_a_server_that_answers() -> None:
    """Real counters before and after: what was asked was answered, even when once something was lost."""
    assert values_of(found(real("healthy"), real("recovered"))) == {"mounts": 1, "mount_hangs": 0, "mount_missing": 0}
    assert values_of(found(real("cut-off", 3), real("recovered", 1)))["mount_hangs"] == 0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (real("healthy"), real("cut-off", 3)),  # requests went out
        (real("cut-off", 3), real("cut-off-later", 3)),  # the client's own renewal too
        (real("cut-off-later", 3), real("cut-off-later", 3)),  # no connection any more: nothing goes out, threads wait
    ],
)
def test_a_server_that_was_cut_off(before: Mounts, now: Mounts) -> None:
    """For as long as it lasts."""
    ((name, seen),) = problems(found(before, now))
    assert name == "mount_hangs"
    assert seen == "10.9.9.5:/srv/secondary: no answer in 100 s, 3 threads wait"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Mounts((MOUNT,), 0), Mounts((MOUNT,), 0)),  # nobody asks: NFS 3 has no renewals
        (Mounts((MOUNT,), 0), Mounts((MOUNT,), 2)),  # somebody waits for another one
        (Mounts((replace(MOUNT, sent=60),), 0), Mounts((replace(MOUNT, sent=60),), 0)),  # of old some were sent twice
    ],
)
def test_a_mount_that_nobody_asks_does_not_hang(before: Mounts, now: Mounts) -> None:
    """It is said to be well: nothing waits for it."""
    assert values_of(found(before, now, store=STORE))["mount_hangs"] == 0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Mounts((), 0), Mounts((MOUNT,), 0)),  # new
        (Mounts((replace(MOUNT, age=900),), 0), Mounts((replace(MOUNT, sent=99),), 3)),  # mounted anew
        (Mounts((replace(MOUNT, sent=-1, received=-1),), 0), Mounts((replace(MOUNT, sent=-1, received=-1),), 3)),
    ],
)
def test_what_cannot_be_compared_is_unknown(before: Mounts, now: Mounts) -> None:
    """CIFS counts nothing."""
    assert "mount_hangs" not in values_of(found(before, now, store=STORE))


def test_a_store_that_nobody_needs_is_not_mounted() -> None:
    """CloudStack mounts it for the first template or snapshot: no fault."""
    assert values_of(found(Mounts((), 0))) == {"mounts": 0, "mount_missing": 0}


def test_a_store_that_is_needed_and_not_mounted() -> None:
    """A template is being downloaded into it by the only machine that can."""
    assert problems(found(Mounts((), 0), downloads=True)) == [
        ("mount_missing", "not mounted, and a template is being downloaded into it")
    ]
    assert problems(found(Mounts((), 0), downloads=True, twins=True)) == []  # perhaps the other one does
    assert problems(found(Mounts((MOUNT,), 0), downloads=True, store=STORE)) == []


def test_a_zone_of_object_stores_has_no_mount() -> None:
    """Nothing is ever mounted there."""
    s3 = replace(STORE, protocol="s3", url="https://s3.example/bucket")
    assert values_of(found(Mounts((), 0), store=s3, downloads=True)) == {"mounts": 0}


def test_a_store_with_a_name_is_mounted_by_address() -> None:
    """CloudStack looks the name up itself; the path is what is the same."""
    named = replace(STORE, url="nfs://nas.example/export/secondary/")
    assert values_of(found(Mounts((MOUNT,), 0), store=named))["mount_missing"] == 0
    assert "mount_hangs" in values_of(found(Mounts((MOUNT,), 0), Mounts((MOUNT,), 0), store=named))
    other = replace(STORE, url="nfs://10.0.0.6/export/secondary")
    assert problems(found(Mounts((MOUNT,), 0), store=other, downloads=True))[0][0] == "mount_missing"


def test_of_two_mounts_of_one_path_nobody_knows_whose_hangs() -> None:
    """Two servers with names that export the same path: neither is called hanging, nor not mounted."""
    far, now = (replace(MOUNT, source="10.0.0.6:/export/secondary", place="/mnt/SecStorage/y"), replace(MOUNT, sent=60))
    before = Mounts((MOUNT, far), 0)
    named = replace(REAL, url="nfs://nas.example/export/secondary")
    told = values_of(found(before, Mounts((now, far), 2), store=named, downloads=True))
    assert told == {"mounts": 2, "mount_missing": 0}
    assert values_of(found(Mounts((MOUNT,), 0), Mounts((now,), 2), store=named))["mount_hangs"] == 1


def test_stores_of_one_name_are_told_apart() -> None:
    """Neither hides the other."""
    twin = replace(REAL, id="s2", url="nfs://10.9.9.6/srv/secondary")
    seen_by = cloud(storage_vm(), image_stores={"s1": REAL, "s2": twin})
    samples = judged(judge, storage_vm(), seen_by, {SSVM_MOUNTS: real("healthy")}, {SSVM_MOUNTS: real("recovered")})
    named = {sample.labels[2] for sample in samples if len(sample.labels) > 2}
    assert named == {f"{REAL.name} (s2)", f"{REAL.name} ({REAL.id})"}


def test_a_needed_store_is_found_by_its_own_name() -> None:
    """Downloads know a store by the name that CloudStack has for it, not by the one that tells namesakes apart."""
    twin = replace(REAL, id="s2", url="nfs://10.9.9.6/srv/secondary")
    seen_by = cloud(storage_vm(), image_stores={"s1": REAL, "s2": twin}, templates={"t1": template()})
    none, one = Mounts((), 0), real("healthy")
    missing = problems(judged(judge, storage_vm(), seen_by, {SSVM_MOUNTS: none}))
    assert missing == [("mount_missing", "not mounted, and a template is being downloaded into it")] * 2
    # the other one is mounted, and may be the one that the download goes into
    assert problems(judged(judge, storage_vm(), seen_by, {SSVM_MOUNTS: one})) == []


def test_a_region_wide_store_counts_and_another_zones_does_not() -> None:
    """Stores without a zone serve all of them."""
    assert "mount_missing" in values_of(found(Mounts((), 0), store=replace(STORE, zone_id="")))
    assert values_of(found(Mounts((), 0), store=replace(STORE, zone_id="z2"))) == {"mounts": 0}


def test_one_that_is_being_stopped_is_not_judged() -> None:
    """Its mounts go with it."""
    vm = storage_vm(state="Stopping")
    assert judged(judge, vm, cloud(vm, router()), {SSVM_MOUNTS: Mounts((), 0)}) == []
