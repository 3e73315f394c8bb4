"""All boards: the wall, the exporter, and those made of the rows beside each issue."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from dashboards.src import issues, itself, wall
from dashboards.src.board import Board, Row

MADE_OF_ROWS = {
    "csnet-hypervisors": (
        "CloudStack network / Hypervisors",
        "Do VLANs, links, switches, security groups and traffic labels on the hosts do what CloudStack believes?",
    ),
    "csnet-connectivity": (
        "CloudStack network / Connectivity",
        "Do management servers live, and do they, their agents and their database reach each other?",
    ),
    "csnet-console": (
        "CloudStack network / Console and system VMs",
        "Can people open the console of their machine, and if not, which step of the way fails?",
    ),
    "csnet-tenants": (
        "CloudStack network / Tenants",
        "Does a new machine come up: router, password, user data and metadata?",
    ),
    "csnet-templates": (
        "CloudStack network / Templates",
        "Are templates ready where they should be, can new ones be imported, and do their machines reach the network?",
    ),
}
"""uid -> title and question; a module in issues/ says in BOARD where its ROWS go."""


def boards() -> Iterator[Board]:
    """Yield every board.

    Raises:
        KeyError: a module in issues/ names a board that does not exist.
    """
    yield wall.board()
    yield itself.board()
    rows: dict[str, tuple[Row, ...]] = dict.fromkeys(MADE_OF_ROWS, ())
    for found in pkgutil.iter_modules(issues.__path__):
        module = importlib.import_module(f"{issues.__name__}.{found.name}")
        rows[module.BOARD] += module.ROWS
    for uid, (title, description) in MADE_OF_ROWS.items():
        yield Board(uid=uid, title=title, description=description, rows=rows[uid])
