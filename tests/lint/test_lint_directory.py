"""The directory of images: each is read once, one at a time, in the background; what is not known is said so."""

from __future__ import annotations

import asyncio
import os
import tarfile
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from exporter.cloud.targets import TemplateDirectoryTarget
from exporter.lint.child import Child
from exporter.lint.directory import AGAIN, MOST_IMAGES, SETTLES, Directory, Seen, listed
from exporter.lint.judge import unread
from exporter.model import Reason, SourceError
from exporter.questions.template_images import TEMPLATE_IMAGES, ImageReport
from exporter.visits.template_directory import is_lit, visit
from exporter.visits.ways import Ways
from tests.clocks import HandClock

OLD = 1_000_000.0  # unix time at which the images were written
LONG = 20.0  # seconds that a visit may take; nothing here takes that long


@dataclass
class Reader:
    """Reads images as told, and tells which."""

    read: list[str] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    fails: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, path: Path, name: str) -> ImageReport:
        assert path.exists()
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        self.read.append(name)
        return unread(name, Reason.FAILED, "x") if self.fails else ImageReport(image=name, format="raw", system="linux")


@pytest.fixture
def reader() -> Reader:
    made = Reader()
    made.gate.set()
    return made


@pytest.fixture
def clock() -> HandClock:
    return HandClock(offset=OLD)


@pytest_asyncio.fixture
async def images(tmp_path: Path, reader: Reader, clock: HandClock) -> AsyncIterator[Directory]:
    made = Directory(tmp_path, reader, clock, here=lambda: "")
    yield made
    await made.close()


def write(folder: Path, name: str, content: str = "image", at: float = OLD) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (at, at))
    return path


async def test_every_image_is_read_once(tmp_path: Path, images: Directory, reader: Reader) -> None:
    """Below the directory too, one at a time; other files, links and empty ones are none."""
    write(tmp_path, "b.qcow2")
    write(tmp_path, "below/a.VHD")
    for other in ("c.txt", ".hidden.raw", "d.iso"):
        write(tmp_path, other)
    write(tmp_path, "empty.raw", "")
    (tmp_path / "link.qcow2").symlink_to("b.qcow2")
    for _ in range(3):
        assert [one.image for one in await images.reports(LONG)] == ["b.qcow2", "below/a.VHD"]
    assert reader.read == ["b.qcow2", "below/a.VHD"]
    assert reader.most == 1


async def test_an_ova_is_told_as_unread(tmp_path: Path, clock: HandClock) -> None:
    """It is refused with what to do about it, and never overlooked."""
    folder, work = tmp_path / "images", tmp_path / "work"
    work.mkdir()
    write(folder, "disk.vmdk", "x")
    with tarfile.open(folder / "appliance.OVA", "w", format=tarfile.USTAR_FORMAT) as archive:
        archive.add(folder / "disk.vmdk", "disk.vmdk")
    (folder / "disk.vmdk").unlink()
    os.utime(folder / "appliance.OVA", (OLD, OLD))
    images = Directory(folder, Child(60.0, 2**30, work).report, clock, here=lambda: "")
    while (told := (await images.reports(LONG))[0]).reason is Reason.BEHIND:
        assert told.image == "appliance.OVA"
    assert (told.reason, "tar -xf" in told.detail) == (Reason.UNSUPPORTED, True)
    await images.close()


async def test_an_image_that_was_replaced_is_read_again(tmp_path: Path, images: Directory, reader: Reader) -> None:
    """By another time of change, or another size; one that is gone is forgotten."""
    write(tmp_path, "a.qcow2")
    write(tmp_path, "b.qcow2")
    await images.reports(LONG)
    write(tmp_path, "a.qcow2", at=OLD + 1)
    write(tmp_path, "b.qcow2", "other image")
    await images.reports(LONG)
    (tmp_path / "a.qcow2").unlink()
    assert [one.image for one in await images.reports(LONG)] == ["b.qcow2"]
    assert reader.read == ["a.qcow2", "b.qcow2"] * 2


async def test_a_visit_tells_what_is_known_while_others_are_read(
    tmp_path: Path, images: Directory, reader: Reader
) -> None:
    """What waits is behind, never clean."""
    write(tmp_path, "a.qcow2")
    reader.gate.clear()
    (one,) = await images.reports(0.5)
    assert (one.image, one.reason, one.system) == ("a.qcow2", Reason.BEHIND, "")
    reader.gate.set()
    (one,) = await images.reports(LONG)
    assert (one.reason, one.system) == (None, "linux")
    assert reader.read == ["a.qcow2"]


async def test_what_was_known_of_the_old_version_is_not_told_of_the_new(
    tmp_path: Path, images: Directory, reader: Reader
) -> None:
    """A new image under an old name is unknown until it was read."""
    write(tmp_path, "a.qcow2")
    assert [one.reason for one in await images.reports(LONG)] == [None]
    reader.gate.clear()
    write(tmp_path, "a.qcow2", at=OLD + 1)
    assert [one.reason for one in await images.reports(0.5)] == [Reason.BEHIND]


async def test_a_file_that_is_still_written_waits(
    tmp_path: Path, images: Directory, reader: Reader, clock: HandClock
) -> None:
    """It is read when nobody has written it for a while."""
    write(tmp_path, "a.qcow2", at=clock.unix() - 1)
    assert [one.reason for one in await images.reports(LONG)] == [Reason.BEHIND]
    clock.turn(SETTLES)
    assert [one.reason for one in await images.reports(LONG)] == [None]


async def test_what_could_not_be_read_is_tried_again_after_hours(
    tmp_path: Path, images: Directory, reader: Reader, clock: HandClock
) -> None:
    """Not at each visit: it may take ten minutes each time."""
    write(tmp_path, "a.qcow2")
    reader.fails = True
    for _ in range(3):
        assert [one.reason for one in await images.reports(LONG)] == [Reason.FAILED]
    assert len(reader.read) == 1
    reader.fails = False
    clock.turn(AGAIN + 1)
    assert [one.reason for one in await images.reports(LONG)] == [None]


async def test_more_images_than_the_limit_are_told(tmp_path: Path, images: Directory, reader: Reader) -> None:
    """The first are read, the number of the others is said with a reason."""
    for number in range(MOST_IMAGES + 3):
        write(tmp_path, f"{number:04}.raw")
    *told, last = await images.reports(4 * LONG)
    assert len(told) == len(reader.read) == MOST_IMAGES
    assert (last.reason, last.detail) == (Reason.TOO_LARGE, f"3 more images; {MOST_IMAGES} are looked at")


async def test_a_directory_that_is_not_there(tmp_path: Path, reader: Reader, clock: HandClock) -> None:
    """A reason for the whole visit, and well again when it is mounted."""
    folder = tmp_path / "share"
    images = Directory(folder, reader, clock, here=lambda: "")
    for _ in range(2):
        with pytest.raises(SourceError, match="No such file") as raised:
            await images.reports(LONG)
        assert raised.value.reason is Reason.MISSING
    write(folder, "a.raw")
    assert len(await images.reports(LONG)) == 1
    await images.close()


async def test_a_share_that_hangs_is_asked_once(tmp_path: Path, reader: Reader, clock: HandClock) -> None:
    """The visit ends in time, no second thread joins the first, and what it brings in the end is taken."""
    hangs, asked = threading.Event(), list[Path]()

    def look(folder: Path) -> tuple[Seen, ...]:
        asked.append(folder)
        hangs.wait()
        return listed(folder)

    write(tmp_path, "a.raw")
    images = Directory(tmp_path, reader, clock, here=lambda: "", look=look)
    for _ in range(2):
        with pytest.raises(SourceError, match="not listed") as raised:
            await images.reports(0.2)
        assert raised.value.reason is Reason.TIMEOUT
    hangs.set()
    assert [one.image for one in await images.reports(LONG)] == ["a.raw"]
    assert len(asked) == 1


async def test_a_defect_of_the_reader_is_seen(tmp_path: Path, clock: HandClock) -> None:
    """It is no reason, and not swallowed: the schedule counts it."""

    async def read(_path: Path, _name: str) -> ImageReport:
        raise ZeroDivisionError

    write(tmp_path, "a.raw")
    images = Directory(tmp_path, read, clock, here=lambda: "")
    await images.reports(LONG)
    with pytest.raises(ZeroDivisionError):
        await images.reports(LONG)


async def test_closing_ends_what_is_read(tmp_path: Path, reader: Reader, clock: HandClock) -> None:
    """Nothing goes on behind the end."""
    write(tmp_path, "a.raw")
    reader.gate.clear()
    images = Directory(tmp_path, reader, clock, here=lambda: "")
    await images.reports(0.2)
    await images.close()
    assert (reader.at_once, reader.read) == (1, [])
    assert len(asyncio.all_tasks()) == 1


async def test_no_images_are_read_on_a_hypervisor_host(tmp_path: Path, reader: Reader, clock: HandClock) -> None:
    """The reason names who runs there."""
    write(tmp_path, "a.raw")
    images = Directory(tmp_path, reader, clock, here=lambda: "libvirtd")
    with pytest.raises(SourceError, match="libvirtd runs here"):
        await images.reports(LONG)
    assert reader.read == []


async def test_looking_for_a_hypervisor_holds_nothing_up(tmp_path: Path, reader: Reader, clock: HandClock) -> None:
    """It goes through all processes of a machine, so it is no work for the thread that serves the page."""
    looked = list[threading.Thread]()

    def here() -> str:
        looked.append(threading.current_thread())
        return ""

    await Directory(tmp_path, reader, clock, here=here).reports(LONG)
    assert looked
    assert threading.current_thread() not in looked


async def test_a_visit_answers_the_question(tmp_path: Path, images: Directory) -> None:
    """As a tuple of reports; without the section there is no way."""
    write(tmp_path, "a.raw")
    target, due = TemplateDirectoryTarget(), (TEMPLATE_IMAGES,)
    told = await visit(target, due, Ways(images=images), LONG)
    assert [one.image for one in told[TEMPLATE_IMAGES]] == ["a.raw"]
    assert (is_lit(Ways(images=images)), is_lit(Ways())) == (True, False)
    with pytest.raises(SourceError, match="not_configured"):
        await visit(target, due, Ways(), LONG)
