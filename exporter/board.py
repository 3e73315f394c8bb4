"""The board: every judgment that stands, turned into findings, tiles and counts of objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain

from exporter.blindness import api_rows, blind_rows, unanswered
from exporter.causes import declared, explained
from exporter.checks import Registered
from exporter.clock import Clock
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import Target
from exporter.config import Accept
from exporter.findings import TITLES, Finding, Snapshot, Tile, Verdict
from exporter.judging import Defect, Judgment, Key
from exporter.memory import TargetMemory
from exporter.model import Failure, Issue, Metric, Sample, Unjudged
from exporter.page.rendering import printable

ISSUE_OBJECTS = Metric(
    "cloudstack_network_issue_objects",
    "Objects of an issue by the verdict on them, derived from all its checks.",
    labels=("issue", "zone", "verdict"),
)
FINDING_ACCEPTED = Metric(
    "cloudstack_network_finding_accepted",
    "A problem that the configuration accepts until a date; finding joins the metric's label values by a slash.",
    labels=("metric", "zone", "subject", "finding"),
    label_length=2000,  # all labels of a sample in one: the alerts join them too, and do not cut
)
SUBJECTS = (
    "router", "pair", "console_proxy", "secondary_storage_vm", "system_vm", "template", "host", "physical_network",
    "cluster", "network", "zone",
)  # fmt: skip
"""Labels that name an object, the most specific first."""
WORST_FIRST = (Verdict.PROBLEM, Verdict.UNKNOWN, Verdict.ACCEPTED, Verdict.NOT_CONFIGURED, Verdict.HEALTHY)
"""An object that is healthy as far as it is configured is not called healthy."""
RANK = {verdict: rank for rank, verdict in enumerate(WORST_FIRST)}

Subject = tuple[str, str, str]  # zone, kind, name


@dataclass(slots=True)
class Standing:
    """One judgment that stands: the objects it is about, its problems, and since when they have held."""

    judgment: Judgment
    subjects: frozenset[Subject]
    problems: tuple[Sample, ...]
    since: dict[tuple[str, ...], tuple[float, bool]]


@dataclass(slots=True)
class JudgmentBoard:
    """Keeps the newest judgment of each check and owner.

    Attributes:
        watch: gives every target with its memory, for what could not be answered.
        cloud: gives the newest Cloud, or None.
        notices: gives lines about the exporter itself.
        failure: gives why CloudStack cannot be read and since when (unix time), or None.
        is_partial: whether only a part of the cloud is looked at, so that an entry may match elsewhere.
        defects: gives the checks that raised, which say nothing of their owners.
        unjudged: gives the objects that checks cannot judge although everything was answered.
    """

    clock: Clock
    checks: tuple[Registered, ...]
    accept: tuple[Accept, ...] = ()
    watch: Callable[[], Iterable[tuple[Target, TargetMemory]]] = tuple
    cloud: Callable[[], Cloud | None] = lambda: None
    notices: Callable[[], tuple[str, ...]] = tuple
    defects: Callable[[], Iterable[Defect]] = tuple
    unjudged: Callable[[], Iterable[tuple[Registered, Unjudged]]] = tuple
    failure: Callable[[], tuple[Failure, float] | None] = lambda: None
    is_partial: bool = False
    _standing: dict[tuple[Issue, str, Key], Standing] = field(default_factory=dict)

    def put(self, judgment: Judgment) -> None:
        """Replace the judgment of the same check and owner."""
        place = (judgment.registered.issue, judgment.registered.name, judgment.owner.key)
        old = self._standing.get(place)
        judged = [sample for sample in judgment.samples if sample.metric.problem]
        problems = tuple(sample for sample in judged if _is_problem(sample, judgment.at))
        since = {}
        for sample in problems:
            row = (sample.metric.name, *sample.labels)
            since[row] = (old.since.get(row) if old else None) or (judgment.at, judgment.is_first)
        subjects = frozenset(_subject(sample, judgment) for sample in judged)
        self._standing[place] = Standing(replace(judgment, samples=()), subjects, problems, since)

    @property
    def has_verdict(self) -> bool:
        """Return whether anything was judged."""
        return bool(self._standing)

    def is_about(self, name: str | None) -> bool:
        """Return whether anything was judged about the object of this name, about any object when it is None."""
        judged = (subject[2] for row in self._standing.values() for subject in row.subjects)
        return any(name is None or name in one.split("+") for one in judged)

    def forget(self, gone: Iterable[Key]) -> None:
        """Forget targets and groups that are no more."""
        keys = set(gone)
        if not keys:
            return
        self._standing = {place: row for place, row in self._standing.items() if place[2] not in keys}

    def snapshot(self) -> Snapshot:
        """Return what stands now; judgments past their time count as unknown and show nothing."""
        now = self.clock.unix()
        cloud = self.cloud()
        watched = tuple(self.watch())
        verdicts = self.verdicts(watched)
        tiles = tuple(
            self._tile(number, issue, verdicts.get(issue, {}), is_read=cloud is not None)
            for number, issue in enumerate(Issue, start=1)
        )
        rows = blind_rows(self.checks, watched, cloud, self.unjudged())
        blind = (*api_rows(self.checks, self.failure()), *rows, *(defect.row for defect in self.defects()))
        inventory_at = cloud.at if cloud else 0.0
        findings = explained(self._findings(), declared(self.checks))
        return Snapshot(
            at=now, tiles=tiles, findings=findings, blind=blind, notices=self.notices(), inventory_at=inventory_at
        )

    def verdicts(self, watched: Iterable[tuple[Target, TargetMemory]]) -> dict[Issue, dict[Subject, Verdict]]:
        """Return the worst verdict on every object of every issue."""
        worst: defaultdict[Issue, dict[Subject, Verdict]] = defaultdict(dict)
        found = (
            self._judged(),
            unanswered(self.checks, watched, self.cloud(), self.unjudged()),
            map(_unknown_by_defect, self.defects()),
        )
        for issue, subject, verdict in chain.from_iterable(found):
            of_issue = worst[issue]
            old = of_issue.setdefault(subject, verdict)
            if old is not verdict and RANK[verdict] < RANK[old]:
                of_issue[subject] = verdict
        return worst

    def unmatched(self) -> tuple[Accept, ...]:
        """Return the accept entries that match no problem, and those past their date.

        A problem that was seen last, before its object went blind, still counts as matched.
        """
        standing = [sample for row in self._standing.values() for sample in row.problems]
        problems = [(sample.metric.name, _labels(sample)) for sample in standing]
        return tuple(
            entry
            for entry in self._asked_for()
            if not self._is_current(entry) or not any(_covers(entry, name, labels) for name, labels in problems)
        )

    def _asked_for(self) -> Iterator[Accept]:
        """Yield the accept entries that what is looked at could match."""
        owned = {metric.name for registered in self.checks for metric in registered.check.metrics}
        for entry in self.accept:
            if not self.is_partial or entry.metric in owned:
                yield entry

    def samples(self, watched: Iterable[tuple[Target, TargetMemory]]) -> dict[str, list[Sample]]:
        """Return the derived samples by zone: objects per verdict, and accepted findings."""
        by_zone: defaultdict[str, list[Sample]] = defaultdict(list)
        verdicts = self.verdicts(watched)
        for issue in dict.fromkeys(registered.issue for registered in self.checks):
            counts: defaultdict[str, dict[Verdict, int]] = defaultdict(lambda: dict.fromkeys(Verdict, 0))
            for (zone, _, _), verdict in verdicts.get(issue, {}).items():
                counts[zone][verdict] += 1
            for zone, numbers in counts.items():
                for verdict, number in numbers.items():
                    by_zone[zone].append(ISSUE_OBJECTS.sample(issue.value, zone, verdict.value, value=number))
        for standing, sample in self._problems():
            if self._accepting(sample):
                zone, _, subject = _subject(sample, standing.judgment)
                words = (sample.metric.name, zone, subject, "/".join(map(printable, sample.labels)))
                by_zone[zone].append(FINDING_ACCEPTED.sample(*words, value=1))
        return by_zone

    def _judged(self) -> Iterator[tuple[Issue, Subject, Verdict]]:
        now = self.clock.boot()
        for (issue, _, _), standing in self._standing.items():
            is_past = standing.judgment.expires <= now
            for subject in standing.subjects:
                yield issue, subject, Verdict.UNKNOWN if is_past else Verdict.HEALTHY
        for standing, sample in self._problems():
            verdict = Verdict.ACCEPTED if self._accepting(sample) else Verdict.PROBLEM
            yield standing.judgment.registered.issue, _subject(sample, standing.judgment), verdict

    def _problems(self) -> Iterator[tuple[Standing, Sample]]:
        now = self.clock.boot()
        for standing in self._standing.values():
            if standing.judgment.expires > now:
                for sample in standing.problems:
                    yield standing, sample

    def _findings(self) -> Iterator[Finding]:
        for standing, sample in self._problems():
            judgment = standing.judgment
            check = judgment.registered.check
            zone, kind, subject = _subject(sample, judgment)
            since, at_least = standing.since[sample.metric.name, *sample.labels]
            entry = self._accepting(sample)
            yield Finding(
                issue=judgment.registered.issue,
                check=check.title,
                metric=sample.metric.name,
                help=sample.metric.help,
                zone=zone,
                subject_kind=kind,
                subject=subject,
                labels=_labels(sample),
                value=sample.value,
                seen=sample.seen,
                expected=sample.expected,
                since=since,
                at_least=at_least,
                at=judgment.at,
                remedies=tuple(dict.fromkeys(filter(None, (sample.remedy, *check.remedies)))),
                accepted=entry.reason if entry else "",
                accepted_until=entry.until.isoformat() if entry else "",
            )

    def _accepting(self, sample: Sample) -> Accept | None:
        if not self.accept:
            return None
        labels = _labels(sample)
        covering = (e for e in self.accept if self._is_current(e) and _covers(e, sample.metric.name, labels))
        return next(covering, None)

    def _is_current(self, entry: Accept) -> bool:
        return datetime.fromtimestamp(self.clock.unix(), UTC).date() <= entry.until

    def _tile(self, number: int, issue: Issue, verdicts: Mapping[Subject, Verdict], *, is_read: bool) -> Tile:
        counts = dict.fromkeys(Verdict, 0)
        for verdict in verdicts.values():
            counts[verdict] += 1
        ages = [
            standing.judgment.at
            for (of, _, _), standing in self._standing.items()
            if of is issue and standing.judgment.expires > self.clock.boot()
        ]
        state = self._state(issue, counts, is_read=is_read)
        return Tile(
            issue=issue, number=number, title=TITLES[issue], state=state, objects=counts, oldest=min(ages, default=0.0)
        )

    def _state(self, issue: Issue, counts: Mapping[Verdict, int], *, is_read: bool) -> str:
        if not any(registered.issue is issue for registered in self.checks):
            return "no_checks"
        for verdict in (Verdict.PROBLEM, Verdict.UNKNOWN, Verdict.NOT_CONFIGURED):
            if counts[verdict]:
                return verdict.value
        if counts[Verdict.HEALTHY] or counts[Verdict.ACCEPTED]:
            return Verdict.HEALTHY.value
        return "no_objects" if is_read else Verdict.UNKNOWN.value


def _unknown_by_defect(defect: Defect) -> tuple[Issue, Subject, Verdict]:
    """Return the verdict on what a check which raised leaves unknown."""
    owner = defect.owner
    return defect.registered.issue, (owner.zone, owner.subject_kind, owner.subject), Verdict.UNKNOWN


def _is_problem(sample: Sample, at: float) -> bool:
    return sample.metric.problem is not None and sample.metric.problem.holds(sample.value, at)


def _labels(sample: Sample) -> dict[str, str]:
    return dict(zip(sample.metric.labels, sample.labels, strict=True))


def _covers(entry: Accept, metric: str, labels: Mapping[str, str]) -> bool:
    return entry.metric == metric and all(m.matches(labels.get(m.label, "")) for m in entry.matchers)


def _subject(sample: Sample, judgment: Judgment) -> Subject:
    """Return the object that a sample is about: what its labels name, else the owner."""
    metric = sample.metric
    kind = metric.subject or next((name for name in SUBJECTS if name in metric.labels), "")
    if not kind:
        return judgment.owner.zone, judgment.owner.subject_kind, judgment.owner.subject
    return sample.label("zone") or judgment.owner.zone, kind, sample.label(kind)
