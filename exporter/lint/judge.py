"""All rules over one image."""

from __future__ import annotations

from pathlib import Path

from exporter.lint.files import Files, LintError
from exporter.lint.images import opened
from exporter.lint.limits import Limits
from exporter.lint.rule import About, Rule, shown
from exporter.lint.rules import discover
from exporter.model import Reason, UnreadableError
from exporter.questions.template_images import SEVERITIES, Flaw, ImageReport

FLAWS_PER_RULE = 10
ENDS_ALL = (Reason.TIMEOUT, Reason.INTERNAL)


async def report(
    image: Path, name: str, *, limits: Limits, work: Path, password_enabled: bool | None = None
) -> ImageReport:
    """Return what is found in an image, or why it could not be read; ``name`` is what people know it by."""
    form = ""
    try:
        async with opened(image, limits, work) as open_image:
            form = open_image.format
            if not open_image.system:
                return unread(name, Reason.UNSUPPORTED, "no system of Linux or Windows in it: an appliance?", form)
            about = About(system=open_image.system, format=form, password_enabled=password_enabled)
            flaws, unknown = await judged(open_image.root, about)
            return ImageReport(image=name, format=form, system=about.system, flaws=flaws, unknown=unknown)
    except LintError as error:
        return unread(name, error.reason, error.detail, form)


def unread(name: str, reason: Reason, detail: str, form: str = "") -> ImageReport:
    """Return the report about an image that could not be read."""
    return ImageReport(image=name, format=form, reason=reason, detail=shown(detail))


async def judged(
    files: Files, about: About, rules: tuple[Rule, ...] | None = None
) -> tuple[tuple[Flaw, ...], tuple[str, ...]]:
    """Return the flaws, the worst first, and the rules that could not be looked at whole.

    Raises:
        LintError: the time is up, so that no other rule could be looked at either.
    """
    flaws: list[Flaw] = []
    unknown: list[str] = []
    for rule in discover() if rules is None else rules:
        if rule.system == about.system:
            found, is_whole = await _one(rule, files, about)
            flaws += found
            if not is_whole:
                unknown.append(rule.name)
    return tuple(sorted(flaws, key=lambda flaw: SEVERITIES.index(flaw.severity))), tuple(unknown)


async def _one(rule: Rule, files: Files, about: About) -> tuple[list[Flaw], bool]:
    """Return what one rule finds, bounded, and whether it could look at everything."""
    flaws: list[Flaw] = []
    try:
        async for found in rule.judge(files, about):
            flaws.append(rule.flaw(found))
            if len(flaws) == FLAWS_PER_RULE:
                break
    except LintError as error:
        if error.reason in ENDS_ALL:
            raise
        return flaws, False
    except UnreadableError:
        return flaws, False
    return flaws, True
