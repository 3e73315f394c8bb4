"""One tree over several file systems: names, case, mounts, links."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from exporter.lint.disks import Disk
from exporter.lint.files import Kind, LintError
from exporter.lint.limits import Limits
from exporter.lint.systems import read_fstab, root_of
from exporter.lint.tree import Tree
from exporter.lint.volumes import Entry, Found
from exporter.model import Reason

NOWHERE = Disk(-1, ())


@dataclass
class Dictionary:
    """A file system: folders, files and links by number; counts what it is asked."""

    nodes: dict[int, object]
    folds: bool = False
    top: int = 1
    asked: list[int] = field(default_factory=list)

    async def entries(self, node: int) -> dict[str, Entry]:
        """Return a folder."""
        self.asked.append(node)
        found = self.nodes[node]
        assert isinstance(found, dict)
        return {name: Entry(number, self._kind(number)) for name, number in found.items()}

    async def content(self, node: int, limit: int) -> bytes:
        """Return a file."""
        found = self.nodes[node]
        assert isinstance(found, bytes)
        return found[:limit]

    async def target(self, node: int) -> str:
        """Return a link."""
        found = self.nodes[node]
        assert isinstance(found, str)
        return found

    def _kind(self, number: int) -> Kind:
        found = self.nodes.get(number)
        return Kind.FOLDER if isinstance(found, dict) else Kind.LINK if isinstance(found, str) else Kind.FILE


def linux() -> Dictionary:
    """Return a root with a link to a folder that another file system hides."""
    return Dictionary(
        {1: {"etc": 2, "var": 4, "run": 6}, 2: {"a": 3, "v": 5}, 3: b"abc", 4: {"b": 3}, 5: "/var/", 6: "var/b"}
    )


async def test_paths_in_any_spelling_are_the_same() -> None:
    """Relative, with dots and slashes; a file has nothing below it."""
    files = Tree({(): linux()}, Limits())
    for path in ("/etc/a", "etc/a", "//etc///./a", "/etc/../etc/a", "/../../etc/a"):
        assert await files.read(path, 2) == b"ab"
    for path in ("/etc/a/", "/etc/a/."):
        assert await files.read(path, 2) == b"ab"
    for path in ("/etc/a/b", "/etc/a/..", "/etc/A", "/no/../etc/a", "/etc"):
        assert await files.read(path, 2) is None
    assert await files.names("") == ("etc", "run", "var")
    assert await files.names("/etc/a") is None
    assert await files.read("/etc/a", -1) == b""


async def test_links_and_mounts_meet() -> None:
    """A link that leads into a mount sees what is mounted, not what it hides."""
    other = Dictionary({1: {"c": 2, "back": 3}, 2: b"mounted", 3: "../etc/a"})
    files = Tree({(): linux(), ("var",): other}, Limits())
    assert await files.names("/etc/v") == ("back", "c")
    assert await files.read("/etc/v/c", 100) == b"mounted"
    assert await files.read("/etc/v/back", 100) == b"abc"
    assert await files.read("/run", 100) is None
    assert await files.kind("/etc/v") is Kind.LINK
    assert await files.link("/etc/v") == "/var/"
    assert await files.link("/etc/a") is None
    assert await files.kind("/var") is Kind.FOLDER


async def test_a_folder_is_asked_once() -> None:
    """However often rules look into it."""
    volume = linux()
    files = Tree({(): volume}, Limits())
    for _ in range(5):
        await files.read("/etc/a", 1)
        await files.names("/etc")
    assert volume.asked == [1, 2]


async def test_names_of_windows_are_found_in_any_case() -> None:
    """The exact one first."""
    volume = Dictionary(
        {1: {"Windows": 2, "windows": 3}, 2: {"System32": 4}, 3: {}, 4: {"config": 5}, 5: {}}, folds=True
    )
    files = Tree({(): volume}, Limits())
    assert await files.names("/WINDOWS/system32") == ("config",)
    assert await files.names("/windows") == ()


async def test_the_root_is_the_one_with_an_fstab() -> None:
    """Before one that only names its release, and before Windows."""
    release = Dictionary({1: {"etc": 2}, 2: {"os-release": 3}, 3: b""})
    fstab = Dictionary({1: {"etc": 2}, 2: {"fstab": 3}, 3: b"UUID=1 /var ext4 d\n"})
    windows = Dictionary({1: {"Windows": 2}, 2: {"System32": 3}, 3: {"config": 4}, 4: {}}, folds=True)
    data = Dictionary({1: {"x": 2}, 2: b""})
    found = {
        Found(NOWHERE, "ext", frozenset({f"UUID={number}"}), number): one
        for number, one in enumerate((data, release, fstab, windows))
    }
    system, tree = await root_of(found, Limits())
    assert (system, tree and await tree.names("/etc")) == ("linux", ("fstab",))
    assert tree
    assert await tree.names("/var/etc") == ("os-release",)
    system, tree = await root_of({key: one for key, one in found.items() if one in (windows, data)}, Limits())
    assert (system, tree and await tree.names("/windows/system32")) == ("windows", ("config",))
    assert await root_of({key: one for key, one in found.items() if one is data}, Limits()) == ("", None)


async def test_no_root_beside_what_cannot_be_read_is_unknown() -> None:
    """It may lie there."""
    data = Dictionary({1: {"x": 2}, 2: b""})
    broken = LintError(Reason.UNSUPPORTED, "partition 1: is encrypted (LUKS)")
    with pytest.raises(LintError, match="LUKS"):
        await root_of({Found(NOWHERE, "luks", number=1): broken, Found(NOWHERE, "ext"): data}, Limits())


def test_an_fstab_says_what_is_mounted_while_booting() -> None:
    """Of local disks only."""
    text = b"""\
# /etc/fstab: static file system information.
UUID=0a3407de-014b-458b-b5c1-848e92a327a3 /     ext4    errors=remount-ro 0 1
"LABEL=var log"   /x ext4
UUID="b411dc99" /var xfs defaults 0 2
/dev/mapper/rhel-home /home xfs defaults,noauto 0 0
/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0
/dev/vdb none swap sw 0 0
tmpfs /tmp tmpfs defaults
nas:/x /srv nfs defaults
/dev/vda1 /boot/../etc ext4 defaults
/var /chroot/var none bind
/dev/xvda3\t/data\text3
\xff\xfe
"""
    assert list(read_fstab(text)) == [
        ("UUID=0a3407de-014b-458b-b5c1-848e92a327a3", "/"), ("UUID=b411dc99", "/var"), ("/dev/xvda3", "/data"),
    ]  # fmt: skip
