"""The files inside one image, as rules see them: nothing here follows a name out of the image."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from exporter.model import SourceError


class LintError(SourceError):
    """It cannot be told: the reason from the closed list, and a line that names the remedy."""


class Kind(StrEnum):
    """What a name stands for."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"  # a device, a socket, a pipe


class Files(Protocol):
    """The files of the system inside an image, from its root on, ``/var`` and the like of their own included.

    Paths are absolute, in any case ("etc/fstab" is "/etc/fstab"); bytes of a name that are no UTF-8 are escaped as
    by ``os.fsdecode``. Symbolic links are followed inside the image only, and ``..`` of the root is the root. In a
    Windows image names are found whatever their case. Everything raises LintError when it cannot be told: a folder
    that is damaged or too large, a loop of links, a file system that this machine cannot read, the time that is up.
    """

    async def read(self, path: str, limit: int) -> bytes | None:
        """Return the first ``limit`` bytes of a file, None when there is none (also when it is no file)."""
        ...

    async def names(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder, sorted, without ``.`` and ``..``; None when there is no such folder."""
        ...

    async def kind(self, path: str) -> Kind | None:
        """Return what stands there, a link in the last place not followed; None when nothing does."""
        ...

    async def link(self, path: str) -> str | None:
        """Return where a symbolic link points to, as it is written there; None when it is no link."""
        ...
