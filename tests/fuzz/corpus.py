"""Everything that reads what others wrote, each with true answers to begin with. Questions come from the catalogue.

Answers of the lab, one of each question, were written by :mod:`tests.fuzz.capture` into ``tests/samples/fuzz``. Every
other sample that a reader reads is one of its seeds too, so that a new sample needs no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

from exporter.model import Question, Reason, SourceError, UnreadableError, Via
from exporter.questions import catalogue
from exporter.questions.seen import HttpSeen, TlsSeen
from exporter.questions.template_images import Flaw, ImageReport
from tests.fuzz.contract import Target
from tests.fuzz.mutations import changed, mutated
from tests.fuzz.rows import SEEDS as ROWS
from tests.fuzz.rows import changed_rows

SAMPLES = Path(__file__).parent.parent / "samples"
LAB = SAMPLES / "fuzz"
LARGEST_SEED = 60_000
MOST_SEEDS = 8
BRINGS_TEXT = (Via.HOST, Via.SYSTEM_VM, Via.MANAGEMENT_SERVER)


@cache
def samples() -> tuple[bytes, ...]:
    """Return all samples, whole and without a first line that names their origin."""
    found: dict[bytes, None] = {}
    for path in sorted(path for path in SAMPLES.rglob("*") if path.is_file() and path.parent != LAB):
        whole = path.read_bytes()
        if len(whole) <= LARGEST_SEED:
            found |= dict.fromkeys((whole, whole.partition(b"\n")[2]))
    return tuple(found)


def question_targets() -> Iterator[Target]:
    """Yield a target for each question of the catalogue."""
    for question in catalogue():
        if question.via in BRINGS_TEXT:
            yield text_target(question)
        elif question.via is Via.DATABASE:
            seed = ROWS[question.read.__name__]
            yield Target(question.name, question.read, partial(_rows_case, seed), (UnreadableError,), seeds=(seed,))
        else:
            seeds = PROBED[question.name]
            allowed = (UnreadableError, SourceError)
            yield Target(question.name, question.read, partial(_probe_case, seeds), allowed, seeds=seeds)


def text_target(question: Question[Any]) -> Target:
    """Return the target of a question whose answer is text."""
    seeds = seeds_of(question)
    return Target(
        question.name,
        lambda raw: question.read(raw.decode("utf-8", "replace")),
        partial(text_case, seeds),
        (UnreadableError,),
        refuses_garbage=True,
        seeds=seeds,
    )


@cache
def seeds_of(question: Question[Any]) -> tuple[bytes, ...]:
    """Return the lab's answer, and those of the other samples that the reader reads and that say something."""
    path = LAB / question.name
    own = [path.read_bytes()] if path.exists() else []
    others = [raw for raw in samples() if raw.strip() and _says_something(question, raw)]
    return (*own, *sorted(others, key=len)[:MOST_SEEDS])


def _says_something(question: Question[Any], raw: bytes) -> bool:
    try:
        return bool(question.read(raw.decode("utf-8", "replace")))
    except ValueError:
        return False


def text_case(seeds: Sequence[bytes], rng: Random) -> bytes:
    """Return one of the seeds with something changed, spliced with pieces of the others now and then."""
    return mutated(rng, rng.choice(seeds), (*seeds, rng.choice(samples())))


def _rows_case(seed: Any, rng: Random) -> Any:
    return changed_rows(rng, seed)


def _probe_case(seeds: Sequence[Any], rng: Random) -> Any:
    seed = rng.choice(seeds)
    return seed if isinstance(seed, SourceError) else changed(rng, seed)


FAILED = tuple(SourceError(reason, "no way") for reason in (Reason.DNS, Reason.TIMEOUT, Reason.NO_WAY, Reason.TLS))
TLS = (TlsSeen((LAB / "certificate.der").read_bytes(), "TLSv1.3"), TlsSeen(b"", "TLSv1.2", 10, "expired"), None)
FLAW = Flaw("persistent_net_rules", "high", "/etc/udev/rules.d/70-persistent-net.rules", "ATTR{address}")
PROBED: dict[str, tuple[Any, ...]] = {
    "console_name": (("203.0.113.7", "2001:db8::7"), (), *FAILED),
    "console_tcp": (None, *FAILED),
    "console_vnc": (None, *FAILED),
    "console_tls": (*TLS, *FAILED),
    "console_certificate": (*TLS, *FAILED),
    "console_page": (HttpSeen(200, "", "text/html", b"<html>"), HttpSeen(302, "https://x/", "", b""), *FAILED),
    "template_images": ((ImageReport(image="a.qcow2", format="qcow2", system="linux", flaws=(FLAW,)),), ()),
    "host_ports": ({"ssh": (None,), "libvirt": (FAILED[1], None)}, {"https": FAILED[:2]}, {"ssh": FAILED[2:]}),
    "host_certificate": (*TLS[:2], *FAILED),
    "console_next_names": ((("203-0-113-7.console.example", ("203.0.113.7",)), ("203-0-113-8.x", FAILED[0])), ()),
}
