"""Metrics, when a value is a problem, and samples."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Value = int | float
LABEL_LENGTH = 200  # characters: longer than any name CloudStack accepts


class Issue(StrEnum):
    """The ten issues of the talk; the value is the slug used as label, folder, file and row name."""

    VLAN_TRUNKING = "vlan_trunking"
    HYPERVISOR_LINKS = "hypervisor_links"
    OPEN_VSWITCH = "open_vswitch"
    SECURITY_GROUPS = "security_groups"
    HOST_CONNECTIVITY = "host_connectivity"
    PHYSICAL_NETWORKS = "physical_networks"
    CONSOLE_PROXY = "console_proxy"
    TEMPLATES = "templates"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the slug of issue 9, not a secret
    USER_METADATA = "user_metadata"


class Comparison(StrEnum):
    """How a value is compared with a limit; the value is the PromQL operator."""

    ABOVE = ">"
    BELOW = "<"
    EQUALS = "=="


@dataclass(frozen=True, slots=True)
class Problem:
    """When a value means trouble: ``value <comparison> limit``.

    ``from_now`` is for timestamps: the value minus the time of the answer is compared, in seconds.
    """

    comparison: Comparison
    limit: Value
    from_now: bool = False

    def holds(self, value: Value, now: float) -> bool:
        """Return whether ``value``, seen at unix time ``now``, is a problem."""
        seen = value - now if self.from_now else value
        match self.comparison:
            case Comparison.ABOVE:
                return seen > self.limit
            case Comparison.BELOW:
                return seen < self.limit
            case Comparison.EQUALS:
                return seen == self.limit

    def promql(self, metric: str) -> str:
        """Return the same condition as a PromQL expression over ``metric``."""
        subject = f"{metric} - time()" if self.from_now else metric
        return f"{subject} {self.comparison} {self.limit}"


def above(limit: Value) -> Problem:
    """Return the problem "more than limit"."""
    return Problem(Comparison.ABOVE, limit)


def below(limit: Value) -> Problem:
    """Return the problem "less than limit"."""
    return Problem(Comparison.BELOW, limit)


def equals(value: Value) -> Problem:
    """Return the problem "exactly this value"; ``equals(0)`` suits ``_up`` and ``_reachable``."""
    return Problem(Comparison.EQUALS, value)


def sooner_than(seconds: Value) -> Problem:
    """Return the problem "this timestamp lies less than ``seconds`` ahead"."""
    return Problem(Comparison.BELOW, seconds, from_now=True)


class Kind(StrEnum):
    """Prometheus types that verdicts use."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    Attributes:
        name: full name; a counter ends in ``_total``.
        help: one sentence with a full stop that names the source.
        labels: label names, identity only.
        problem: when a value is a problem; None for plain facts.
        subject: the label that names the object which is healthy or not, for counting objects;
            empty for the last label.
        follows: names of metrics whose problem on the same object (every label that both have agrees) is the
            cause of this one; people are shown the cause first.
        label_length: characters after which the value of a label is cut.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    problem: Problem | None = None
    kind: Kind = Kind.GAUGE
    subject: str = ""
    follows: tuple[str, ...] = ()
    label_length: int = LABEL_LENGTH

    def sample(self, *labels: str, value: Value, seen: str = "", expected: str = "", remedy: str = "") -> Sample:
        """Return one sample; ``labels`` are values in the order of ``self.labels``.

        ``seen`` and ``expected`` are short text for the findings page and are only read when the
        value is a problem. ``remedy`` is the one that the evidence suggests, else the check's first.
        """
        if len(labels) != len(self.labels):
            message = f"{self.name} has {len(self.labels)} labels, got {len(labels)}"
            raise ValueError(message)
        return Sample(self, labels, value, seen, expected, remedy)


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a metric, with the words that explain it when it is a problem."""

    metric: Metric
    labels: tuple[str, ...]
    value: Value
    seen: str = ""
    expected: str = ""
    remedy: str = ""

    def label(self, name: str) -> str:
        """Return the value of the label ``name``, empty when the metric does not have it."""
        names = self.metric.labels
        return self.labels[names.index(name)] if name in names else ""
