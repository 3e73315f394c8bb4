"""Image stores that a secondary storage VM reaches, and does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from exporter.checks.host_connectivity.storage_vm_reach import FIX_NAME, OPEN_WAY, START_SERVICE, judge
from exporter.cloud.storage import Place
from exporter.model import Sample
from exporter.questions.dialling import Reach
from exporter.questions.system_vms.storage_mounts import SSVM_MOUNTS, Mount, Mounts
from exporter.questions.system_vms.storage_ways import SSVM_REACH
from tests.checks.host_connectivity.inside_scene import PLACE, STORE, cloud, judged, storage_vm

VM = storage_vm()
MOUNTED = Mounts((Mount("10.0.0.5:/export/secondary", "/mnt/SecStorage/x", "nfs4"),), 0)


def reached(*words: Reach, mounts: Mounts | None = None) -> list[Sample]:
    """Return what is said of the store after so many looks."""
    more = {} if mounts is None else {SSVM_MOUNTS: mounts}
    return judged(judge, VM, cloud(VM), *({SSVM_REACH: {PLACE: word}} | more for word in words))


@pytest.mark.parametrize("word", [Reach.ESTABLISHED, Reach.OPEN])
def test_a_store_that_is_reached(word: Reach) -> None:
    """At the first look."""
    (sample,) = reached(Reach.TIMEOUT, word)
    assert (sample.labels, sample.value) == (("zone1", "s-3-VM", "east-secondary", "10.0.0.5:2049"), 1)


@pytest.mark.parametrize(
    ("word", "mounts", "seen", "remedy"),
    [
        (Reach.REFUSED, Mounts((), 0), "refused, not mounted", START_SERVICE),
        (Reach.TIMEOUT, MOUNTED, "timeout, mounted", OPEN_WAY),
        (Reach.UNRESOLVED, None, "unresolved", FIX_NAME),
        (Reach.UNREACHABLE, None, "unreachable", OPEN_WAY),
    ],
)
def test_a_store_that_is_not(word: Reach, mounts: Mounts | None, seen: str, remedy: str) -> None:
    """At two looks, with what was seen and whether it is mounted."""
    (sample,) = reached(word, word, mounts=mounts)
    assert (sample.value, sample.seen, sample.remedy) == (0, seen, remedy)


def test_one_look_is_not_enough() -> None:
    """A dial of two seconds may be lost."""
    assert reached(Reach.OPEN, Reach.TIMEOUT) == []


def test_a_store_that_was_not_asked_about_is_unknown() -> None:
    """It is new, or its URL names no host."""
    values: Mapping[object, object] = {SSVM_REACH: {Place("10.0.0.9", 2049): Reach.OPEN}}
    assert judged(judge, VM, cloud(VM), values) == []  # type: ignore[arg-type]
    bucket = cloud(VM, image_stores={"s1": replace(STORE, protocol="swift", url="")})
    assert judged(judge, VM, bucket, {SSVM_REACH: {PLACE: Reach.OPEN}}) == []
