"""What the findings page and ``check`` show: plain data, derived from samples, never written by a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from exporter.model import Issue, Value

TITLES: dict[Issue, str] = {
    Issue.VLAN_TRUNKING: "VLAN trunking",
    Issue.HYPERVISOR_LINKS: "Hypervisor links",
    Issue.OPEN_VSWITCH: "Open vSwitch",
    Issue.SECURITY_GROUPS: "Security groups",
    Issue.HOST_CONNECTIVITY: "Host connectivity",
    Issue.PHYSICAL_NETWORKS: "Physical networks",
    Issue.CONSOLE_PROXY: "Console proxy",
    Issue.TEMPLATES: "Templates",
    Issue.PASSWORD_RESET: "Password reset",
    Issue.USER_METADATA: "User- and metadata",
}
"""Issue -> title, in the order of the talk; tiles keep these places."""


class Verdict(StrEnum):
    """The verdict on one object of one issue; the value is a label value."""

    HEALTHY = "healthy"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem that stands now.

    Attributes:
        labels: the sample's labels by name.
        subject: the object, e.g. ``v-2-VM``; its kind is the label name in ``subject_kind``.
        since: unix time of the first verdict that showed it; ``at_least`` when it was already there
            at the first look after a start.
        at: unix time of the answers it was judged from.
        remedies: the suggested one first.
        accepted: the operator's reason when an ``accept`` entry matches, else empty.
        accepted_until: ISO date, empty when not accepted.
        because: key of the finding that is the first cause of this one, empty when it stands for itself.
    """

    issue: Issue
    check: str
    metric: str
    help: str
    zone: str
    subject_kind: str
    subject: str
    labels: Mapping[str, str]
    value: Value
    seen: str
    expected: str
    since: float
    at_least: bool
    at: float
    remedies: tuple[str, ...] = ()
    accepted: str = ""
    accepted_until: str = ""
    because: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Return what identifies the finding: its metric and label values."""
        return (self.metric, *self.labels.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Something that could not be checked.

    Attributes:
        what: the questions or API commands, in catalogue names.
        reason: from the closed list.
        setting: the config key that would light it, only when the reason is not_configured.
        since: unix time.
    """

    issues: tuple[Issue, ...]
    zone: str
    subject_kind: str
    subject: str
    what: tuple[str, ...]
    reason: str
    detail: str = ""
    setting: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One of the ten tiles: objects per verdict, the worst of them, and how old the data is.

    Attributes:
        state: the tile's word: ``problem``, ``unknown``, ``accepted`` never, ``healthy``,
            ``not_configured``, or ``no_checks`` where no check exists yet.
        oldest: unix time of the oldest answer that counts, 0 when there is none.
    """

    issue: Issue
    number: int
    title: str
    state: str
    objects: Mapping[Verdict, int] = field(default_factory=dict)
    oldest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a person is shown at one moment.

    Attributes:
        notices: lines about the exporter itself (API unreachable since..., accept entry matches nothing).
        inventory_at: unix time of the last complete refresh, 0 when there was none.
    """

    at: float
    tiles: tuple[Tile, ...]
    findings: tuple[Finding, ...] = ()
    blind: tuple[Blind, ...] = ()
    notices: tuple[str, ...] = ()
    inventory_at: float = 0.0


class Board(Protocol):
    """What the web room is given."""

    def snapshot(self) -> Snapshot:
        """Return what stands now, expired verdicts dropped."""
