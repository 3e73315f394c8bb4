"""LVM's metadata: what lvm2 wrote, and what nobody may have."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lint.disk_map import _found, _opened, places
from exporter.lint.disks import Disk
from exporter.lint.lvm import LvmError, Segment, read_group, read_physical
from tests.disk_images import MIB, SAMPLES

HEADS = [gzip.decompress((SAMPLES / f"lvm-{number}.bin.gz").read_bytes()) for number in (0, 1)]
FIRST, SECOND = "IgWi00W3jjUbcPDjnrZmialdHrXeONc4", "vxm0G6kuAJGO040HgWrR1ZgvNayTnVVR"
EXTENT = 4 * MIB


def physical(raw: bytes) -> tuple[str, bytes]:
    """Read a physical volume of these bytes."""
    return read_physical(lambda offset, length: raw[offset : offset + length])


def test_volumes_are_those_that_lvm2_made() -> None:
    """Their stretches as ``pvs --segments`` printed them when the sample was made; stripes are named, not read."""
    identity, text = physical(HEADS[0])
    assert (identity, physical(HEADS[1])) == (FIRST, (SECOND, text))
    root, var, fast = read_group(text)
    assert (root.group, root.name, root.segments) == (
        "rhel",
        "root",
        (
            Segment(FIRST, MIB, 4 * EXTENT),
            Segment(FIRST, MIB + 7 * EXTENT, 5 * EXTENT),
            Segment(SECOND, MIB, 2 * EXTENT),
        ),
    )
    assert (var.name, var.segments) == ("var-log", (Segment(SECOND, MIB + 2 * EXTENT, 4 * EXTENT),))
    assert (fast.name, fast.segments, fast.layout) == ("fast", (), "striped")


def test_a_text_that_goes_round_the_ring_is_put_together() -> None:
    """Constructed from the sample: moved so that it wraps."""
    _, text = physical(HEADS[0])
    raw, size = bytearray(HEADS[0].ljust(MIB, b"\0")), 1044480
    offset = size - 100
    raw[4096 + 40 : 4096 + 48] = offset.to_bytes(8, "little")
    raw += bytes(4096)
    raw[4096 + offset : 4096 + size] = text[:100]
    raw[4096 + 512 : 4096 + 512 + len(text) - 100] = text[100:]
    assert physical(bytes(raw))[1] == text


def test_what_lacks_a_physical_volume_is_named(tmp_path: Path) -> None:
    """One disk of two: the volume that lies on both is unknown, and so is the one on the other."""
    path = tmp_path / "disk"
    path.write_bytes(HEADS[0].ljust(100 * MIB, b"\0"))
    file = os.open(path, os.O_RDONLY)
    try:
        found = {one.place: one.kind for one in places(Disk(file, ((0, 100 * MIB),)))}
    finally:
        os.close(file)
    assert found == {
        "logical volume rhel/root, LVM: a physical volume is missing": "lvm",
        "logical volume rhel/var-log, LVM: a physical volume is missing": "lvm",
        "logical volume rhel/fast, LVM: striped": "lvm",
    }


@pytest.mark.parametrize("old", [0, 1])
def test_of_two_texts_the_newer_one_counts(old: int, tmp_path: Path) -> None:
    """A physical volume that was away keeps an old one; constructed from the sample: there root has another name."""
    path = tmp_path / "disk"
    heads = [bytearray(head.ljust(4 * MIB, b"\0")) for head in HEADS]
    heads[old][:] = heads[old].replace(b"seqno = 9", b"seqno = 7").replace(b"root {", b"rout {")
    path.write_bytes(b"".join(heads))
    file = os.open(path, os.O_RDONLY)
    try:
        parts = tuple(_found(Disk(file, ((number * 4 * MIB, 4 * MIB),)), f"partition {number}") for number in (0, 1))
        names = [one.place for one in _opened(parts)]
    finally:
        os.close(file)
    assert [name.partition(",")[0] for name in names] == [
        f"logical volume rhel/{name}" for name in ("root", "var-log", "fast")
    ]


GROUP = """vg { extent_size = 8192 physical_volumes { pv0 { id = "a-b" pe_start = 2048 } }
logical_volumes { lv { status = ["VISIBLE"] segment_count = 1 segment1 { start_extent = 0 extent_count = 3
type = "%s" stripe_count = 1 stripes = [ "pv0", 5 ] } } } }"""


def test_comments_quotes_and_unknown_values_are_read_over() -> None:
    """A bracket in a text is none; constructed."""
    text = GROUP % "linear" + '\n# a } comment {\ncontents = "a \\" } text"\nfloat = 1.5\nlist = []\n'
    (one,) = read_group(text.encode() + b"\0\0")
    assert one.segments == (Segment("ab", MIB + 5 * EXTENT, 3 * EXTENT),)
    (one,) = read_group((GROUP % "thin").encode())
    assert (one.segments, one.layout) == ((), "thin")


@pytest.mark.parametrize(
    "change",
    [
        ("start_extent = 0", "start_extent = 1"), ("extent_count = 3", "extent_count = -3"), ("8192", '"x"'),
        ('"pv0", 5', '"pv0"'), ('"pv0", 5', '"pv9", 5'), ("} } } }", "} } }"), ("} } } }", "} } } } }"),
        ("segment_count = 1", "segment_count = 2"), ("segment_count = 1", "segment_count = 99999999999"),
        ("vg {", "vg {{"), ("= 3", "= {"), ('["VISIBLE"]', '["VISIBLE"'), ("linear", "lin\"ear"), ("physical_", "p_"),
    ],
)  # fmt: skip
def test_damaged_metadata_is_no_volume(change: tuple[str, str]) -> None:
    """Nothing is guessed."""
    text = GROUP % "linear"
    assert change[0] in text
    with pytest.raises(LvmError):
        read_group(text.replace(*change).encode())


def test_deep_nesting_is_refused() -> None:
    """It would only cost."""
    with pytest.raises(LvmError):
        read_group(b"a {" * 100_000)


def test_places_of_metadata_outside_of_it_are_refused() -> None:
    """Lengths and offsets that no volume has."""
    for place, value in ((4096 + 40, 2**63), (4096 + 48, 2**40), (4096 + 40, 3), (4096 + 4, 0)):
        raw = bytearray(HEADS[0])
        raw[place : place + 8] = value.to_bytes(8, "little")
        with pytest.raises(LvmError):
            physical(bytes(raw))
    with pytest.raises(LvmError):
        physical(bytes(4096))


@given(st.binary(max_size=600))
def test_whatever_stands_there_is_read_or_refused(raw: bytes) -> None:
    """Of any bytes."""
    for read in (physical, read_group, lambda rest: physical(HEADS[0][:512] + rest)):
        try:
            read(raw)
        except LvmError:
            continue
