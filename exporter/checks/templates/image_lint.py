"""Template images that break every guest made from them.

Symptom: guests of one template have no network (eth0, eth1 or p192p1), no password, or each other's identity.
Detect:  the files in each image below templates.directory, read without mounting it, against the rules of lint.
Fix:     what the rule says, in the machine of which the template is made; then make the template again.
"""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import TemplateDirectoryTarget
from exporter.model import Answers, Check, Metric, Reason, Samples, above
from exporter.questions.template_images import SERIOUS, TEMPLATE_IMAGES, ImageReport
from exporter.thresholds import ROWS_PER_TARGET

MAKE_AGAIN = (
    "Mend it in the machine of which the template is made, and make the image again. docs/template-lint.md has the"
    " rules; lint-template IMAGE says all that was found."
)
READ_BY_HAND = "Run lint-template on the image: it says which tool or limit is missing, or that the image is damaged."

FLAWS = Metric(
    "cloudstack_network_templates_image_flaws",
    "Flaws of severity high or medium in a template image below templates.directory, by lint.",
    labels=("image",),
    problem=above(0),
    subject="image",
)
FLAW = Metric(
    "cloudstack_network_templates_image_flaw",
    "A rule of severity high or medium that a template image breaks; the first of them.",
    labels=("image", "rule"),
)
HINTS = Metric(
    "cloudstack_network_templates_image_hints",
    "Flaws of severity low or info in a template image below templates.directory, by lint.",
    labels=("image",),
)
INFO = Metric(
    "cloudstack_network_templates_image_info",
    "A template image that was read: its format, by its content, and the system in it; always 1.",
    labels=("image", "format", "system"),
)
UNREAD = Metric(
    "cloudstack_network_templates_images_unread",
    "Template images that could not be read, or not to the end of a rule of severity high or medium.",
    labels=("template_directory",),
    problem=above(0),
)
WAITING = Metric(
    "cloudstack_network_templates_images_waiting",
    "Template images that were not read yet: they are read one at a time, and only once nobody writes them.",
    labels=("template_directory",),
)


def judge(target: TemplateDirectoryTarget, answers: Answers, _cloud: Cloud) -> Samples:
    """Yield what was found in each image, and how many could not be looked at."""
    reports = answers.get(TEMPLATE_IMAGES)
    if reports is None:
        return
    unread = []
    for report in reports:
        if report.reason is None:
            yield from _found(report)
        if report.reason is None and report.unknown and not report.serious:
            unread.append(f"{report.image}: {', '.join(report.unknown[:3])}")
        elif report.reason not in {None, Reason.BEHIND}:
            unread.append(f"{report.image}: {report.reason}: {report.detail}")
    yield UNREAD.sample(
        target.name, value=len(unread), seen="; ".join(unread[:3]), expected="all read", remedy=READ_BY_HAND
    )
    yield WAITING.sample(target.name, value=sum(report.reason is Reason.BEHIND for report in reports))
    yield from _rows(reports)


def _found(report: ImageReport) -> Samples:
    """Yield the counts of one image that was read; none of its flaws where nothing was found and not all was seen."""
    serious = report.serious
    yield INFO.sample(report.image, report.format, report.system, value=1)
    yield HINTS.sample(report.image, value=len(report.flaws) - len(serious))
    if serious or not report.unknown:
        lines = [f"{flaw.rule}: {' '.join(filter(None, (flaw.path, flaw.seen)))}" for flaw in serious]
        yield FLAWS.sample(
            report.image,
            value=len(serious),
            seen="; ".join(lines[:4]),
            expected=f"no flaw of severity {' or '.join(SERIOUS)}",
            remedy=serious[0].remedy if serious else "",
        )


def _rows(reports: tuple[ImageReport, ...]) -> Samples:
    """Yield a row per image and rule, up to a limit."""
    broken = dict.fromkeys((report.image, flaw.rule) for report in reports for flaw in report.serious)
    for image, rule in list(broken)[:ROWS_PER_TARGET]:
        yield FLAW.sample(image, rule, value=1)


CHECK = Check(
    title="Template images",
    metrics=(FLAWS, FLAW, HINTS, INFO, UNREAD, WAITING),
    remedies=(MAKE_AGAIN,),
    judges={TemplateDirectoryTarget: judge},
    uses={TemplateDirectoryTarget: (TEMPLATE_IMAGES,)},
)
