"""What is done to true answers: each mutation is small, and repeatable from its seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

LONGEST = 200_000
"""Bytes of a mutated text; what is longer is cut, as the collector would do."""
WORDS = (
    "-1", "0", "00", "1e999", "nan", "inf", "9" * 20, "9" * 400, "9" * 5000, "0x7fffffffffffffff", "\u0663", "\uff11",
    "\u00b2", "\0", "\x1b[31m", "\u2028", "\x85", "\x0c", "\ufeff", "\ud7ff", "\U0001f4a9", "a" * 300, "null", "true",
    "[]", "{}", '""', '"', "'", "\\", ":", "=", ",", "/", "-", "--", "@@ ", "\t", "  ", "\r\n", "\n\n", "unknown",
    "00:00:00:00:00:00", "999.999.999.999", "::1", "0.0.0.0/0", "1970-01-01T00:00:00", "9999-12-31 23:59:59", "%s", "*",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, "", 0, -1, 1, True, 2**63, 10**400, -(10**30), Decimal("1.5"), Decimal("NaN"), Decimal("1e400"), 1e308,
    float("inf"), float("nan"), b"", b"\xff\xfe", "\0", "9" * 5000, "\u0663", "a-b", "1-2-3", "5-1", "0-4294967295",
    "10.0.0.1-10.0.0.0", "255.255.255.255/33", "vlan://untagged", "x" * 70_000, datetime(1, 1, 1, tzinfo=UTC),
)  # fmt: skip
"""Values that a cell of a row may have when a column is not what it was taken for."""

Bytes = Callable[[Random, bytes, Sequence[bytes]], bytes]


def _flip(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    found = bytearray(data or b"\0")
    for _n in range(rng.randint(1, 3)):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _cut(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _without(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.randint(1, 1 + len(data) // 4) :]


def _splice(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others) if others else data
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _insert(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(WORDS).encode("utf-8", "surrogatepass") + data[place:]


def _word(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Put an odd word in the place of one of the text's own, numbers first."""
    words = data.split(b" ")
    numbers = [place for place, word in enumerate(words) if word[:1].isdigit()]
    words[rng.choice(numbers or range(len(words)))] = rng.choice(WORDS).encode()
    return b" ".join(words)


def _digits(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Make one number of the text huge, negative, or of another script."""
    places = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    place = rng.choice(places)
    return data[:place] + rng.choice((b"9" * 30, b"9" * 5000, b"-7", "\u0663".encode(), b"1.5")) + data[place + 1 :]


def _lines(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Repeat a line, many times now and then; or exchange two; or drop one."""
    lines = data.splitlines(keepends=True) or [b"\n"]
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            lines[one] *= rng.choice((2, 3, 40, 2000))
        case 1:
            lines[one], lines[other] = lines[other], lines[one]
        case 2:
            del lines[one]
        case _:
            lines.insert(other, lines[one])
    return b"".join(lines)


def _deep(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Nest what has brackets beyond any stack."""
    opened, closed = rng.choice(((b"[", b"]"), (b"{", b"}"), (b'{"a":', b"}"), (b"(", b")"), (b"<a>", b"</a>")))
    times = rng.choice((50, 3000, 30_000))
    middle = data[: rng.randrange(200)] if rng.random() < 0.5 else b"1"
    place = rng.randrange(len(data) + 1)
    return data[:place] + opened * times + middle + closed * times + data[place:]


def _long(rng: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Make one character many: the friend of regular expressions that try again and again."""
    if not data:
        return b" " * 50_000
    place = rng.randrange(len(data))
    piece = rng.choice(
        (data[place : place + rng.randint(1, 8)], rng.choice((b" ", b"\t", b"a", b"1", b"[", b"{", b'"')))
    )
    return data[:place] + piece * rng.choice((30, 5000, 60_000 // len(piece))) + data[place:]


MUTATIONS: tuple[Bytes, ...] = (_flip, _cut, _without, _splice, _insert, _word, _digits, _lines, _deep, _long)
OFTEN = (_flip, _without, _splice, _insert, _word, _digits, _lines)


def mutated(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return ``data`` after one to four mutations, at most LONGEST bytes; ``others`` are what it is spliced with."""
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(OFTEN if rng.random() < 0.8 else MUTATIONS)(rng, data, others)[:LONGEST]
    return data


def flooded(rng: Random, data: bytes, size: int) -> bytes:
    """Return ``data`` with one piece of it, or a blank or digit, repeated until it is of that size."""
    place = rng.randrange(len(data))
    piece = rng.choice((data[place : place + rng.choice((1, 2, 8, 40))], b" ", b"\t", b"\n", b"1", b"a", b'"'))
    return (data[:place] + piece * (size // len(piece)) + data[place:])[:size]


def changed(rng: Random, value: Any) -> Any:
    """Return a value of the same type with something in it changed: what a probe may bring at its worst."""
    match value:
        case bytes():
            value = mutated(rng, value, (value,))
        case str():
            value = mutated(rng, value.encode(), ()).decode("utf-8", "replace")
        case int() if not isinstance(value, bool):
            value = rng.choice((0, -1, value + 1, 2**31, 2**64))
        case tuple() if value:
            place = rng.randrange(len(value))
            times = rng.choice((0, 1, 1, 2, 300)) if len({type(one) for one in value}) == 1 else 1
            value = (*value[:place], *(changed(rng, value[place]),) * times, *value[place + 1 :])
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            name = rng.choice(dataclasses.fields(value)).name
            value = dataclasses.replace(value, **{name: changed(rng, getattr(value, name))})
        case _:
            pass
    return value
