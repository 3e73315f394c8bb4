"""Which hosts are judged here: those whose Open vSwitch CloudStack uses. What is there and unused never alarms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Kind, Metric, Problem, Samples
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.links import LINKS, Links
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.hosts import is_judged
from exporter.topology.labels import Place, places, switches

SEES = (AGENT, LINKS, OVS_DATABASE)
"""What tells whether CloudStack uses the switch; one of them is enough."""
READS = ("listTrafficTypes", "listPhysicalNetworks")
"""API commands without which the labels are not known."""
NOTHING = Links({}, {})
Judge = Callable[[HostTarget, Answers, Cloud], Samples]


def gauge(name: str, words: str, *labels: str, problem: Problem | None = None, follows: tuple[str, ...] = ()) -> Metric:
    """Return a metric about a host, or with ``labels`` about a part of it; ``follows`` are short names."""
    return Metric(
        f"cloudstack_network_open_vswitch_{name}",
        words,
        labels=("zone", "cluster", "host", *labels),
        problem=problem,
        subject="host",
        follows=tuple(f"cloudstack_network_open_vswitch_{one}" for one in follows),
    )


def counter(name: str, words: str, *labels: str) -> Metric:
    """Return a counter of a part of a host; it begins anew when the switch is started."""
    return Metric(
        f"cloudstack_network_open_vswitch_{name}",
        words,
        labels=("zone", "cluster", "host", *labels),
        kind=Kind.COUNTER,
        subject="host",
    )


def watched(judge: Judge) -> Judge:
    """Return the judge of hosts on which CloudStack uses Open vSwitch.

    Of one that is held back on purpose and answers nothing is a fault. That is said, or an alert of before would wait
    for it; plain facts and counters are not told there.
    """

    @wraps(judge)
    def judged(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
        if not is_in_use(target, answers, cloud):
            return
        held_back = not is_judged(target, cloud, answers.now)
        for sample in judge(target, answers, cloud):
            problem, now = sample.metric.problem, answers.now
            if not held_back:
                yield sample
            elif problem is not None:
                yield replace(sample, value=int(problem.holds(0, now))) if problem.holds(sample.value, now) else sample

    return judged


def is_in_use(target: HostTarget, answers: Answers, cloud: Cloud) -> bool:
    """Return whether CloudStack uses Open vSwitch there: the agent plugs into it, or a traffic label names a bridge."""
    agent = answers.get(AGENT)
    if target.host.hypervisor != "KVM":
        return False
    return (agent is not None and agent.is_openvswitch) or any(
        _is_switched(place, answers) for place in label_places(target, answers, cloud)
    )


def label_places(target: HostTarget, answers: Answers, cloud: Cloud) -> tuple[Place, ...]:
    """Return what the traffic labels lead to on the host."""
    links = answers.get(LINKS) or NOTHING
    return tuple(places(target, cloud, links, answers.get(AGENT), switches(answers)))


def _is_switched(place: Place, answers: Answers) -> bool:
    """Return whether a label leads to a bridge of Open vSwitch; the kernel shows that while the database is down."""
    if place.kind != "unknown":
        return place.kind == "openvswitch"
    link = (answers.get(LINKS) or NOTHING).by_name.get(place.device)
    return link is not None and link.kind == "openvswitch"


def few(names: list[str]) -> str:
    """Return the first names, and how many there are beside them."""
    more = f" and {len(names) - 4} more" if len(names) > len(names[:4]) else ""
    return ", ".join(names[:4]) + more
