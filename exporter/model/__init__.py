"""The shared words: what is measured, what is asked, and what came back.

Everything here is plain immutable data that every room may use. Nothing here does I/O or knows the time.
"""

from exporter.model.checks import Check, GroupJudge, Samples, Unjudged
from exporter.model.metrics import (
    Comparison,
    Issue,
    Kind,
    Metric,
    Problem,
    Sample,
    Value,
    above,
    below,
    equals,
    sooner_than,
)
from exporter.model.questions import Answer, Answers, Failure, Held, Outcome, Ports, Question, Via
from exporter.model.reasons import Reason, SourceError, UnreadableError

__all__ = [
    "Answer",
    "Answers",
    "Check",
    "Comparison",
    "Failure",
    "GroupJudge",
    "Held",
    "Issue",
    "Kind",
    "Metric",
    "Outcome",
    "Ports",
    "Problem",
    "Question",
    "Reason",
    "Sample",
    "Samples",
    "SourceError",
    "Unjudged",
    "UnreadableError",
    "Value",
    "Via",
    "above",
    "below",
    "equals",
    "sooner_than",
]
