"""Folders of XFS: names in an inode, or in blocks of their own. Pure; what does not fit is damage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from exporter.lint.files import Kind, LintError
from exporter.model import Reason

KINDS = {1: Kind.FILE, 2: Kind.FOLDER, 7: Kind.LINK}  # as written beside a name
FREE = 0xFFFF

Named = tuple[str, int, Kind | None]
"""Name, number of the inode, what it is (None: it is not written beside the name)."""


def short(raw: bytes, *, has_kinds: bool) -> Iterator[Named]:
    """Yield the names of a small folder, which stand in its inode."""
    if len(raw) < 6:
        _refuse()
    wide = 8 if raw[1] else 4
    place = 2 + wide
    for _ in range(raw[0]):
        if place >= len(raw):
            _refuse()
        end = place + 3 + raw[place]
        name, last = raw[place + 3 : end], end + has_kinds + wide
        if last > len(raw):
            _refuse()
        yield _name(name), int.from_bytes(raw[last - wide : last], "big"), _kind(raw[end]) if has_kinds else None
        place = last


def block(raw: bytes, *, has_kinds: bool, is_fifth: bool) -> Iterator[Named]:
    """Yield the names in one block of a folder; in a folder of one block its index stands at the end."""
    sign, place, end = raw[:4], 64 if is_fifth else 16, len(raw)
    if sign not in ((b"XDB3", b"XDD3") if is_fifth else (b"XD2B", b"XD2D")):
        _refuse()
    if sign in (b"XDB3", b"XD2B"):
        end -= 8 + 8 * int.from_bytes(raw[-8:-4], "big")
    while place < end:
        if int.from_bytes(raw[place : place + 2], "big") == FREE:
            size = int.from_bytes(raw[place + 2 : place + 4], "big")
        else:
            length = raw[place + 8] if place + 8 < end else 0
            size = -(-(11 + length + has_kinds) // 8) * 8
            if not length or place + size > end:
                _refuse()
            last = place + 9 + length
            number = int.from_bytes(raw[place : place + 8], "big")
            yield _name(raw[place + 9 : last]), number, _kind(raw[last]) if has_kinds else None
        if size < 8:
            _refuse()
        place += size


def _kind(number: int) -> Kind:
    return KINDS.get(number, Kind.OTHER)


def _name(raw: bytes) -> str:
    if b"/" in raw or b"\0" in raw:
        _refuse()
    return raw.decode("utf-8", "surrogateescape")


def _refuse() -> NoReturn:
    raise LintError(Reason.UNREADABLE, "XFS: damaged folder; try xfs_repair -n on a copy of it")
