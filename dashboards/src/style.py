"""Colours, words and limits that all panels share."""

from __future__ import annotations

from typing import Any

from alerts.recorded import STATES
from exporter.model import Comparison, Metric, Value

Json = dict[str, Any]

OK = "#0072B2"  # blue; Okabe and Ito's set stays apart for colour-blind eyes
WARNING = "#E69F00"  # orange
CRITICAL = "#D55E00"  # vermillion
UNKNOWN = "#7F7F7F"  # grey
OFF = "#56606B"  # dark grey: not configured
NO_DATA = "no data"

STATE_COLOURS = {"ok": OK, "warning": WARNING, "critical": CRITICAL, "unknown": UNKNOWN, "not configured": OFF}
EMPTY: Json = {"type": "special", "options": {"match": "null+nan", "result": {"color": UNKNOWN, "text": NO_DATA}}}


def words(found: dict[Value, tuple[str, str]]) -> list[Json]:
    """Return mappings value -> (word, colour); what is not there is grey and says so."""
    options = {str(value): {"color": colour, "text": word} for value, (word, colour) in found.items()}
    return [{"type": "value", "options": options}, EMPTY]


def states() -> list[Json]:
    """Return the mappings of the recorded state of an issue."""
    return words({number: (word, STATE_COLOURS[word]) for number, word in STATES.items()})


def steps(*limits: tuple[Value, str], base: str = OK) -> Json:
    """Return thresholds: ``base`` below the first limit, then each colour from its limit on."""
    found = [{"color": base, "value": None}, *({"color": colour, "value": limit} for limit, colour in limits)]
    return {"mode": "absolute", "steps": found}


def verdict(metric: Metric) -> Json:
    """Return field settings that colour a value as the metric's own problem says; plain facts get none."""
    problem = metric.problem
    if problem is None:
        return {}
    match problem.comparison:
        case Comparison.EQUALS:
            right, wrong = ("yes", OK), ("NO", CRITICAL)
            return {"mappings": words({1: right, problem.limit: wrong}), "thresholds": steps((1, OK), base=CRITICAL)}
        case Comparison.ABOVE:
            first = problem.limit + 1 if isinstance(problem.limit, int) and problem.limit < 10 else problem.limit
            return {"thresholds": steps((first, CRITICAL))}
        case Comparison.BELOW:
            return {"thresholds": steps((problem.limit, OK), base=WARNING)}
