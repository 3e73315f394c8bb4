"""A management server, and judges run over what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import ManagementServer
from exporter.cloud.targets import Machine, ManagementServerTarget
from exporter.model import Answer, Answers, Question, Sample

NOW = 1_800_000_000.0


def target(state: str = "Up") -> ManagementServerTarget:
    """Return the management server ms1."""
    server = ManagementServer(id="m1", name="ms1", state=state, address="192.0.2.2")
    return ManagementServerTarget(server, Machine("ms1", "192.0.2.2", "management"))


def judged(judge: Any, values: Mapping[Question[Any], Any], state: str = "Up") -> list[Sample]:
    """Return the samples of one visit."""
    answers = {question: Answer(value, 0.0, NOW, 100.0) for question, value in values.items()}
    return list(judge(target(state), Answers(now=NOW, asked=0.0, values=answers), Cloud()))
