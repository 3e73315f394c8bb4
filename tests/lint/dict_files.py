"""Files of an image that are a dictionary: path -> text, bytes, a link, or what cannot be read."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.lint.files import Kind, LintError
from exporter.lint.judge import judged
from exporter.lint.rule import About
from exporter.model import Reason


@dataclass(frozen=True)
class Link:
    to: str


@dataclass(frozen=True)
class Damaged:
    """A file or folder that cannot be read."""


Tree = Mapping[str, "str | bytes | Link | Damaged"]


class DictFiles:
    """As the interface says; folders are there because something lies in them."""

    def __init__(self, tree: Tree) -> None:
        self.tree = dict(tree)
        self.asked: list[str] = []

    def _real(self, path: str, *, last: bool = True) -> str:
        parts, done = [part for part in path.split("/") if part], ""
        for number, part in enumerate(parts):
            done = posixpath.normpath(f"{done}/{part}")
            found = self.tree.get(done)
            if isinstance(found, Link) and (last or number < len(parts) - 1):
                rest = "/".join(parts[number + 1 :])
                return self._real(posixpath.join(posixpath.dirname(done), found.to, rest).rstrip("/"), last=last)
        return done or "/"

    async def read(self, path: str, limit: int) -> bytes | None:
        self.asked.append(path)
        found = self.tree.get(self._real(path))
        if isinstance(found, Damaged):
            raise LintError(Reason.UNREADABLE, f"{path} is damaged")
        if found is None or isinstance(found, Link):
            return None
        return (found.encode() if isinstance(found, str) else found)[:limit]

    async def names(self, folder: str) -> tuple[str, ...] | None:
        real = self._real(folder)
        if isinstance(self.tree.get(real), Damaged):
            raise LintError(Reason.UNREADABLE, f"{folder} is damaged")
        head = real.rstrip("/") + "/"
        below = {path[len(head) :].split("/")[0] for path in self.tree if path.startswith(head)}
        return tuple(sorted(below)) or None

    async def kind(self, path: str) -> Kind | None:
        real = self._real(path, last=False)
        found = self.tree.get(real)
        if isinstance(found, Link):
            return Kind.LINK
        if found is not None:
            return Kind.FILE
        return Kind.FOLDER if await self.names(real) else None

    async def link(self, path: str) -> str | None:
        found = self.tree.get(self._real(path, last=False))
        return found.to if isinstance(found, Link) else None


HINTS = {"guest_agent", "serial_console", "password_service_absent"}
"""Severity info, and true of any small tree; tests about other rules leave them out."""


async def broken(
    tree: Tree,
    *,
    password_enabled: bool | None = None,
    system: str = "linux",
    form: str = "qcow2",
) -> dict[str, list[str]]:
    """Return rule -> what it saw, hints left out; a rule that could not be looked at has ``unknown`` at the end."""
    about = About(system=system, format=form, password_enabled=password_enabled)
    flaws, unknown = await judged(DictFiles(tree), about)
    found: dict[str, list[str]] = {}
    for flaw in flaws:
        if flaw.rule not in HINTS:
            found.setdefault(flaw.rule, []).append(f"{flaw.path}: {flaw.seen}" if flaw.path else flaw.seen)
    for rule in unknown:
        found.setdefault(rule, []).append("unknown")
    return found
