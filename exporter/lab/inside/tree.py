"""The prepared tree of one machine: files below its root, the tools on its PATH, and what those tools know."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = Path(__file__).parents[1] / "tools"
REAL = (  # noqa: SIM905 - a list of words is read, not a list of strings
    "awk basename bash cat chmod cp cut date dd dirname du echo env expr false find fold getconf grep egrep head id "
    "kill ls mawk mkfifo mktemp mv nice nl nproc od paste printf pwd readlink rm rmdir sed seq setsid sh sha256sum "
    "python3 sleep sort stat tail tee test timeout touch tr true uname uniq wc xargs zcat gzip cksum"
).split()
"""Ordinary tools that every machine has; the real ones of the machine that runs the lab."""


@dataclass(slots=True, frozen=True)
class File:
    """A file: what is in it, and how many seconds before the lab's start it was last changed."""

    text: str
    age: int = 3600
    mode: int = 0o644


@dataclass(slots=True)
class Tree:
    """One machine, before it is written to disk.

    Attributes:
        files: path below the root, without a leading slash -> file; a path that ends in ``/`` is a folder.
        knows: what the stub tools print from, by name.
        tools: the stub tools that this machine has: name -> file in ``tools/``, mostly of the same name.
        links: path below the root, without a leading slash -> where the symbolic link leads.
    """

    name: str
    files: dict[str, File] = field(default_factory=dict)
    knows: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def put(self, path: str, text: str, age: int = 3600, mode: int = 0o644) -> None:
        """Add a file."""
        self.files[path.lstrip("/")] = File(text, age, mode)


def tools(*names: str) -> dict[str, str]:
    """Return these stub tools, each under its own name."""
    return dict(zip(names, names, strict=True))


class Shelf:
    """The trees on disk; only what differs from the last time is written."""

    def __init__(self, folder: Path, start: float) -> None:
        self.folder = folder
        self.ordinary = folder / "ordinary"
        self._start = start
        self._written: dict[str, Tree] = {}
        self.changes: Counter[str] = Counter()  # how often the tree of a machine was changed

    def gather(self) -> None:
        """Lay out the ordinary tools, once for all machines."""
        self.ordinary.mkdir(parents=True)
        for name in REAL:
            real = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin")
            if real:
                (self.ordinary / name).symlink_to(real)

    def path(self, name: str) -> str:
        """Return the PATH of a machine: its own tools, then the ordinary ones."""
        return f"{self.folder / name / 'bin'}:{self.ordinary}"

    def put(self, tree: Tree) -> None:
        """Make the machine on disk equal to ``tree``."""
        old = self._written.get(tree.name) or self._found(tree)
        self.changes[tree.name] += old != tree
        home = self.folder / tree.name
        for path in {*old.files, *old.links} - {*tree.files, *tree.links}:
            (home / "root" / path).unlink()
        for path, file in tree.files.items():
            if old.files.get(path) != file:
                self._write(home / "root" / path, file)
        for path, target in tree.links.items():
            if old.links.get(path) != target:
                self._link(home / "root" / path, target)
        self._teach(home / "knows", old.knows, tree.knows)
        self._equip(home / "bin", old.tools, tree.tools)
        self._written[tree.name] = tree

    def _found(self, tree: Tree) -> Tree:
        """Make the folders of a new machine and return an empty tree."""
        home = self.folder / tree.name
        for part in ("root", "bin", "knows"):
            (home / part).mkdir(parents=True)
        return Tree(tree.name)

    def _teach(self, folder: Path, old: dict[str, str], new: dict[str, str]) -> None:
        """Write what the tools print from."""
        for name in old.keys() - new.keys():
            (folder / name).unlink()
        for name, text in new.items():
            if old.get(name) != text:
                (folder / name).write_text(text)

    def _equip(self, folder: Path, old: dict[str, str], new: dict[str, str]) -> None:
        """Install the stub tools that are new or others, remove those that are gone."""
        for name in old.keys() - new.keys():
            (folder / name).unlink()
        for name, source in new.items():
            if old.get(name) != source:
                shutil.copyfile(TOOLS / source, folder / name)
                (folder / name).chmod(0o755)

    def _link(self, path: Path, target: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def _write(self, path: Path, file: File) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(file.text)
        path.chmod(file.mode)
        changed = self._start - file.age
        os.utime(path, (changed, changed))

    def log(self, name: str) -> list[str]:
        """Return every call of a stub tool on this machine: its name and arguments."""
        path = self.folder / name / "log"
        return path.read_text().splitlines() if path.exists() else []
