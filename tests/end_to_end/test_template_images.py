"""A directory of real images, as the page of metrics tells of it while images come, change and go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.lab.images import PROGRAMS, healthy
from tests.disk_images import LINUX, converted, ext
from tests.real_parts import require
from tests.watching import Watch, watching

pytestmark = pytest.mark.timeout(180)
PREFIX = "cloudstack_network_templates_"
KEPT = 'SUBSYSTEM=="net", ATTR{address}=="52:54:00:aa:bb:cc", NAME="eth0"\n'
FLAWED = {**LINUX, "etc/udev/rules.d/70-persistent-net.rules": KEPT, "root/.bash_history": "CANARY"}
CLEAN = "debian-12.qcow2"


def shown(watch: Watch, name: str) -> dict[str, float]:
    """Return what the page says: the labels without issue and zone, and the value."""
    families = {family.name: family for family in text_string_to_metric_families(watch.page())}
    samples = families[PREFIX + name].samples if PREFIX + name in families else []
    return {",".join(sample.labels.values()): sample.value for sample in samples}


def lay(image: Path, folder: Path, name: str, age: float = 3600.0) -> None:
    """Put an image into the folder, as if it lay there for a while."""
    at = image.stat().st_mtime - age
    os.utime(image, (at, at))
    (folder / name).parent.mkdir(exist_ok=True)
    image.rename(folder / name)


async def test_images_that_come_change_and_go(tmp_path: Path) -> None:
    """One clean, one with two flaws, one that is none; the second is replaced, the third deleted."""
    require(*PROGRAMS)
    async with watching(images=True, remembers=True) as watch:
        folder = Path(watch.lab.config["templates"]["directory"])
        assert set(healthy()) == {CLEAN}
        lay(converted(ext(tmp_path / "a", FLAWED), "qcow2"), folder, "old/centos-6.qcow2")
        (tmp_path / "cut.vhd").write_bytes(b"conectix" + bytes(8192))
        lay(tmp_path / "cut.vhd", folder, "cut.vhd")
        await watch.look()
        assert shown(watch, "image_flaws") == {CLEAN: 0, "old/centos-6.qcow2": 2}
        assert shown(watch, "image_flaw") == {
            "old/centos-6.qcow2,persistent_net_rules": 1,
            "old/centos-6.qcow2,shell_history": 1,
        }
        assert shown(watch, "images_unread") == {"images": 1}
        found = {finding.metric: finding for finding in watch.snapshot().findings}
        flaws, unread = found[f"{PREFIX}image_flaws"], found[f"{PREFIX}images_unread"]
        assert "/etc/udev/rules.d/70-persistent-net.rules" in flaws.seen
        assert flaws.remedies[0].startswith("Delete /etc/udev/rules.d/70-persistent-net.rules")
        assert unread.seen.startswith("cut.vhd: ")
        assert "CANARY" not in watch.page() + repr(watch.snapshot())

        lay(converted(ext(tmp_path / "b", LINUX), "qcow2"), folder, "old/centos-6.qcow2", age=1800.0)
        (folder / "cut.vhd").unlink()
        await watch.look()
        assert shown(watch, "image_flaws") == {CLEAN: 0, "old/centos-6.qcow2": 0}
        assert shown(watch, "image_flaw") == {}
        assert shown(watch, "images_unread") == {"images": 0}

        (folder / "old" / "centos-6.qcow2").unlink()
        await watch.look()
        assert shown(watch, "image_flaws") == {CLEAN: 0}
