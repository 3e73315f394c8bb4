"""How much one image may cost, whoever made it."""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import dataclass
from pathlib import Path

OOM_SCORE = Path("/proc/self/oom_score_adj")
MOST_MEMORY = 4 * 2**30  # bytes of address space; a rule holds one file of an image at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of opening and reading one image; what passes them ends with a reason.

    Attributes:
        seconds: for all of it, reading the files included.
        virtual_bytes: of the disk that the image stands for.
        work_bytes: really written in the work directory, all files of the image together.
        free_bytes: left on the file system of the work directory.
        memory_bytes: address space of one tool.
        entries: names in one folder.
        lookups: folders and files asked of one image.
        read_bytes: of one file, whatever is asked for.
    """

    seconds: float = 600
    virtual_bytes: int = 2 * 2**40
    work_bytes: int = 64 * 2**30
    free_bytes: int = 2**30
    memory_bytes: int = 2 * 2**30
    entries: int = 100_000
    lookups: int = 10_000
    read_bytes: int = 64 * 2**20


def be_modest() -> None:
    """Give way to everything else, and end rather than eat up the memory of this machine.

    Where memory runs out all the same, it and what it starts go before others, the exporter first among those.
    """
    os.nice(19)
    with contextlib.suppress(OSError):  # where /proc may not be written
        OOM_SCORE.write_text("1000", encoding="ascii")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
