"""Judging: which checks run, when their samples expire, and that a defect costs only itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from exporter.cloud.groups import ZoneGroup
from exporter.cloud.groups import key as group_key
from exporter.cloud.targets import key
from exporter.judging import Judging, Judgment, plan
from exporter.memory import TargetMemory
from exporter.model import Failure, GroupJudge, Reason
from tests.worlds import CHECKS, IS_UP, WAITING, answer, cloud, router


@pytest.fixture
def judged() -> tuple[Judging, list[Judgment]]:
    said: list[Judgment] = []
    return Judging(CHECKS, said.append), said


def remember(**answers: tuple[str, float, float]) -> TargetMemory:
    memory = TargetMemory()
    memory.note({{"is_up": IS_UP, "waiting": WAITING}[name]: answer(*row) for name, row in answers.items()}, 0.0)
    return memory


def test_a_check_whose_question_has_no_answer_says_nothing(judged: tuple[Judging, list[Judgment]]) -> None:
    """Law 1: no answer, no sample; never a healthy default."""
    judging, said = judged
    memory = TargetMemory()
    memory.note({IS_UP: Failure(Reason.TIMEOUT), WAITING: answer("10.1.1.5", 1, 9)}, 0.0)
    judging.target(router("r-1-VM"), memory, cloud("r-1-VM"))
    assert said == []


def test_samples_expire_with_the_earliest_answer(judged: tuple[Judging, list[Judgment]]) -> None:
    """Judging an old fact again together with a newer one does not renew it."""
    judging, said = judged
    judging.target(router("r-1-VM"), remember(is_up=("yes", 5, 100), waiting=("", 50, 400)), cloud("r-1-VM"))
    assert [judgment.expires for judgment in said] == [100]


def test_a_group_that_rests_on_the_cloud_alone_expires_with_it(judged: tuple[Judging, list[Judgment]]) -> None:
    """A zone without answering members is judged from the Cloud and no longer than it is valid."""
    judging, said = judged
    world = cloud("r-1-VM", expires=777)
    zone = next(iter(world.zones.values()))
    judging.group(ZoneGroup(zone.id, zone.name), {router("r-1-VM"): TargetMemory()}, world)
    assert [(judgment.expires, judgment.samples[0].value) for judgment in said] == [(777, 0)]


def test_a_group_is_judged_from_the_answers_of_its_members(judged: tuple[Judging, list[Judgment]]) -> None:
    """Members that answered count; the group's verdict expires with the earliest of them."""
    judging, said = judged
    world = cloud("r-1-VM", "r-2-VM", "r-3-VM")
    members = {
        router("r-1-VM"): remember(is_up=("no", 1, 90)),
        router("r-2-VM"): remember(is_up=("no", 2, 80)),
        router("r-3-VM"): TargetMemory(),
    }
    judging.group(ZoneGroup("z", "zone1"), members, world)
    assert [(judgment.expires, judgment.samples[0].value) for judgment in said] == [(80, 2)]


def test_a_check_whose_command_the_cloud_lacks_says_nothing(judged: tuple[Judging, list[Judgment]]) -> None:
    """A permission that is missing makes unknown, not healthy."""
    judging, said = judged
    world = cloud("r-1-VM", lacks={"listRouters": Failure(Reason.PERMISSION)})
    judging.target(router("r-1-VM"), remember(is_up=("yes", 5, 100)), world)
    assert said == []


def test_a_judge_that_raises_costs_only_its_own_verdict(
    judged: tuple[Judging, list[Judgment]], caplog: pytest.LogCaptureFixture
) -> None:
    """The defect is counted and logged once; other targets are judged."""
    judging, said = judged
    defects: list[int] = []
    judging.on_defect = lambda: defects.append(1)
    world = cloud("r-1-VM", "r-2-VM")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            judging.target(router("r-1-VM"), remember(is_up=("defect", 5, 100)), world)
            judging.target(router("r-2-VM"), remember(is_up=("yes", 5, 100)), world)
    assert len(defects) == 3
    assert [record.getMessage() for record in caplog.records] == ["check user_metadata/up failed on r-1-VM"]
    assert {judgment.owner.subject for judgment in said} == {"r-2-VM"}


def test_a_sample_that_the_page_refuses_is_the_defect_of_its_check(caplog: pytest.LogCaptureFixture) -> None:
    """What is no sample is met where it is rendered; others are judged, and nothing is raised to the engine."""

    def refusing(judgment: Judgment) -> None:
        if judgment.owner.subject == "r-1-VM":
            raise TypeError

    judging, world = Judging(CHECKS, refusing), cloud("r-1-VM", "r-2-VM")
    with caplog.at_level(logging.ERROR):
        for name in ("r-1-VM", "r-2-VM"):
            judging.target(router(name), remember(is_up=("yes", 5, 100)), world)
    assert [defect.owner.subject for defect in judging.defects.values()] == ["r-1-VM"]


def test_the_second_look_is_asked_for_and_then_not(judged: tuple[Judging, list[Judgment]]) -> None:
    """A fact that is new wants another visit; the same fact seen again does not."""
    judging, said = judged
    world = cloud("r-1-VM")
    first = judging.target(router("r-1-VM"), remember(is_up=("yes", 5, 100), waiting=("10.1.1.5", 5, 100)), world)
    second = judging.target(router("r-1-VM"), remember(is_up=("yes", 65, 160), waiting=("10.1.1.5", 65, 160)), world)
    assert (first, second) == (True, False)
    assert [sample.value for judgment in said for sample in judgment.samples if sample.label("address")] == [1, 61]


def test_what_is_forgotten_begins_anew(judged: tuple[Judging, list[Judgment]]) -> None:
    """A router that was deleted and came back under its name has no past."""
    judging, said = judged
    world = cloud("r-1-VM")
    for asked in (5, 65):
        judging.target(router("r-1-VM"), remember(is_up=("yes", asked, 500), waiting=("10.1.1.5", asked, 500)), world)
        judging.forget([("router", "zone1/r-1-VM")])
    assert [judgment.is_first for judgment in said] == [True, True]
    assert [sample.value for judgment in said for sample in judgment.samples if sample.label("address")] == [1, 1]


def test_a_member_that_left_a_group_is_new_when_it_comes_back(judged: tuple[Judging, list[Judgment]]) -> None:
    """What it showed in another group, or never, does not count as held since it was here."""
    judging, _ = judged
    zone, gone = ZoneGroup("z", "zone1"), router("r-1-VM")
    judging.group(zone, {gone: remember(is_up=("no", 1, 90))}, cloud("r-1-VM"))
    kept = {place[3] for place in judging._scopes}
    judging.forget_absent({group_key(zone): [key(gone)]})
    assert {place[3] for place in judging._scopes} == kept
    judging.forget_absent({group_key(zone): []})
    assert {place[3] for place in judging._scopes} == kept - {key(gone)}
    assert key(gone) in kept


def test_the_plan_is_the_union_of_what_is_asked_used_and_needed() -> None:
    """Each question stands once per target type, by name."""
    assert plan(CHECKS) == {type(router("r-1-VM")): (IS_UP, WAITING)}


def test_a_new_cloud_judges_again_what_is_said_of_cloudstack(judged: tuple[Judging, list[Judgment]]) -> None:
    """What does not judge CloudStack's state is not judged again by a refresh."""
    judging, said = judged
    judging.target(router("r-1-VM"), remember(is_up=("yes", 5, 100)), cloud("r-1-VM"), cloud_alone_is_new=True)
    assert said == []


def test_what_rests_on_the_cloud_alone_is_not_judged_when_members_change(
    judged: tuple[Judging, list[Judgment]],
) -> None:
    """Only judgments with members follow their members."""
    judging, said = judged
    members = {router("r-1-VM"): remember(is_up=("no", 1, 90))}
    judging.group(ZoneGroup("z", "zone1"), members, cloud("r-1-VM"), members_alone_are_new=True)
    assert [judgment.registered.name for judgment in said] == ["zone"]


def test_only_groups_of_which_a_judgment_needs_members_follow_them() -> None:
    """A visit does not have a zone of thousands judged again for nothing."""
    assert Judging(CHECKS).follows == {ZoneGroup}
    alone = replace(CHECKS[1], check=replace(CHECKS[1].check, groups=(GroupJudge(ZoneGroup, lambda *_: iter(())),)))
    assert Judging((CHECKS[0], alone)).follows == frozenset()


def test_a_group_remembers_what_only_the_cloud_tells() -> None:
    """A fact of CloudStack's holds from the refresh that first told it; no member is visited again for it."""
    (last,) = (one for one in CHECKS if one.name == "zone")

    def judge(group: ZoneGroup, members: Any, world: Any) -> Any:
        held = members[group].held("stuck")
        yield last.check.metrics[0].sample(group.zone, value=held.seconds)

    check = replace(last.check, groups=(GroupJudge(ZoneGroup, judge, remembers=True),))
    said: list[Judgment] = []
    judging = Judging((replace(last, check=check),), said.append)
    wants = [judging.group(ZoneGroup("z", "zone1"), {}, cloud("r-1-VM", asked=asked)) for asked in (100.0, 400.0)]
    assert wants == [False, False]
    assert [judgment.samples[0].value for judgment in said] == [0, 300]
