"""Every place of a disk where a file system may lie: the disk itself, partitions, logical volumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from exporter.lint.disks import Disk, joined
from exporter.lint.files import LintError
from exporter.lint.lvm import LogicalVolume, LvmError, read_group, read_physical, stamp
from exporter.lint.partitions import SECTORS, Partition, end_of_partitions, read_partitions
from exporter.lint.volumes import Found, kind_of, own_names, told_size
from exporter.model import Reason

CUT = "it was cut while it was copied: copy it again"


def places(disk: Disk, *, may_be_short: bool = False) -> tuple[Found, ...]:
    """Return where file systems may lie, in the order of the disk.

    Args:
        disk: all of it.
        may_be_short: it may end a little too early although nothing was lost.

    Raises:
        LintError: it ends before its partitions or file systems do.
    """
    tables = {sector: _partitions(disk, sector) for sector in SECTORS}
    options = {**tables, 0: (_found(disk, "the whole disk"),)}
    known = [sector for sector, found in options.items() if any(one.kind for one in found)]
    sector = known[0] if known else (SECTORS[0] if tables[SECTORS[0]] else 0)
    found = tuple(_opened(options[sector]))
    if not may_be_short:
        if sector and end_of_partitions(disk.read, sector) > disk.size:
            raise LintError(Reason.UNREADABLE, f"it ends before its last partition does: {CUT}")
        for one in found:
            if told_size(one.disk, one.kind) > one.disk.size:
                raise LintError(Reason.UNREADABLE, f"{one.place}: its file system does not end there: {CUT}")
    return found


def _partitions(disk: Disk, sector: int) -> tuple[Found, ...]:
    return tuple(_partition(disk, one) for one in read_partitions(disk.read, disk.size, sector))


def _partition(disk: Disk, one: Partition) -> Found:
    found = _found(disk.part(one.offset, one.length), f"partition {one.number}", one.number)
    own = {f"{word}={value}" for word, value in (("PARTUUID", one.uuid), ("PARTLABEL", one.name)) if value}
    return replace(found, names=found.names | own)


def _found(disk: Disk, place: str, number: int = 0, names: frozenset[str] = frozenset()) -> Found:
    kind = kind_of(disk)
    return Found(disk, kind, names | frozenset(own_names(disk, kind)), number, place)


def _opened(found: tuple[Found, ...]) -> Iterator[Found]:
    """Yield the places, logical volumes instead of the physical ones that hold them."""
    physical: dict[str, Disk] = {}
    newest: dict[bytes, tuple[int, bytes, Found]] = {}
    for one in found:
        if one.kind != "lvm":
            yield one
            continue
        try:
            identity, text = read_physical(one.disk.read)
        except LvmError as error:
            yield replace(one, place=f"{one.place}, LVM: {error}")
            continue
        physical[identity] = one.disk
        group, age = stamp(text)
        if group not in newest or newest[group][0] < age:
            newest[group] = (age, text, one)
    for _, text, one in newest.values():
        yield from _logical(text, one, physical)


def _logical(text: bytes, holder: Found, physical: dict[str, Disk]) -> Iterator[Found]:
    if not text:
        return  # its metadata stands on another physical volume
    try:
        volumes = read_group(text)
    except LvmError as error:
        yield replace(holder, place=f"{holder.place}, LVM: {error}")
        return
    for volume in volumes:
        if volume.layout != "hidden":
            yield _volume(volume, holder, physical)


def _volume(volume: LogicalVolume, holder: Found, physical: dict[str, Disk]) -> Found:
    place = f"logical volume {volume.group}/{volume.name}"
    missing = [one for one in volume.segments if one.volume not in physical]
    if volume.layout or missing or not volume.segments:
        why = volume.layout or ("a physical volume is missing" if missing else "empty")
        return Found(holder.disk, "lvm", frozenset(), 0, f"{place}, LVM: {why}")
    disk = joined([physical[one.volume].part(one.offset, one.length) for one in volume.segments])
    names = frozenset(
        {
            f"/dev/{volume.group}/{volume.name}",
            f"/dev/mapper/{_mapped(volume.group)}-{_mapped(volume.name)}",
            f"/dev/disk/by-id/dm-uuid-LVM-{volume.identity}",
        }
    )
    return _found(disk, place, 0, names)


def _mapped(name: str) -> str:
    """Return a name as the device mapper writes it, where a hyphen parts group and volume."""
    return name.replace("-", "--")
