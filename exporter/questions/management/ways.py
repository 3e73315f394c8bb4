"""Whether a management server reaches the others."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.cloud.storage import Place, is_dialled
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Ports, Question, Via
from exporter.questions.dialling import DIALLING, Reach, read_reach

ITSELF = ("127.0.0.1", "localhost")
"""Addresses by which every machine reaches itself and nobody else."""


def _places(target: ManagementServerTarget, ports: Ports) -> tuple[str, ...]:
    """Return the others as ``host@port``."""
    others = (one for one in target.peers if is_dialled(one) and one not in (*ITSELF, target.server.address))
    return tuple(Place(one, ports.cluster).word for one in dict.fromkeys(others))


MANAGEMENT_WAYS: Question[Mapping[Place, Reach]] = Question(
    "management_ways",
    Via.MANAGEMENT_SERVER,
    "[ $# -gt 0 ] || exit 0" + DIALLING,
    read_reach,
    privilege="any account; nothing is sent to whom it dials",
    why="Whether each management server reaches the port of the cluster of the others: none is dialled to which a"
    " connection stands.",
    every=10,
    waits=True,
    seconds=4.0,
    size=8192,
    parameters=_places,
)
