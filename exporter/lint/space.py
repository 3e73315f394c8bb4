"""The files that are written while one image is read: none has a name, and together they are bounded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from exporter.lint.files import LintError
from exporter.lint.limits import Limits
from exporter.model import Reason


@dataclass(slots=True, eq=False)
class Space:
    """The room that one image may take: the disk that it is laid out as, and copies of its volumes.

    Attributes:
        folder: private directory; it is on the file system whose space is guarded.
        limits: what the image may cost.
    """

    folder: Path
    limits: Limits
    _files: list[int] = field(default_factory=list)

    @contextmanager
    def file(self, size: int) -> Iterator[int]:
        """Yield the descriptor of an empty file of this size, which is gone with the block.

        It has no name, so that nothing of it can be left behind.
        """
        try:
            made = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - only making it is tried here
        except OSError as error:
            raise _refused(error) from None
        with made:
            try:
                made.truncate(size)
            except OSError as error:
                raise _refused(error) from None
            self._files.append(made.fileno())
            try:
                yield made.fileno()
            finally:
                self._files.remove(made.fileno())

    def guard(self) -> None:
        """Raise LintError when all files together have grown too large, or too little space is left beside them."""
        if sum(os.fstat(file).st_blocks for file in self._files) * 512 > self.limits.work_bytes:
            most = self.limits.work_bytes
            raise LintError(Reason.TOO_LARGE, f"laid out it takes more than {most} bytes: raise work_bytes")
        free = os.statvfs(self.folder)
        if free.f_bavail * free.f_frsize < self.limits.free_bytes:
            raise LintError(Reason.TOO_LARGE, "too little space is left in the work directory")


def _refused(error: OSError) -> LintError:
    return LintError(Reason.FAILED, f"nothing can be written in the work directory: {error.strerror}")
