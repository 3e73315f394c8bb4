"""How much one image may cost, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of opening and reading one image; what passes them ends with a reason.

    Attributes:
        seconds: for all of it, reading the files included.
        virtual_bytes: of the disk that the image stands for.
        work_bytes: really written while an image that is not raw is laid out.
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
