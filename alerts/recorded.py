"""Recording rules: what the exporter can see, and the one state per issue that the wall shows."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.cloud.targets import TARGET_TYPES
from exporter.thresholds import TARGETS_BLIND_RATIO

OBJECTS = "cloudstack_network_issue_objects"
SUBJECTS = {target.kind: target.subject for target in TARGET_TYPES}
"""Target kind -> the label that names such a target in verdicts."""
BLIND = "cloudstack_network:inventory:blind"
"""Per job: the exporter was here within a day, and does not say now that its inventory is fresh."""
KNOWN = "cloudstack_network:{}:known"
"""Per target of a kind, under the label that verdicts use: CloudStack still has it, and does not hold it back."""
HELD_BACK = 'max by (job, zone, host) (cloudstack_network_host_connectivity_host_resource_state{state="Enabled"}) == 0'
"""Hosts that CloudStack holds back on purpose: of these no verdict is awaited, whether they answer or are off."""
STATE = "cloudstack_network:issue:state"
"""Per job, zone and issue: a number of STATES; the greatest of several zones is the worst."""
STATES = {-1: "not configured", 0: "ok", 1: "unknown", 2: "warning", 3: "critical"}


def records() -> Iterator[tuple[str, str]]:
    """Yield name and expression of each."""
    up = "cloudstack_network_exporter_inventory_up"
    yield BLIND, f"max by (job) (last_over_time({up}[1d])) unless on (job) {up} == 1"
    for kind, subject in sorted(SUBJECTS.items()):
        targets = f'cloudstack_network_exporter_target_up{{kind="{kind}"}}'
        named = f'label_replace({targets}, "{subject}", "$1", "target", "(.+)")'
        aside = f" unless on (job, zone, host) {HELD_BACK}" if subject == "host" else ""
        yield KNOWN.format(kind), f"max by (job, zone, {subject}) ({named}){aside}"
    yield STATE, _state()


def _state() -> str:
    """Return the state: the worst alert that people are told about, else whether enough could be judged.

    Two exporters of a job are twins: what one of them has judged is not unknown.
    """
    told = 'ALERTS{{alertname=~"CloudStackNet.+",alertstate="firing",issue!~"|exporter",severity="{}"}}'
    per_issue = "by (job, zone, issue)"
    unknown = f'min {per_issue} ({OBJECTS}{{verdict="unknown"}})'
    watched = f'max {per_issue} (sum by (job, instance, zone, issue) ({OBJECTS}{{verdict!="not_configured"}}))'
    steps = (
        f"3 * max {per_issue} ({told.format('critical')})",
        f"2 * max {per_issue} ({told.format('warning')})",
        f"0 * ({unknown} > {TARGETS_BLIND_RATIO} * {watched}) + 1",
        f"0 * ({watched} > 0)",
        f'0 * (sum {per_issue} ({OBJECTS}{{verdict="not_configured"}}) > 0) - 1',
    )
    return " or ".join(steps)
