"""Questions made for tests of the collector: well-behaved, slow, loud, and broken ones."""

from __future__ import annotations

from typing import Any

from exporter.model import Question, Via


def made(name: str, text: str, via: Via = Via.HOST, **changes: Any) -> Question[str]:
    """Return a question that gives its text back."""
    return Question(name=name, via=via, text=text, read=str, privilege="none", why="a test", **changes)


HELLO = made("hello", "echo \"$#:$*\"; echo 'it'\\''s' \"$ROOT\"; id -u\n", seconds=10)
SLOW = made("slow", "echo before; sleep 300; echo after\n", seconds=1)
LONG = made("long", "echo before; sleep 300\n", seconds=30)
STUBBORN = made("stubborn", "trap '' TERM; while :; do sleep 0.2; done\n", seconds=1)
FLOOD = made("flood", "yes 0123456789\n", seconds=2, size=1000)
MUCH = made("much", "printf '%03000d' 7; echo\n", size=1000)
EXACT = made("exact", "printf 0123456789", size=10)
FAILS = made("fails", "echo sorry >&2; exit 7\n")
LACKS = made("lacks", "no-such-command-anywhere\n")
BINARY = made("binary", "printf 'a\\000b\\377\\033[31mc'\n")
PATIENT = made("patient", "sleep 6; echo done; exit 7\n", seconds=25)  # a busy machine may stop for seconds
HELD = made("held", "sleep 7 & echo started\n", seconds=1)
INSIDE = made("inside", 'echo "$#:$*"; cat /proc/sys/kernel/hostname; id -u\n', Via.SYSTEM_VM)
INSIDE_SLOW = made("inside_slow", "echo before; sleep 300\n", Via.SYSTEM_VM, seconds=1)
INSIDE_LONG = made("inside_long", "echo before; sleep 300\n", Via.SYSTEM_VM, seconds=30)
INSIDE_FLOOD = made("inside_flood", "yes 0123456789\n", Via.SYSTEM_VM, seconds=2, size=1000)
INSIDE_MUCH = made("inside_much", "printf '%03000d' 7; echo\n", Via.SYSTEM_VM, size=1000)

INSIDE_HANGING = tuple(made(f"inside_hanging_{n}", "sleep 300\n", Via.SYSTEM_VM, seconds=20) for n in range(5))

ALL = (
    *(HELLO, SLOW, LONG, STUBBORN, FLOOD, MUCH, EXACT, FAILS, LACKS, BINARY, PATIENT, HELD),
    *(INSIDE, INSIDE_SLOW, INSIDE_LONG, INSIDE_FLOOD, INSIDE_MUCH),
    *INSIDE_HANGING,
)
