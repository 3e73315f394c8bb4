"""Management servers whose clocks are apart.

Symptom: consoles refuse a session that another server has made; logs of one event cannot be laid side by side.
Detect:  the clock of each management server, asked within one visit, against those of the others.
Fix:     chrony or ntpd on every management server, with the same sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median_low
from typing import Any

from exporter.checks.host_connectivity.servers import PER_SERVER
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.management.service import MANAGEMENT_SERVICE
from exporter.thresholds import CLOCKS_APART_SECONDS

SYNCHRONISE = "Let chrony or ntpd run on every management server with the same sources, and wait until they agree."

APART = Metric(
    "cloudstack_network_host_connectivity_management_server_clock_apart_seconds",
    "Seconds between the clock of the management server and that of most others; of two, the one ahead is named.",
    labels=PER_SERVER,
    problem=above(CLOCKS_APART_SECONDS),
    subject="management_server",
)


def judge(_group: ManagementServers, members: Mapping[Any, Answers], _cloud: Cloud) -> Samples:
    """Yield how far each clock is from the middle one of at least two; the length of a visit is within the limit."""
    ahead = {
        target.name: answers[MANAGEMENT_SERVICE].clock - answers.values[MANAGEMENT_SERVICE].at
        for target, answers in members.items()
    }
    if len(ahead) < 2:
        return
    middle = median_low(ahead.values())
    for name, seconds in ahead.items():
        apart = seconds - middle
        yield APART.sample(
            name,
            value=round(abs(apart)),
            seen=f"{abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} the others",
            expected=f"at most {CLOCKS_APART_SECONDS} s",
        )


CHECK = Check(
    title="Clocks of management servers",
    metrics=(APART,),
    remedies=(SYNCHRONISE,),
    groups=(GroupJudge(ManagementServers, judge, {ManagementServerTarget: (MANAGEMENT_SERVICE,)}),),
)
