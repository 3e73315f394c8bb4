"""What is wrong with the lab's database: a record for the faults, like the others of the world."""

from __future__ import annotations

from dataclasses import dataclass, field

Edit = tuple[str, tuple[object, ...]]


@dataclass(slots=True)
class Database:
    """The database as faults see it.

    Attributes:
        is_down: nobody listens there.
        behind: seconds that it lags as a replica, which refuses to be written and shows old heartbeats.
        refuses: the password of the reading account was changed, and its sessions were ended.
        edits: statements and their values, as somebody would type them by hand into the tables of a healthy cloud.
    """

    is_down: bool = False
    behind: float = 0.0
    refuses: bool = False
    edits: list[Edit] = field(default_factory=list)
