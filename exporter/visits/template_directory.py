"""A visit to the directory of template images: what is known of them; those that are new are read meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.cloud.targets import TemplateDirectoryTarget
from exporter.model import Failure, Question, Reason, SourceError
from exporter.questions.template_images import TEMPLATE_IMAGES
from exporter.visits.ways import Ways

TARGET = TemplateDirectoryTarget


def is_lit(ways: Ways) -> bool:
    """Return whether a directory is configured."""
    return ways.images is not None


async def visit(
    target: TemplateDirectoryTarget, due: Sequence[Question[Any]], ways: Ways, seconds: float
) -> Mapping[Question[Any], Any]:
    """Return the reports about the images that are there.

    Raises:
        SourceError: the directory is not configured or cannot be listed.
    """
    if ways.images is None:
        raise SourceError(Reason.NOT_CONFIGURED, f"there is no section templates for {target.name}")
    told = TEMPLATE_IMAGES.read(await ways.images.reports(seconds))
    unknown = Failure(Reason.UNSUPPORTED, "not a question about images")
    return {question: told if question is TEMPLATE_IMAGES else unknown for question in due}
