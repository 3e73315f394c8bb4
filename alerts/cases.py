"""From a rule to its cases: one example object, and every way that things can go.

A case is made of series, minute by minute, and of the minutes at which the alert fires or does not. Each
case lives in a job of its own, named after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from alerts.expressions import ACCEPTED, EVERYWHERE, INVENTORY, PAIR, Judged, cold_round, problem, time_to_live
from alerts.recorded import OBJECTS, SUBJECTS
from alerts.rules import Rule
from exporter.model import Comparison, Problem, Value

JOB = "cloudstack-network-exporter"
"""Stands in all selectors for the case's own job."""
OBJECT = {"zone": "zone-1", "router": "r-12-VM", "console_proxy": "v-2-VM",
          "host": "kvm-1", "address": "10.1.1.1", "network": "net-1", "pair": "r-12-VM+r-13-VM"}  # fmt: skip
"""Label -> value of the example object."""
INSTANCE = "exporter:10061"
SETTLED = 10  # minutes that a firing alert is watched before something happens
HOUR = 60
GONE = "stale"

Series = list[tuple[str, int]]  # (value or "stale" or "_", minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        series: selector -> values over the minutes.
        firing: minutes at which exactly the example object's alert fires.
        silent: minutes at which it does not.
    """

    name: str
    series: dict[str, Series]
    firing: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()


def cases(rule: Rule) -> Iterator[Case]:
    """Yield every case of a rule about an issue: of each metric whether it fires, of the first one the rest."""
    for one in rule.metrics:
        yield from Story(rule, one).verdicts()
    yield from Story(rule, rule.metrics[0]).blindness()


class Story:
    """What can happen to the example object of one rule."""

    def __init__(self, rule: Rule, one: Judged) -> None:
        self.rule, self.one = rule, one
        self.bad, self.good = values(problem(rule.row, one.metric))
        self.kinds = tuple({kind for each in rule.metrics for kind in each.kinds})
        self.fired = rule.row.hold + 1
        self.event = self.fired + SETTLED  # when something happens to a firing alert
        self.lives = time_to_live(self.kinds, rule.site.intervals)

    @property
    def long(self) -> int:
        """Return more minutes than anything but the latch can bridge."""
        return self.rule.keep + 25

    def verdicts(self) -> Iterator[Case]:
        """Yield what the metric itself decides."""
        end, event, over = self.event + self.long, self.event, self.event + self.rule.keep + 2
        name = self.one.metric.name.removeprefix(f"cloudstack_network_{self.one.issue}_")
        yield self._case(f"{name} fires", [(self.bad, end)], firing=(self.fired, end), silent=(self.fired - 2,))
        yield self._case(f"{name} is quiet", [(self.good, end)], silent=(self.fired, end))
        healed: Series = [(self.bad, event), (self.good, self.long)]
        yield self._case(f"{name} resolves", healed, firing=(event,), silent=(over, over + 10))
        yield self._case(
            f"{name} accepted never fires", [(self.bad, end)], accepted=[("1", end)], silent=(self.fired, end)
        )
        taken: Series = [("_", event), ("1", self.long)]
        lasting: Series = [(self.bad, event + self.long)]
        yield self._case(f"{name} accepted while firing", lasting, accepted=taken, firing=(event,), silent=(over,))
        if len(self.rule.metrics) > 1 and self.kinds != (INVENTORY,):
            yield self._goes_half_blind(name, self.long)

    def blindness(self) -> Iterator[Case]:
        """Yield what happens to a firing alert when the exporter, the API or the object goes away."""
        event, over, long = self.event, self.event + self.rule.keep + 2, self.long
        if self.kinds != (INVENTORY,):
            yield self._goes_blind("goes blind while firing", long, counted="1")
            yield self._goes_blind("goes blind beside another problem", long, counted="0")
        yield self._restart(long)
        if self.kinds != (INVENTORY,):
            yield self._restart_into_blindness(long)
        yield self._api_down(SETTLED)
        end = self.fired + self.long
        gone: Series = [(self.bad, event), (GONE, 1), ("_", long)]
        others: Series = [("1" if self._is_named() else "0", event + 1 + long)]
        target: Series = [("1", event), (GONE, 1)]
        yield self._case(
            "object deleted", gone, target=target, unknown=others, firing=(event, over - 4), silent=(over,)
        )
        yield self._case("never seen is not firing", [("_", end)], unknown=[("1", end)], silent=(self.fired, end))

    @property
    def targets(self) -> tuple[tuple[str, str], ...]:
        """Return kind and name of the targets that are visited for the example object."""
        if PAIR in self.one.metric.labels:
            return tuple(("router", name) for name in OBJECT[PAIR].split("+"))
        return tuple((kind, example(SUBJECTS[kind])) for kind in sorted(self.kinds) if kind != INVENTORY)

    def _is_named(self) -> bool:
        """Return whether the labels name visited machines, so that unknown ones beside them do not matter."""
        return self.one.identity[-1] != "zone"

    def _goes_blind(self, name: str, long: int, *, counted: str) -> Case:
        """The target stops answering; ``counted``: objects without a verdict, none where another problem hides it."""
        expired = self.event + self.lives
        end = expired + long
        watched = tuple(range(self.event, end, 10))
        over = end + self.rule.keep + 2
        return self._case(
            name,
            [(self.bad, expired), (GONE, 1), ("_", long), (self.good, long)],
            target=[("1", self.event), ("0", self.lives + 1 + long), ("1", long)],
            unknown=[("0", expired), (counted, 1 + long), ("0", long)],
            firing=watched,
            silent=(over,),
        )

    def _goes_half_blind(self, name: str, long: int) -> Case:
        """Only the question behind the problem fails; the target answers, the alert's other metrics are healthy."""
        end = self.event + long
        case = self._case(
            f"{name} alone goes blind while firing",
            [("1", end)],
            unknown=[("0", self.event), ("1", long)],
            firing=tuple(range(self.event, end, 10)),
        )
        return replace(case, series=case.series | {_metric(self.one): [(self.bad, self.event), (GONE, 1), ("_", long)]})

    def _restart(self, long: int) -> Case:
        away = 2  # minutes without any page
        blank = cold_round(self.kinds, self.rule.site.intervals) - 1  # the page is back, this object not yet visited
        end = self.event + 1 + away + blank + long
        known: Series = [("1", self.event), (GONE, 1), ("_", away + blank), ("1", long)]
        return self._case(
            "exporter restarts while firing",
            [(self.bad, self.event), (GONE, 1), ("_", away + blank), (self.bad, long)],
            target=known,
            inventory=[("1", self.event), (GONE, 1), ("_", away), ("1", blank + long)],
            firing=tuple(range(self.event, end, 3)),
        )

    def _restart_into_blindness(self, long: int) -> Case:
        """After the restart the target does not answer any more: the exporter itself remembers nothing of it."""
        away, blank = 2, cold_round(self.kinds, self.rule.site.intervals) - 1
        unseen = away + blank
        return self._case(
            "exporter restarts and the target has gone blind",
            [(self.bad, self.event), (GONE, 1), ("_", unseen + long)],
            target=[("1", self.event), (GONE, 1), ("_", unseen), ("0", long)],
            inventory=[("1", self.event), (GONE, 1), ("_", away), ("1", blank + long)],
            unknown=[("0", self.event), (GONE, 1), ("_", unseen), ("0", long)],
            firing=tuple(range(self.event, self.event + 1 + unseen + long, 5)),
        )

    def _api_down(self, long: int) -> Case:
        expired = self.event + self.lives
        return self._case(
            "API down for an hour while firing",
            [(self.bad, expired), (GONE, 1), ("_", HOUR), (self.bad, long)],
            target=[("1", expired), (GONE, 1), ("_", HOUR), ("1", long)],
            inventory=[("1", self.event), ("0", self.lives + HOUR), ("1", long)],
            unknown=[("0", expired), (GONE, 1), ("_", HOUR), ("0", long)],
            firing=tuple(range(self.event, expired + HOUR + long, 10)),
        )

    def _case(
        self,
        name: str,
        verdict: Series,
        *,
        firing: tuple[int, ...] = (),
        silent: tuple[int, ...] = (),
        **others: Series,
    ) -> Case:
        """Return a case; what is not told stays well all the time, other metrics are healthy while there are any."""
        total = sum(minutes for _, minutes in verdict)
        series = {
            _metric(each): _healthy(verdict, *values(problem(self.rule.row, each.metric))) for each in self.rule.metrics
        }
        series |= {_metric(self.one): verdict, self._inventory(): others.get("inventory", [("1", total)])}
        for kind, visited in self.targets:
            series[self._target(kind, visited)] = others.get("target", [("1", total)])
        series[self._unknown()] = others.get("unknown", [("0", total)])
        if "accepted" in others:
            series[self._accepted()] = others["accepted"]
        return Case(name=name, series=series, firing=firing, silent=silent)

    def _inventory(self) -> str:
        return selector("cloudstack_network_exporter_inventory_up", {})

    def _target(self, kind: str, name: str) -> str:
        zone = {} if kind in EVERYWHERE else {"zone": example("zone")}
        return selector("cloudstack_network_exporter_target_up", {"kind": kind, **zone, "target": name})

    def _unknown(self) -> str:
        zone = {} if self._is_everywhere() else {"zone": example("zone")}
        return selector(OBJECTS, {"issue": self.rule.row.issue, **zone, "verdict": "unknown"})

    def _is_everywhere(self) -> bool:
        """Return whether the metric is about what belongs to no zone."""
        return bool(set(self.kinds) - {INVENTORY}) and set(self.kinds) - {INVENTORY} <= EVERYWHERE

    def _accepted(self) -> str:
        metric = self.one.metric
        finding = "/".join(example(label) for label in metric.labels)
        labels = {"metric": metric.name, "zone": example("zone"), "subject": example(self.one.identity[-1])}
        return selector(ACCEPTED, {**labels, "finding": finding})


def _metric(one: Judged) -> str:
    return selector(one.metric.name, {label: example(label) for label in one.metric.labels})


def _healthy(verdict: Series, _: str, good: str) -> Series:
    """Return a healthy metric that is seen whenever ``verdict`` is."""
    return [(value if value in {GONE, "_"} else good, minutes) for value, minutes in verdict]


def values(problem: Problem) -> tuple[str, str]:
    """Return a value that is a problem and one that is not, as near to the limit as a test can be.

    A timestamp's limit moves while the test runs, so the healthy one is a day further away.
    """
    limit = problem.limit
    if problem.from_now:
        return f"{limit // 2:g}", f"{limit + 86400:g}"
    match problem.comparison:
        case Comparison.ABOVE:
            return _number(limit + 1 if isinstance(limit, int) else limit + 0.01), _number(limit)
        case Comparison.BELOW:
            return _number(limit - 1 if isinstance(limit, int) else limit - 0.01), _number(limit)
        case Comparison.EQUALS:
            return _number(limit), _number(limit + 1)


def _number(value: Value) -> str:
    return f"{value:g}"


def example(label: str) -> str:
    """Return the value that the example object has for a label."""
    return OBJECT.get(label, f"some-{label}")


def selector(metric: str, labels: dict[str, str]) -> str:
    """Return ``metric{...}`` with the labels that a scrape adds."""
    every = {"job": JOB, "instance": INSTANCE, **labels}
    return metric + "{" + ", ".join(f'{name}="{value}"' for name, value in every.items()) + "}"
