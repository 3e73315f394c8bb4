"""What a check declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.model.metrics import Metric, Sample
from exporter.model.questions import Answers, Question

Samples = Iterator[Sample]


@dataclass(frozen=True, slots=True)
class GroupJudge:
    """A judgment over several targets, or over the Cloud alone.

    Attributes:
        group: the group type (``exporter.cloud.groups``).
        judge: ``(group, members, cloud) -> samples``; ``members`` maps each member target to its Answers.
        needs: per target type the questions whose answers are used; only those members are given.
        remembers: also gives ``members[group]``: answers without values, whose ``held`` counts from the refresh of the
            Cloud, for facts that only CloudStack tells.
    """

    group: type[Any]
    judge: Callable[[Any, Mapping[Any, Answers], Any], Samples]
    needs: Mapping[type[Any], tuple[Question[Any], ...]] = field(default_factory=dict)
    remembers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """An object that a check is about and cannot judge: nobody who is asked knows what it would need.

    Attributes:
        kind, name: of the object, as its label and its value in a verdict would be.
        detail: why, in one short line for people.
    """

    zone: str
    kind: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what it owns, what it needs, how it judges. Discovered, never listed.

    Attributes:
        title: a noun phrase for people.
        metrics: the families it alone owns.
        remedies: in the order in which they should be tried.
        judges: per target type ``(target, answers, cloud) -> samples``.
        asks: per target type the questions without which it cannot judge.
        uses: per target type the questions it takes if they are there.
        groups: judgments over groups.
        reads: API commands it cannot do without; when the Cloud lacks one, it says so.
        judges_cloud: the verdict is about CloudStack's state, not only its names, so it also
            expires with the Cloud. Always so for groups without members.
        unjudged: ``(cloud) -> `` the objects that are unknown to it although everything was answered.
    """

    title: str
    metrics: tuple[Metric, ...]
    remedies: tuple[str, ...] = ()
    judges: Mapping[type[Any], Callable[[Any, Answers, Any], Samples]] = field(default_factory=dict)
    asks: Mapping[type[Any], tuple[Question[Any], ...]] = field(default_factory=dict)
    uses: Mapping[type[Any], tuple[Question[Any], ...]] = field(default_factory=dict)
    groups: tuple[GroupJudge, ...] = ()
    reads: tuple[str, ...] = ()
    judges_cloud: bool = False
    unjudged: Callable[[Any], Iterator[Unjudged]] | None = None
