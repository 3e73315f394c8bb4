"""A hive of the Windows registry: keys and small values, read where they stand. Anything may be wrong with it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from exporter.model import UnreadableError

FIRST = 0x1000  # offset from which cells are counted
MOST_STEPS = 300_000  # pieces of at most STEP bytes that are looked at; a real hive takes some thousands
STEP = 256
LONGEST_VALUE = 16_344  # bytes; longer ones lie in pieces, and nothing we ask for is that long
TEXT = (1, 2)  # REG_SZ, REG_EXPAND_SZ
TEXTS, NUMBER = 7, 4  # REG_MULTI_SZ, REG_DWORD
ASCII_KEY, ASCII_VALUE = 0x20, 0x01  # flags: the name has one byte per letter

Value = str | int | tuple[str, ...] | bytes


@dataclass(frozen=True, slots=True)
class Key:
    """A key, by the offset of its cell."""

    name: str
    offset: int


@dataclass(slots=True)
class Hive:
    """The bytes of a hive, or of its beginning: what lies beyond is an error and never absent.

    Lists may name one cell as often as they like, so what is looked at is counted, whatever is asked.

    Raises, whatever is asked of it:
        UnreadableError: it is no hive, or damaged, or made to be read forever.
    """

    raw: bytes
    _steps: int = 0

    def key(self, path: str) -> Key | None:
        """Return the key at a path below the root, in any case; None when there is none."""
        found = self._root()
        for word in path.split("\\"):
            below = next((key for key in self._below(found) if key.name.lower() == word.lower()), None)
            if below is None:
                return None
            found = below
        return found

    def below(self, path: str) -> tuple[Key, ...]:
        """Return the keys below a key; none when there is no such key."""
        found = self.key(path)
        return tuple(self._below(found)) if found else ()

    def value(self, path: str, name: str) -> Value | None:
        """Return a value of a key: text, texts, a number, else bytes; None when there is none."""
        found = self.key(path)
        return self.value_of(found, name) if found else None

    def value_of(self, key: Key, name: str) -> Value | None:
        """Return a value of this key; None when it has none of that name."""
        number, place = self._numbers("<II", key.offset + 0x24)
        for index in range(number):
            cell = self._cell(self._numbers("<I", self._cell(place) + 4 * index)[0])
            if self._name(cell, 0x02, 0x10, 0x14, ASCII_VALUE, b"vk").lower() == name.lower():
                return self._data(cell)
        return None

    def _root(self) -> Key:
        if self.raw[:4] != b"regf":
            _refuse("no hive")
        cell = self._cell(self._numbers("<I", 0x24)[0])
        return Key("", self._signed(cell, b"nk"))

    def _below(self, key: Key) -> Iterator[Key]:
        (number,) = self._numbers("<I", key.offset + 0x14)
        if not number:
            return
        (place,) = self._numbers("<I", key.offset + 0x1C)
        for cell in self._listed(self._cell(place), deeper=True):
            yield Key(self._name(cell, 0x48, 0x02, 0x4C, ASCII_KEY, b"nk"), cell)

    def _listed(self, cell: int, *, deeper: bool) -> Iterator[int]:
        """Yield the cells in a list of keys, or in a list of such lists."""
        kind, number = self._take(cell, 2), self._numbers("<H", cell + 2)[0]
        step = {b"lf": 8, b"lh": 8, b"li": 4, b"ri": 4}.get(kind)
        if step is None or (kind == b"ri" and not deeper):
            _refuse("no list of keys")
        for place in range(cell + 4, cell + 4 + number * step, step):
            found = self._cell(self._numbers("<I", place)[0])
            if kind == b"ri":
                yield from self._listed(found, deeper=False)
            else:
                yield found

    def _data(self, cell: int) -> Value:
        size, place, kind = self._numbers("<III", cell + 0x04)
        if size & 0x80000000:  # up to four bytes stand in the place of the offset
            raw = self._take(cell + 0x08, min(size & 0x7FFFFFFF, 4))
        elif size > LONGEST_VALUE:
            _refuse("a value is longer than any that is asked for")
        else:
            raw = self._take(self._cell(place), size)
        return _value(kind, raw)

    def _name(self, cell: int, length: int, flags: int, start: int, flag: int, sign: bytes) -> str:
        """Return the name in a cell; the numbers say where its length, its flags and itself stand."""
        self._signed(cell, sign)
        raw = self._take(cell + start, self._numbers("<H", cell + length)[0])
        is_ascii = self._numbers("<H", cell + flags)[0] & flag
        return raw.decode("latin-1") if is_ascii else raw.decode("utf-16-le", "replace")

    def _signed(self, cell: int, sign: bytes) -> int:
        if self._take(cell, 2) != sign:
            _refuse("a cell is of another kind")
        return cell

    def _cell(self, offset: int) -> int:
        """Return where the content of a cell stands."""
        return FIRST + offset + 4

    def _numbers(self, form: str, place: int) -> tuple[int, ...]:
        return struct.unpack(form, self._take(place, struct.calcsize(form)))

    def _take(self, place: int, size: int) -> bytes:
        if place < 0 or place + size > len(self.raw):
            _refuse("it ends too early")
        self._steps += 1 + size // STEP
        if self._steps > MOST_STEPS:
            _refuse("it takes too many steps")
        return self.raw[place : place + size]


def _value(kind: int, raw: bytes) -> Value:
    if kind in TEXT:
        return raw.decode("utf-16-le", "replace").rstrip("\0")
    if kind == TEXTS:
        return tuple(one for one in raw.decode("utf-16-le", "replace").split("\0") if one)
    return int.from_bytes(raw[:4], "little") if kind == NUMBER else raw


def _refuse(why: str) -> NoReturn:
    message = f"the registry cannot be read: {why}"
    raise UnreadableError(message)
