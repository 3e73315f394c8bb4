"""What lint says of template images. The answer is made by ``exporter/lint``; here are its words."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.model import Question, Reason, UnreadableError, Via

SEVERITIES = ("high", "medium", "low", "info")
SERIOUS = ("high", "medium")
"""The worst first: guests lose their network or their password; they may; it is untidy; it is worth knowing."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing in an image that breaks guests made from it.

    Attributes:
        rule: its name: lower case with underscores, for example ``persistent_net_rules``.
        severity: high | medium | low | info.
        path: of the file inside the image, empty when it is about the whole.
        seen: what stands there, without secrets.
        breaks: what it does to guests, a sentence.
        remedy: what the maker of the template does.
    """

    rule: str
    severity: str
    path: str
    seen: str
    breaks: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """What was found in one image.

    Attributes:
        image: path below the directory, or as it was given.
        format: qcow2 | raw | vpc | vhdx | vmdk, as qemu-img names it; empty when it could not be told.
        system: linux | windows, empty when none was found.
        flaws: the worst first.
        unknown: rules that could not be looked at, or not at everything they look at; what they found is there.
        reason: why the image as a whole could not be read, None when it was; BEHIND when its turn has not come.
        detail: the same in words.
    """

    image: str
    format: str = ""
    system: str = ""
    flaws: tuple[Flaw, ...] = ()
    unknown: tuple[str, ...] = ()
    reason: Reason | None = None
    detail: str = ""

    @property
    def serious(self) -> tuple[Flaw, ...]:
        """Return the flaws for which a template is not given to tenants."""
        return tuple(flaw for flaw in self.flaws if flaw.severity in SERIOUS)


def read_reports(raw: object) -> tuple[ImageReport, ...]:
    """Return the reports; raises UnreadableError when they are none."""
    if not isinstance(raw, tuple) or not all(isinstance(one, ImageReport) for one in raw):
        message = "not reports about images"
        raise UnreadableError(message)
    return raw


TEMPLATE_IMAGES: Question[tuple[ImageReport, ...]] = Question(
    "template_images",
    Via.IMAGE,
    "Lint: every image below templates.directory, once for each size and time of change; files are opened read-only.",
    read_reports,
    privilege="may read the images",
    why="A template that was made wrongly breaks every guest made from it; who makes it can still mend it.",
)
