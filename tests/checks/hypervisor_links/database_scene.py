"""Rounds of answers of the database, and what its checks say after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import DatabaseTarget
from exporter.memory import Scope, TargetMemory
from exporter.model import Answer, Check, Failure, Question, Sample
from exporter.questions.database.found import Found

ROUND = 600.0
PREFIX = "cloudstack_network_hypervisor_links_database_"


def rows(*names: str) -> tuple[Found, ...]:
    """Return rows that were found."""
    return tuple(Found(name, f"what is odd about {name}") for name in names)


def asked(check: Check) -> tuple[Question[Any], ...]:
    """Return everything that a check takes from the database."""
    return (*check.asks.get(DatabaseTarget, ()), *check.uses.get(DatabaseTarget, ()))


def judged(
    check: Check,
    *rounds: Mapping[Question[Any], Any],
    others: Any = (),
    apart: float = ROUND,
    is_on_demand: bool = False,
) -> dict[tuple[str, str], Sample]:
    """Return the samples after some rounds by short metric name and check; each round is judged.

    What a round does not name has the answer ``others``.
    """
    memory, scope, samples = TargetMemory(), Scope(), list[Sample]()
    for number, told in enumerate(rounds, start=1):
        at = apart * number
        if is_on_demand:
            memory.ask_all()
        outcomes = {one: told.get(one, others) for one in asked(check)}
        memory.note(
            {
                one: what if isinstance(what, Failure) else Answer(what, at, at, at + 2 * apart)
                for one, what in outcomes.items()
            },
            at,
        )
        memory.drop_expired(at)
        scope.begin()
        samples = list(
            check.judges[DatabaseTarget](DatabaseTarget(), memory.answers(asked(check), scope.held), Cloud())
        )
        scope.end()
    found = {(one.metric.name.removeprefix(PREFIX), one.labels[0]): one for one in samples}
    assert len(found) == len(samples)
    return found
