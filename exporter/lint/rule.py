"""What a rule is, and what it may know of the image beside its files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from exporter.lint.files import Files, LintError
from exporter.model import UnreadableError
from exporter.questions.template_images import Flaw

LONGEST_SEEN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of the image beside its files.

    Attributes:
        system: linux | windows.
        format: qcow2 | raw | vpc | vhdx | vmdk, or empty.
        password_enabled: whether it is, or will be, registered as password-enabled; None when nobody says.
    """

    system: str
    format: str = ""
    password_enabled: bool | None = None

    @property
    def is_for_kvm(self) -> bool:
        """Return whether its format is one of those that KVM hosts run."""
        return self.format not in {"vpc", "vhdx", "vmdk"}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a rule found: where, and what stands there, without secrets."""

    path: str
    seen: str


Judge = Callable[[Files, About], AsyncIterator[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Modules of ``rules`` have them in ``RULES``.

    Attributes:
        name: lower case with underscores; the label of the metrics.
        severity: one of SEVERITIES; a thing that is worse in some images is two rules.
        breaks: one sentence for people: what it does to guests.
        remedy: what the maker of the template does.
        judge: yields what it finds; raises LintError or UnreadableError when it cannot be told, at best after the rest.
        system: of which images.
    """

    name: str
    severity: str
    breaks: str
    remedy: str
    judge: Judge
    system: str = "linux"

    def flaw(self, found: Found) -> Flaw:
        """Return what was found as a flaw; its text fits one line, whatever the image holds."""
        seen = shown(found.path), shown(found.seen)
        return Flaw(self.name, self.severity, *seen, breaks=self.breaks, remedy=self.remedy)


def shown(text: str) -> str:
    """Return text as one bounded line of printable characters."""
    line = "".join(sign if sign.isprintable() else "?" for sign in text[: 2 * LONGEST_SEEN]).strip()
    return line if len(line) <= LONGEST_SEEN else f"{line[: LONGEST_SEEN - 3]}..."


async def each(things: Iterable[Any], look: Callable[[Any], AsyncIterator[Found]]) -> AsyncIterator[Found]:
    """Yield what ``look`` finds in each thing; one that cannot be told hides nothing of the others.

    Raises:
        LintError: the first thing that could not be told, after all others were looked at.
        UnreadableError: the same.
    """
    failure: LintError | UnreadableError | None = None
    for thing in things:
        try:
            async for found in look(thing):
                yield found
        except (LintError, UnreadableError) as error:
            failure = failure or error
    if failure is not None:
        raise failure
