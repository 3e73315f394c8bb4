"""Runs the checks over answers and Cloud, and hands their samples on."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, get_args

from exporter.checks import Registered
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import Group
from exporter.cloud.groups import key as group_key
from exporter.cloud.targets import TARGET_TYPES, Target, key
from exporter.findings import Blind
from exporter.memory import Scope, TargetMemory
from exporter.model import Answers, GroupJudge, Question, Reason, Sample, Unjudged

log = logging.getLogger("exporter.judging")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom samples belong to: a target or a group. When it is forgotten, they go."""

    key: Key
    home: str
    zone: str
    subject_kind: str
    subject: str

    @classmethod
    def of_target(cls, target: Target) -> Owner:
        """Return the owner for a target's own verdicts."""
        return cls(key(target), target.home, target.zone, target.subject, target.name)

    @classmethod
    def of_group(cls, group: Group) -> Owner:
        """Return the owner for a group's verdicts."""
        return cls(group_key(group), group.home, group.zone, group.kind, group.name)


CLOUD = Owner(("API", "CloudStack"), "", "", "API", "CloudStack")
"""Whose defect it is when a check cannot say which objects of the Cloud it leaves out."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What one check said of one owner.

    Attributes:
        expires: boot-clock time of the earliest thing it was judged from.
        at: unix time of the newest answer it was judged from.
        is_first: whether it is the first since the start, so that what it shows may be older.
    """

    registered: Registered
    owner: Owner
    samples: tuple[Sample, ...]
    expires: float
    at: float
    is_first: bool


@dataclass(frozen=True, slots=True)
class Defect:
    """A check that raised when it last judged an owner; ``since`` is the unix time of what it judged first so."""

    registered: Registered
    owner: Owner
    since: float

    @property
    def row(self) -> Blind:
        """Return the row that says what it leaves unknown."""
        return Blind(
            issues=(self.registered.issue,),
            zone=self.owner.zone,
            subject_kind=self.owner.subject_kind,
            subject=self.owner.subject,
            what=(self.registered.check.title,),
            reason=Reason.INTERNAL.value,
            detail="a defect of the exporter; its log has the details",
            since=self.since,
        )


class Sink(Protocol):
    """Where judgments go: the page and the board."""

    def __call__(self, judgment: Judgment) -> None:
        """Take a judgment; it replaces the former one of the same check and owner."""


@dataclass(slots=True)
class Judging:
    """Judges targets and groups; remembers facts between judgments.

    Attributes:
        sink: takes each judgment.
        on_defect: called when a judge raised.
        follows: the types of group of which some judgment follows the answers of members.
        defects: what raised when it was last judged, by issue, check and owner; nothing is known of it.
        unjudged: the objects of the newest Cloud that checks cannot judge although everything was answered.
    """

    checks: tuple[Registered, ...]
    sink: Sink = lambda _judgment: None
    on_defect: Callable[[], None] = lambda: None
    defects: dict[tuple[str, str, Key], Defect] = field(default_factory=dict)
    unjudged: list[tuple[Registered, Unjudged]] = field(default_factory=list)
    follows: frozenset[type[Group]] = field(init=False)
    _of_target: dict[type[Target], tuple[Registered, ...]] = field(init=False)
    _of_group: dict[type[Group], tuple[tuple[Registered, GroupJudge], ...]] = field(init=False)
    _scopes: dict[tuple[str, str, Key, Key], Scope] = field(default_factory=dict)

    def __post_init__(self) -> None:
        groups = [(registered, judge) for registered in self.checks for judge in registered.check.groups]
        self.follows = frozenset(judge.group for _, judge in groups if judge.needs)
        self._of_group = {kind: tuple(one for one in groups if one[1].group is kind) for kind in get_args(Group)}
        self._of_target = {
            kind: tuple(registered for registered in self.checks if kind in registered.check.judges)
            for kind in TARGET_TYPES
        }

    def cloud(self, cloud: Cloud) -> None:
        """Take a new Cloud: ask the checks, once, which of its objects they cannot judge."""
        self.unjudged.clear()
        for registered in self.checks:
            if registered.check.unjudged is not None:
                with self._noting(registered, CLOUD, cloud.at):
                    self.unjudged += [(registered, one) for one in registered.check.unjudged(cloud)]

    def target(self, target: Target, memory: TargetMemory, cloud: Cloud, *, cloud_alone_is_new: bool = False) -> bool:
        """Judge what the checks can say of a target; return whether one of them wants a second look.

        ``cloud_alone_is_new`` judges again only what is said of CloudStack's state.
        """
        owner = Owner.of_target(target)
        wants = False
        for registered in self._of_target[type(target)]:
            check = registered.check
            judge = check.judges[type(target)]
            asks, uses = check.asks.get(type(target), ()), check.uses.get(type(target), ())
            if not memory.has(asks) or any(command in cloud.lacks for command in check.reads):
                continue
            if cloud_alone_is_new and not check.judges_cloud:
                continue
            scope = self._scope(registered, owner.key, owner.key)
            answers = memory.answers((*asks, *uses), scope.held)
            if (asks or uses) and not answers.values:
                continue
            expires = _expires((answers,), cloud, counts_cloud=check.judges_cloud)
            wants |= self._run(
                registered, owner, (scope,), expires, answers.now or cloud.at, judge, target, answers, cloud
            )
        return wants

    def group(
        self, group: Group, members: Mapping[Target, TargetMemory], cloud: Cloud, *, members_alone_are_new: bool = False
    ) -> bool:
        """Judge a group at once; return whether a second look is wanted."""
        return any([*self.group_steps(group, members, cloud, members_alone_are_new=members_alone_are_new)])

    def group_steps(
        self, group: Group, members: Mapping[Target, TargetMemory], cloud: Cloud, *, members_alone_are_new: bool = False
    ) -> Iterator[bool]:
        """Judge a group from the newest answers of its members, one judgment per step, as fast as the caller goes on.

        Each step yields whether a second look is wanted. ``members_alone_are_new`` leaves out what rests on the Cloud
        alone.
        """
        owner = Owner.of_group(group)
        for registered, judge in self._of_group[type(group)]:
            if any(command in cloud.lacks for command in registered.check.reads):
                continue
            if judge.needs or not members_alone_are_new:
                yield self._group(registered, judge, owner, group, members, cloud)

    def _group(
        self,
        registered: Registered,
        judge: GroupJudge,
        owner: Owner,
        group: Group,
        members: Mapping[Target, TargetMemory],
        cloud: Cloud,
    ) -> bool:
        given: dict[Target | Group, Answers] = {}
        scopes = []
        for target, memory in members.items():
            questions = judge.needs.get(type(target), ())
            if any(question in memory.values for question in questions):
                scopes.append(self._scope(registered, owner.key, key(target)))
                given[target] = memory.answers(questions, scopes[-1].held)
        counts_cloud = registered.check.judges_cloud or not judge.needs
        expires = _expires(given.values(), cloud, counts_cloud=counts_cloud)
        at = max((answers.now for answers in given.values()), default=cloud.at)
        own = self._scope(registered, owner.key, owner.key)
        if judge.remembers:
            given[group] = Answers(now=cloud.at, asked=cloud.asked, memory=own.held)
        is_judged = self._run(registered, owner, (own, *scopes), expires, at, judge.judge, group, given, cloud)
        # what CloudStack alone tells is looked at again with its next refresh; no member is visited for it
        return is_judged and any(scope.wants_second_look for scope in scopes)

    def _run(
        self,
        registered: Registered,
        owner: Owner,
        scopes: tuple[Scope, ...],
        expires: float,
        at: float,
        judge: Callable[..., Iterable[Sample]],
        *about: Any,
    ) -> bool:
        is_first = not scopes[0].judged
        for scope in scopes:
            scope.begin()
        with self._noting(registered, owner, at):
            samples = tuple(judge(*about))
            self.sink(Judgment(registered, owner, samples, expires, at, is_first))  # refuses what is no sample
            for scope in scopes:
                scope.end()
            return any(scope.wants_second_look for scope in scopes)
        return False

    @contextmanager
    def _noting(self, registered: Registered, owner: Owner, at: float) -> Iterator[None]:
        """Let what is raised inside cost no more than what it would have said: note it, and log it once."""
        place = (registered.issue.value, registered.name, owner.key)
        try:
            yield
        except Exception:
            self.on_defect()
            if place not in self.defects:
                log.exception("check %s/%s failed on %s", registered.issue.value, registered.name, owner.subject)
                self.defects[place] = Defect(registered, owner, at)
        else:
            self.defects.pop(place, None)

    def _scope(self, registered: Registered, owner: Key, member: Key) -> Scope:
        place = (registered.issue.value, registered.name, owner, member)
        found = self._scopes.get(place)
        if found is None:  # a group of thousands asks for as many at each judgment
            found = self._scopes[place] = Scope()
        return found

    def forget(self, gone: Iterable[Key]) -> None:
        """Forget targets and groups that are no more."""
        keys = set(gone)
        if not keys:
            return
        self._scopes = {place: scope for place, scope in self._scopes.items() if not keys & {place[2], place[3]}}
        for place in [place for place in self.defects if place[2] in keys]:
            del self.defects[place]

    def forget_absent(self, members: Mapping[Key, Collection[Key]]) -> None:
        """Forget of groups what was remembered of targets that are in another one now; all groups are given."""
        present = {group: {group, *targets} for group, targets in members.items()}
        gone = [place for place in self._scopes if place[2] in present and place[3] not in present[place[2]]]
        for place in gone:
            del self._scopes[place]


def _expires(given: Iterable[Answers], cloud: Cloud, *, counts_cloud: bool) -> float:
    """Return when the earliest of the answers expires, counting the Cloud where it is judged or alone."""
    times = [answer.expires for answers in given for answer in answers.values.values()]
    return min([*times, cloud.expires] if counts_cloud or not times else times)


def plan(checks: Iterable[Registered]) -> dict[type[Target], tuple[Question[Any], ...]]:
    """Return, per target type, the union of the questions that the checks ask, use or need."""
    questions: defaultdict[type[Target], dict[Question[Any], None]] = defaultdict(dict)
    for registered in checks:
        check = registered.check
        for wanted in (check.asks, check.uses, *(judge.needs for judge in check.groups)):
            for kind, asked in wanted.items():
                questions[kind].update(dict.fromkeys(asked))
    return {kind: tuple(sorted(asked, key=lambda question: question.name)) for kind, asked in questions.items()}
