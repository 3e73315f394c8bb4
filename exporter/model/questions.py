"""Questions, answers, and what is remembered between visits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from exporter.model.reasons import Reason

T = TypeVar("T")


class Via(StrEnum):
    """Which way a question travels."""

    HOST = "host"  # a section of the collector on the host itself
    SYSTEM_VM = "system_vm"  # a section of the collector inside a system VM, through its host
    MANAGEMENT_SERVER = "management_server"  # a section of the collector on a management server
    DATABASE = "database"  # a statement, read-only
    PROBE = "probe"  # a connection made by the exporter as a browser: DNS, TCP, TLS, HTTP
    DIAL = "dial"  # a connection made by the exporter to a port of a hypervisor host
    IMAGE = "image"  # a template image, read where the exporter runs

    @property
    def setting(self) -> str:
        """Return the config key that lights this way."""
        keys = {
            Via.PROBE: "console.enabled",
            Via.DATABASE: "database",
            Via.MANAGEMENT_SERVER: "ssh.management_servers",
            Via.IMAGE: "templates.directory",
        }
        return keys.get(self, "ssh")


@dataclass(frozen=True, slots=True, eq=False)
class Question(Generic[T]):
    """What is asked elsewhere, and how the answer is read. One entry of the catalogue.

    Attributes:
        name: unique; lower case with underscores; the name of the section in the collector.
        via: the way it travels.
        text: what is run or asked: for SSH a POSIX sh snippet that sees its parameters as "$@" and
            prefixes absolute paths with "$ROOT" (empty on real machines); for probes one sentence.
        read: turns what came back into T. For SSH it gets the text of the section. Pure; raises
            UnreadableError when it does not know the format.
        privilege: what the account needs for it, in words.
        why: one sentence for docs/questions.md.
        every: asked on each n-th visit of the target.
        seconds: time limit of this question alone, enforced where it runs.
        size: byte limit of the answer. A visit ends as soon as more has come than all its questions may
            bring; whoever passed its limit is asked last the next time.
        processes: started on the host at most, its own shell among them; 0 where they are not counted. What does not
            fit a visit is left for the next one.
        waits: it dials others, or may hang: what was tried in vain is tried again in its turn, not at the next visit.
        parameters: closed-type words (IPv4, port, name) made from the target; checked again remotely.
    """

    name: str
    via: Via
    text: str
    read: Callable[[Any], T]
    privilege: str
    why: str
    every: int = 1
    seconds: float = 2.0
    size: int = 65536
    processes: int = 0
    waits: bool = False
    parameters: Callable[[Any, Ports], tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Every port that is dialled, or that connections of others are looked for at.

    Settings, so that a lab needs no privilege.
    """

    ssh: int = 22
    system_vm_ssh: int = 3922
    agent: int = 8250
    cluster: int = 9090
    console_http: int = 80
    console_https: int = 443
    console_vnc: int = 8080
    console_vnc_tls: int = 8443
    password: int = 8080
    metadata: int = 80
    dns: int = 53
    database: int = 3306
    libvirt: int = 16509
    libvirt_tls: int = 16514
    migration: int = 49152
    hypervisor_https: int = 443
    vnc: int = 5900


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """One answer: the value, and when it was asked.

    ``asked`` and ``expires`` are seconds of the boot clock (it also runs through suspend), ``at`` is
    unix time.
    """

    value: T
    asked: float
    at: float
    expires: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that was not answered."""

    reason: Reason
    detail: str = ""


Outcome = Answer[Any] | Failure


@dataclass(frozen=True, slots=True)
class Held:
    """Since when a fact has held.

    Attributes:
        seconds: how long, by the boot clock.
        at_least: True when it was already so at the first look after a start.
        first_asked: boot-clock time of the first answer that showed it.
    """

    seconds: float
    at_least: bool
    first_asked: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known of one target now: valid answers, reasons for the missing ones, and memory.

    Attributes:
        now: unix time of the newest answer; judges have no other clock.
        asked: boot-clock time of the newest answer.
        is_on_demand: whether somebody who asked for it waits for the verdict (``check``): what needs two looks has two
            at once, and none at its usual distance.
    """

    now: float = 0.0
    asked: float = 0.0
    is_on_demand: bool = False
    values: Mapping[Question[Any], Answer[Any]] = field(default_factory=dict)
    failures: Mapping[Question[Any], Failure] = field(default_factory=dict)
    previous: Mapping[Question[Any], Answer[Any]] = field(default_factory=dict)
    memory: Callable[[tuple[str, ...], float], Held] | None = None

    def __getitem__(self, question: Question[T]) -> T:
        """Return the answer to a question that the check asks (present whenever it is judged)."""
        value: T = self.values[question].value
        return value

    def get(self, question: Question[T]) -> T | None:
        """Return the answer, or None when there is none that is still valid."""
        answer = self.values.get(question)
        return answer.value if answer else None

    def before(self, question: Question[T]) -> tuple[T, float] | None:
        """Return the previous answer and its age in seconds, or None."""
        old = self.previous.get(question)
        new = self.values.get(question)
        return (old.value, new.asked - old.asked) if old and new else None

    def held(self, *key: str) -> Held:
        """Return since when the fact named by ``key`` has held; naming it keeps it remembered.

        A key that one judgment does not name is forgotten, so name it exactly while the fact holds.
        """
        return self._held(key, self.asked)

    def held_by(self, question: Question[T], *key: str) -> Held:
        """Return since when the fact has held by the answers to one question, which may be older than the newest."""
        return self._held(key, self.values[question].asked)

    def _held(self, key: tuple[str, ...], asked: float) -> Held:
        if self.memory is None:
            return Held(0.0, at_least=True, first_asked=asked)
        return self.memory(key, asked)
