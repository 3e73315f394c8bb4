"""The lab's template images: real file systems, written when they change and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.lab.images import DAY, PROGRAMS, Image, Images, healthy
from exporter.lint.judge import report
from exporter.lint.limits import Limits
from exporter.model import Reason
from tests.real_parts import require

NAME = "debian-12.qcow2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    require(*PROGRAMS)
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


async def test_images_lie_there_as_the_world_has_them(folder: Path) -> None:
    """As if for a day or more; what was not changed is not written, what is gone is deleted, nothing else is left."""
    images = Images(folder)
    assert images.missing == ""
    await images.show(healthy())
    first = (folder / NAME).stat()
    assert first.st_mtime < SystemClock().unix() - DAY
    await images.show(healthy())
    assert (folder / NAME).stat() == first
    await images.show({NAME: Image({**healthy()[NAME].files, "etc/x": "y"})})
    assert (folder / NAME).stat().st_mtime != first.st_mtime
    await images.show({})
    assert list(folder.iterdir()) == []
    assert list(folder.parent.iterdir()) == [folder]


async def test_a_healthy_image_and_one_that_was_cut(folder: Path) -> None:
    """The one has nothing to mend, of the other nothing can be told."""
    images = Images(folder)
    await images.show({**healthy(), "cut.qcow2": Image(dict(healthy()[NAME].files), is_whole=False)})
    found = await report(folder / NAME, NAME, limits=Limits(), work=folder.parent, password_enabled=True)
    assert (found.reason, found.flaws, found.unknown) == (None, (), ())
    cut = await report(folder / "cut.qcow2", "cut", limits=Limits(), work=folder.parent)
    assert cut.reason not in {None, Reason.MISSING}
