"""LVM: where the blocks of logical volumes lie, read from the metadata that LVM keeps on each physical volume.

Only volumes that are laid out straight are given (``linear``, ``striped`` over one): others are named, so that it
can be said why they were not read. Formats: lvm2's lib/format_text/layout.h and the text of ``vgcfgbackup``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from exporter.lint.partitions import Read

SECTOR = 512
MOST_TEXT = 4 * 2**20  # bytes of metadata
MOST_DEPTH = 16
MOST_SEGMENTS = 10_000
MAGIC = b" LVM2 x[5A%r0N*>"
TOKEN = re.compile(rb'\s+|#[^\n]*|([A-Za-z0-9_.+-]+|"(?:[^"\\]|\\.)*"|[{}=\[\],])', re.DOTALL)
STRAIGHT = ("striped", "linear")
STAMP = re.compile(rb"([A-Za-z0-9_.+-]+)\s*{[^{}]*\bseqno = (\d{1,9})\b")


class LvmError(ValueError):
    """The metadata cannot be read."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a logical volume: where it begins on which physical volume, in bytes."""

    volume: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class LogicalVolume:
    """A logical volume.

    Attributes:
        group: name of its volume group.
        name: its own.
        segments: in order; empty when it is not laid out straight.
        layout: what its segments are, of one that is not straight.
        identity: of its group, and its own.
    """

    group: str
    name: str
    segments: tuple[Segment, ...]
    layout: str = ""
    identity: str = ""


def read_physical(read: Read) -> tuple[str, bytes]:
    """Return the identity of a physical volume and the text of its metadata, empty when it keeps none.

    Raises:
        LvmError: it is none, or damaged.
    """
    for offset in range(0, 4 * SECTOR, SECTOR):
        label = read(offset, SECTOR)
        if label.startswith(b"LABELONE") and label[24:32] == b"LVM2 001":
            break
    else:
        message = "no physical volume"
        raise LvmError(message)
    header = label[_number(label, 20, 4) :]
    identity = header[:32].decode("ascii", "replace")
    areas = _areas(header[40:])
    return identity, (_text(read, *areas[0]) if areas else b"")


def _number(raw: bytes, offset: int, length: int) -> int:
    return int.from_bytes(raw[offset : offset + length], "little")


def _areas(raw: bytes) -> list[tuple[int, int]]:
    """Return the (offset, bytes) of the areas of metadata: the second of two lists that zeros end."""
    pairs = [(_number(raw, offset, 8), _number(raw, offset + 8, 8)) for offset in range(0, len(raw) - 15, 16)]
    ends = [index for index, pair in enumerate(pairs) if pair == (0, 0)]
    return pairs[ends[0] + 1 : ends[1]] if len(ends) > 1 else []


def _text(read: Read, start: int, size: int) -> bytes:
    """Return the newest text in an area, which is a ring behind a header of one sector."""
    header = read(start, SECTOR)
    offset, length = _number(header, 40, 8), _number(header, 48, 8)
    if header[4:20] != MAGIC or not SECTOR <= offset < size or length > min(size, MOST_TEXT):
        message = "the area of metadata is damaged"
        raise LvmError(message)
    straight = min(length, size - offset)
    return read(start + offset, straight) + read(start + SECTOR, length - straight)


def stamp(text: bytes) -> tuple[bytes, int]:
    """Return the group that a text of metadata is about, and how new it is; a volume that was away has an old one."""
    match = STAMP.match(text)
    return (match[1], int(match[2])) if match else (text, 0)


def read_group(text: bytes) -> tuple[LogicalVolume, ...]:
    """Return the logical volumes that a text of metadata describes, the visible ones.

    Raises:
        LvmError: it cannot be read.
    """
    for name, group in _parsed(text.rstrip(b"\0")).items():
        if isinstance(group, dict) and "physical_volumes" in group:
            volumes = _dict(group.get("logical_volumes", {}))
            return tuple(_volume(name, group, own, _dict(volume)) for own, volume in volumes.items())
    message = "no volume group"
    raise LvmError(message)


def _volume(group_name: str, group: dict[str, Any], name: str, volume: dict[str, Any]) -> LogicalVolume:
    count = _whole(volume, "segment_count")
    if count > MOST_SEGMENTS:
        message = "too many segments"
        raise LvmError(message)
    segments = [_dict(volume.get(f"segment{number}")) for number in range(1, count + 1)]
    bent = {str(one.get("type")) for one in segments if not _is_straight(one)}
    if bent or "VISIBLE" not in _list(volume.get("status", [])):
        return LogicalVolume(group_name, name, (), ", ".join(sorted(bent)) or "hidden")
    starts = [_whole(one, "start_extent") for one in segments]
    lengths = [_whole(one, "extent_count") for one in segments]
    if starts[:1] != [0] or any(first + length != then for (first, then), length in zip(pairwise(starts), lengths)):  # noqa: B905
        message = f"the segments of {name} do not follow each other"
        raise LvmError(message)
    identity = _identity(group) + _identity(volume)
    return LogicalVolume(group_name, name, tuple(_segment(group, one) for one in segments), identity=identity)


def _identity(section: Mapping[str, Any]) -> str:
    return str(section.get("id", "")).replace("-", "")


def _is_straight(segment: Mapping[str, Any]) -> bool:
    return segment.get("type") in STRAIGHT and segment.get("stripe_count") == 1


def _segment(group: dict[str, Any], segment: dict[str, Any]) -> Segment:
    stripes = _list(segment.get("stripes"))
    if len(stripes) != 2 or not isinstance(stripes[1], int):
        message = "a segment without a place"
        raise LvmError(message)
    extent = _whole(group, "extent_size") * SECTOR
    physical = _dict(_dict(group["physical_volumes"]).get(str(stripes[0])))
    start = _whole(physical, "pe_start") * SECTOR + stripes[1] * extent
    return Segment(_identity(physical), start, _whole(segment, "extent_count") * extent)


def _whole(found: Mapping[str, Any], key: str) -> int:
    value = found.get(key)
    if not isinstance(value, int) or not 0 <= value < 2**63:
        message = f"{key} is no number"
        raise LvmError(message)
    return value


def _dict(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        message = "a section is missing"
        raise LvmError(message)
    return found


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


# ------------------------------------------------------------------------------------------------ the text's grammar


def _parsed(text: bytes) -> dict[str, Any]:
    """Return the sections and values of a text of metadata."""
    if len(text) > MOST_TEXT:
        message = "too long"
        raise LvmError(message)
    tokens = _tokens(text)
    found = _section(tokens, 0)
    if next(tokens, None) is not None:
        message = "a bracket too many"
        raise LvmError(message)
    return found


def _tokens(text: bytes) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            message = f"no metadata at byte {place}"
            raise LvmError(message)
        place = match.end()
        if match[1]:
            yield match[1].decode("utf-8", "replace")


def _section(tokens: Iterator[str], depth: int) -> dict[str, Any]:
    """Return the entries up to the bracket that closes the section, or to the end of the text."""
    found: dict[str, Any] = {}
    for key in tokens:
        if key == "}" and depth:
            return found
        sign = next(tokens, "")
        if sign == "{" and depth < MOST_DEPTH:
            found[key] = _section(tokens, depth + 1)
        elif sign == "=":
            found[key] = _value(tokens)
        else:
            message = f"{key[:50]} is followed by nothing"
            raise LvmError(message)
    if depth:
        message = "the text ends in a section"
        raise LvmError(message)
    return found


def _value(tokens: Iterator[str]) -> str | int | list[str | int]:
    first = next(tokens, "")
    if first != "[":
        return _scalar(first)
    values: list[str | int] = []
    for word in tokens:
        if word == "]":
            return values
        if word != ",":
            values.append(_scalar(word))
    message = "a list has no end"
    raise LvmError(message)


def _scalar(token: str) -> str | int:
    if token.startswith('"'):
        return token[1:-1]
    return int(token) if token.isascii() and token.isdigit() and len(token) < 20 else token
