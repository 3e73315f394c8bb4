"""What one image makes us write: all of it together is bounded, and given back."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from exporter.lint.disks import Disk
from exporter.lint.ext import Ext
from exporter.lint.files import LintError
from exporter.lint.limits import Limits
from exporter.lint.readers import readable
from exporter.lint.space import Space
from exporter.lint.tools import Tools
from exporter.lint.volumes import Found
from exporter.model import Reason
from tests.disk_images import MIB

LIMITS = Limits(work_bytes=20 * MIB, free_bytes=MIB)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """Yield the descriptor of a disk of 8 MiB, all of it written."""
    (tmp_path / "disk").write_bytes(random.Random(7).randbytes(8 * MIB))
    opened = os.open(tmp_path / "disk", os.O_RDONLY)
    yield opened
    os.close(opened)


def held(folder: Path) -> int:
    """Return the bytes of the files in a folder that this process holds open, whether they have a name or not."""
    taken = 0
    for one in Path("/proc/self/fd").iterdir():
        if one.is_symlink() and one.readlink().is_relative_to(folder):
            taken += one.stat().st_blocks * 512
    return taken


async def test_volumes_of_one_image_share_its_space(file: int, work: Path) -> None:
    """Twelve that all lie in two pieces on the same 8 MiB: two are copied, and no other has left anything behind."""
    pieces = ((4 * MIB, 4 * MIB), (0, 4 * MIB))
    found = tuple(Found(Disk(file, pieces), "ext", number=number, place=f"volume {number}") for number in range(12))
    async with AsyncExitStack() as stack:
        volumes = await readable(found, Tools(work, LIMITS), Space(work, LIMITS), stack)
        assert 16 * MIB <= held(work) <= LIMITS.work_bytes
        read = [one for one in volumes.values() if isinstance(one, Ext)]
        assert [one.disk.read(0, MIB) for one in read] == [os.pread(file, MIB, 4 * MIB)] * 2
        errors = [one for one in volumes.values() if isinstance(one, LintError)]
        assert [one.reason for one in errors] == [Reason.TOO_LARGE] * 10
        assert "raise work_bytes" in errors[0].detail
    assert held(work) == 0


async def test_a_disk_that_is_laid_out_counts_too(file: int, work: Path) -> None:
    """The copy of a volume finds only what is left beside it."""
    space = Space(work, LIMITS)
    volume = Found(Disk(file, ((4 * MIB, 4 * MIB), (0, 4 * MIB))), "ext", place="volume")
    async with AsyncExitStack() as stack:
        laid_out = stack.enter_context(space.file(16 * MIB))
        os.pwrite(laid_out, os.pread(file, 8 * MIB, 0) * 2, 0)
        space.guard()
        (error,) = (await readable((volume,), Tools(work, LIMITS), space, stack)).values()
    assert isinstance(error, LintError)
    assert error.reason is Reason.TOO_LARGE


def test_room_that_there_is_not(tmp_path: Path) -> None:
    """A folder that is gone, a size that no file may have, too little left: each is a reason."""
    gone = Space(tmp_path / "none", LIMITS)
    with pytest.raises(LintError, match="nothing can be written"), gone.file(MIB):
        pass
    space = Space(tmp_path, Limits(free_bytes=2**62))
    with pytest.raises(LintError, match="nothing can be written"), space.file(-1):
        pass
    with pytest.raises(LintError, match="too little space"):
        space.guard()
    assert held(tmp_path) == 0
