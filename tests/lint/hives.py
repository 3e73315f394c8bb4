"""Hives of the registry, constructed; hivexget (libhivex) reads them alike."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

Tree = Mapping[str, "Tree | int | str | tuple[str, ...] | bytes"]
"""Names of keys (mappings) and of values."""


@dataclass
class Writer:
    """Cells one after another."""

    cells: bytearray = field(default_factory=lambda: bytearray(32))

    def cell(self, content: bytes) -> int:
        """Add a cell and return its offset."""
        while len(self.cells) % 8:
            self.cells += b"\0"
        offset = len(self.cells)
        size = -(-(len(content) + 4) // 8) * 8
        self.cells += struct.pack("<i", -size) + content.ljust(size - 4, b"\0")
        return offset

    def key(self, name: str, tree: Tree, *, kind: bytes, parent: int = 0, flags: int = 0x20) -> int:
        """Add a key with all that is below it and return its offset; what is below does not know its parent's."""
        keys = {word: held for word, held in tree.items() if isinstance(held, Mapping)}
        below = [self.key(word, held, kind=kind) for word, held in sorted(keys.items(), key=lambda one: one[0].upper())]
        values = [self.value(word, held) for word, held in tree.items() if not isinstance(held, Mapping)]
        return self.key_of(name, below, values, kind=kind, parent=parent, flags=flags)

    def key_of(
        self, name: str, below: list[int], values: list[int], *, kind: bytes, parent: int = 0, flags: int = 0x20
    ) -> int:
        """Add a key with these keys and values, by their offsets, and return its own."""
        subkeys = self._list(kind, below) if below else 0xFFFFFFFF
        listed = self.cell(struct.pack(f"<{len(values)}I", *values)) if values else 0xFFFFFFFF
        raw = name.encode("latin-1")
        head = struct.pack("<2sHQIIIIIIIIII", b"nk", flags, 0, 0, parent, len(below), 0, subkeys, 0xFFFFFFFF,
                           len(values), listed, 0xFFFFFFFF, 0xFFFFFFFF)  # fmt: skip
        return self.cell(head + bytes(20) + struct.pack("<HH", len(raw), 0) + raw)

    def _list(self, kind: bytes, below: list[int]) -> int:
        if kind == b"ri":
            half = len(below) // 2
            lists = [self._list(b"lh", some) for some in (below[:half], below[half:]) if some]
            return self.cell(struct.pack(f"<2sH{len(lists)}I", b"ri", len(lists), *lists))
        entries = b"".join(struct.pack("<I", one) + (b"" if kind == b"li" else bytes(4)) for one in below)
        return self.cell(struct.pack("<2sH", kind, len(below)) + entries)

    def value(self, name: str, held: object) -> int:
        """Add a value and return its offset."""
        if isinstance(held, int):
            kind, raw = 4, struct.pack("<I", held)
        elif isinstance(held, str):
            kind, raw = 1, (held + "\0").encode("utf-16-le")
        elif isinstance(held, tuple):
            kind, raw = 7, ("".join(f"{one}\0" for one in held) + "\0").encode("utf-16-le")
        else:
            assert isinstance(held, bytes)
            kind, raw = 3, held
        size, place = len(raw) | 0x80000000, int.from_bytes(raw.ljust(4, b"\0")[:4], "little")
        if len(raw) > 4:
            size, place = len(raw), self.cell(raw)
        word = name.encode("latin-1")
        return self.cell(struct.pack("<2sHIIIHH", b"vk", len(word), size, place, kind, 1, 0) + word)


def hive(tree: Tree, kind: bytes = b"lh") -> bytes:
    """Return the bytes of a hive with these keys; ``kind`` is that of its lists of keys: lf, lh, li or ri."""
    writer = Writer()
    return _finished(writer, writer.key("ROOT", tree, kind=kind, flags=0x2C))


def costly(number: int) -> bytes:
    """Return a hive of a few bytes in which so many NICs of so many values are one NIC and one value."""
    writer = Writer()
    values = [writer.value("x", 1)] * number
    below = [writer.key_of("nic", [], values, kind=b"li")] * number
    for name in reversed(("ControlSet001", "Services", "Tcpip", "Parameters", "Interfaces")):
        below = [writer.key_of(name, below, [], kind=b"li")]
    return _finished(writer, writer.key_of("ROOT", below, [], kind=b"li", flags=0x2C))


def _finished(writer: Writer, root: int) -> bytes:
    """Return the bytes of a hive with this root."""
    pages = -(-len(writer.cells) // 4096) * 4096
    left = pages - len(writer.cells)
    if left >= 8:
        left -= left % 8
        writer.cells += struct.pack("<i", left).ljust(left, b"\0")
    writer.cells[:32] = struct.pack("<4sII8xQ4x", b"hbin", 0, pages, 0)
    head = bytearray(4096)
    head[:48] = struct.pack("<4sIIQIIIIIII", b"regf", 1, 1, 0, 1, 5, 0, 1, root, pages, 1)
    checksum = 0
    for (word,) in struct.iter_unpack("<I", head[:508]):
        checksum ^= word
    head[508:512] = struct.pack("<I", checksum)
    return bytes(head) + bytes(writer.cells).ljust(pages, b"\0")
