"""What is said to the collector: words of closed types only, checked here and again where they arrive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from exporter.model import Reason, SourceError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", re.ASCII)
LONG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", re.ASCII)
QUESTION = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
LONGEST = 32768
"""Characters of all words together that the collector takes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question by its name, its parameters, and the size of its answer in bytes."""

    name: str
    parameters: tuple[str, ...] = ()
    size: int = 65536

    @property
    def word(self) -> str:
        """Return it as one word."""
        return f"{self.name}:{','.join(self.parameters)}" if self.parameters else self.name


@dataclass(frozen=True, slots=True)
class Hop:
    """The system VM behind the machine: the name it must have, its control address, its SSH port."""

    machine: str
    address: str
    port: int = 3922


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked in one call; without a hop the machine itself is asked."""

    questions: tuple[Asked, ...] = ()
    hop: Hop | None = None

    def words(self, version: str, nonce: str, *, legacy: bool, seconds: int) -> tuple[str, ...]:
        """Return the words of the call.

        Raises:
            SourceError: NO_WAY when a word is of none of the closed types.
        """
        asked = tuple(_checked(question).word for question in self.questions)
        if self.hop is None:
            way: tuple[str, ...] = ("host",)
        else:
            era = "legacy" if legacy else "modern"
            way = ("hop", _name(self.hop.machine), _place(self.hop), era, str(max(1, min(seconds, 600))))
        words = (version, nonce, *way, *asked)
        if sum(map(len, words)) + len(words) + len("collect") > LONGEST:
            raise SourceError(Reason.TOO_LARGE, "too many questions and parameters for one visit")
        return words


def is_parameter(word: str) -> bool:
    """Return whether ``word`` is a decimal number, an IPv4 address, a machine's name, or such with ``@port``."""
    address, at, port = word.partition("@")
    if at:
        is_known = is_address(address) or (LONG_NAME.fullmatch(address) and re.search(r"[^\d.]", address))
        return bool(is_known) and bool(re.fullmatch(r"[1-9]\d{0,4}", port, re.ASCII)) and int(port) < 65536
    if re.fullmatch(r"[\d.]*", word, re.ASCII):
        return is_address(word) if "." in word else 1 <= len(word) <= 10
    return bool(NAME.fullmatch(word))


def is_address(word: str) -> bool:
    """Return whether ``word`` is an IPv4 address in its plain form."""
    try:
        return word.isascii() and str(IPv4Address(word)) == word
    except AddressValueError:
        return False


def _checked(question: Asked) -> Asked:
    """Return the question, when its words can be passed on."""
    if not QUESTION.fullmatch(question.name) or not all(map(is_parameter, question.parameters)):
        raise SourceError(Reason.NO_WAY, f"a word for {question.name[:63]!r} is of no type that is passed on")
    return question


def _name(machine: str) -> str:
    """Return a machine's name, when it is one."""
    if not NAME.fullmatch(machine):
        raise SourceError(Reason.NO_WAY, f"{machine[:63]!r} is not the name of a machine")
    return machine


def _place(hop: Hop) -> str:
    """Return ``address@port`` of a system VM, when it is one."""
    if not is_address(hop.address):
        raise SourceError(Reason.NO_WAY, f"CloudStack tells no IPv4 control address of {hop.machine}")
    return f"{hop.address}@{hop.port}"
