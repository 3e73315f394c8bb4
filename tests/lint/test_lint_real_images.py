"""Rules before real images: ext4 in qcow2 with and without each defect, partitioned disks, logical volumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.lint.judge import report
from exporter.lint.limits import Limits
from exporter.lint.rules import discover
from exporter.model import Reason
from exporter.questions.template_images import ImageReport
from tests.disk_images import LINUX, MIB, Files, Link, converted, ext, lvm, partitioned, put
from tests.lint import dict_files, test_rules_guests, test_rules_network
from tests.lint.dict_files import HINTS, Tree
from tests.real_parts import require

pytestmark = pytest.mark.timeout(120)
HEALTHY: Tree = {
    **test_rules_network.CLASSIC,
    "/etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n",
    "/usr/sbin/qemu-ga": "",
    "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
    "/etc/cloud/cloud.cfg": "datasource_list: [ConfigDrive, CloudStack]\n",
    "/etc/machine-id": "",
    "/var/lib/dbus/machine-id": dict_files.Link("/etc/machine-id"),
}
DEFECTS = {**test_rules_network.DEFECTS, **test_rules_guests.DEFECTS}
RULES = {rule: tree for tree, rules in reversed(DEFECTS.values()) for rule in rules}
"""Rule -> the first tree that breaks it, and nothing else."""


@pytest.fixture(autouse=True)
def _tools() -> None:
    require("qemu-img", "debugfs", "mke2fs", "sfdisk")


def real(tree: Tree) -> Files:
    """Return a tree as the files of a real file system, with what makes it a root."""
    found: dict[str, str | bytes | Link] = {**LINUX}
    for path, content in tree.items():
        assert not isinstance(content, dict_files.Damaged)
        found[path.lstrip("/")] = Link(content.to) if isinstance(content, dict_files.Link) else content
    return found


async def linted(image: Path, *, password_enabled: bool | None = None) -> ImageReport:
    return await report(image, image.name, limits=Limits(), work=image.parent, password_enabled=password_enabled)


def broken(found: ImageReport) -> set[str]:
    return {flaw.rule for flaw in found.flaws} - HINTS


async def test_a_healthy_image_has_no_flaw_at_all(tmp_path: Path) -> None:
    """Not even a hint, and no rule is left open; nothing of the work is left either."""
    image = converted(ext(tmp_path / "a", real(HEALTHY)), "qcow2")
    before = sorted(tmp_path.iterdir())
    found = await linted(image, password_enabled=True)
    assert found == ImageReport(image=image.name, format="qcow2", system="linux")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("rule", RULES)
async def test_each_defect_in_a_real_image_is_its_rule_and_no_other(tmp_path: Path, rule: str) -> None:
    """What was told of a dictionary is told of ext4 in qcow2."""
    found = await linted(converted(ext(tmp_path / "a", real(RULES[rule])), "qcow2"))
    assert (found.reason, found.unknown) == (None, ())
    assert broken(found) == {rule}


@pytest.mark.parametrize("form", ["vpc", "vhdx", "vmdk"])
async def test_other_formats(tmp_path: Path, form: str) -> None:
    """Images for XenServer, Hyper-V and VMware are read alike; what is about KVM alone is not said of them."""
    found = await linted(converted(ext(tmp_path / "a", real(RULES["persistent_net_rules"])), form))
    assert (found.format, broken(found)) == (form, {"persistent_net_rules"})
    assert "guest_agent" not in {flaw.rule for flaw in found.flaws}


async def test_a_partitioned_disk(tmp_path: Path) -> None:
    """The root on the second partition, behind one that holds /boot."""
    root = ext(tmp_path / "root", real(RULES["ifcfg_hwaddr"]))
    disk = tmp_path / "disk"
    first, second = partitioned(disk, "label: gpt\nsize=16384\nsize=32768\n", size=40 * MIB)
    put(ext(tmp_path / "boot", {"vmlinuz": "x"}, size=4 * MIB), disk, first.offset)
    put(root, disk, second.offset)
    assert broken(await linted(converted(disk, "qcow2"))) == {"ifcfg_hwaddr"}


async def test_logical_volumes(tmp_path: Path) -> None:
    """The root on a volume in three stretches on two disks' partitions, /var/log on another volume."""
    fstab = "/dev/rhel/root / ext4 defaults 0 0\n/dev/mapper/rhel-var--log /var/log ext4 defaults 0 0\n"
    tree = {**real(RULES["ifcfg_hwaddr"]), "etc/fstab": fstab, "var/log/x": ""}
    root = ext(tmp_path / "root", tree, size=44 * MIB)
    disk = lvm(tmp_path / "disk", root, ext(tmp_path / "log", {"messages": "m"}, size=16 * MIB))
    assert broken(await linted(disk)) == {"ifcfg_hwaddr"}


async def test_a_password_enabled_template_without_anything_that_sets_it(tmp_path: Path) -> None:
    """High where it is said, a hint where nobody says."""
    image = ext(tmp_path / "a", real({}))
    assert broken(await linted(image, password_enabled=True)) == {"password_service_missing"}
    assert broken(await linted(image)) == set()


@pytest.mark.parametrize("content", [b"", b"not an image", b"QFI\xfb" + b"\xff" * 4096, bytes(8 * MIB)])
async def test_what_is_no_image_has_a_reason(tmp_path: Path, content: bytes) -> None:
    """Never an empty, clean report."""
    image = tmp_path / "a.qcow2"
    image.write_bytes(content)
    found = await linted(image)
    assert found.reason is not None
    assert found.detail


async def test_an_appliance_has_a_reason(tmp_path: Path) -> None:
    """A file system without a system in it."""
    found = await linted(ext(tmp_path / "a", {"appliance.bin": "x"}))
    assert found.reason in {Reason.UNSUPPORTED, Reason.MISSING}


async def test_the_time_that_is_up_is_a_reason(tmp_path: Path) -> None:
    """What was found until then may not be all."""
    image = ext(tmp_path / "a", real(RULES["host_keys"]))
    found = await report(image, "a", limits=Limits(seconds=0.001), work=tmp_path)
    assert (found.reason, found.flaws) == (Reason.TIMEOUT, ())


def test_every_rule_for_linux_is_tried_in_a_real_image() -> None:
    """Those left out need more than a tree, and are tried beside it."""
    rules = {rule.name for rule in discover() if rule.system == "linux"}
    beside = {"password_service_missing", "password_script_unused", "password_login", "virtio_drivers"}
    assert rules - HINTS - beside == set(RULES)
