"""The second look: visits and refreshes of the Cloud in every order, and a live migration between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Via

SEEN = Question("seen", Via.SYSTEM_VM, "", str, "none", "a test")


def refreshed(asked: float) -> Cloud:
    return Cloud(asked=asked, finished=asked + 2)


@dataclass
class Looking:
    """Judges one difference again and again, with the real memory."""

    scope: Scope = field(default_factory=Scope)

    def look(
        self, visit: float, cloud: Cloud, host: str = "h1", *, holds: bool = True, shown: float | None = None
    ) -> bool:
        """Return the verdict after a visit at ``visit``; ``shown`` is when the question was answered."""
        value = Answer("", visit if shown is None else shown, 0.0, 1e9)
        answers = Answers(asked=visit, values={SEEN: value}, memory=self.scope.held)
        self.scope.begin()
        verdict = holds and confirmed(answers, cloud, "absent", "10.1.1.1", host, shown_by=(SEEN,))
        self.scope.end()
        return verdict


def test_a_live_migration_during_the_visit_is_never_a_problem() -> None:
    """The machine moved after the refresh: the next refresh names another host, and the count begins anew."""
    looking = Looking()
    assert not looking.look(100, refreshed(90), "h1")  # it has just left h1
    assert not looking.look(100, refreshed(110), "h2")
    assert not looking.look(160, refreshed(110), "h2", holds=False)  # asked on h2, all is well
    assert not looking.look(220, refreshed(170), "h2", holds=False)


def test_two_visits_with_a_refresh_between_them() -> None:
    """Neither one visit, nor two under one Cloud, nor a refresh after one visit is enough."""
    looking = Looking()
    assert not looking.look(100, refreshed(90))
    assert not looking.look(160, refreshed(90))
    assert not looking.look(160, refreshed(170))
    assert looking.look(220, refreshed(170))


def test_a_refresh_that_was_under_way_does_not_count() -> None:
    """It began before the difference was seen, or ended after the second visit."""
    looking = Looking()
    assert not looking.look(100, refreshed(90))
    assert not looking.look(160, refreshed(99))
    assert not looking.look(201, refreshed(200))
    assert looking.look(202, refreshed(200))


def test_later_refreshes_do_not_take_it_back() -> None:
    """Judged again with a newer Cloud and the same answers it stays a problem, until it is gone."""
    looking = Looking()
    looking.look(100, refreshed(90))
    assert looking.look(160, refreshed(110))
    assert looking.look(160, refreshed(300))
    assert looking.look(160, refreshed(600))
    assert looking.look(700, refreshed(600))
    assert not looking.look(760, refreshed(600), holds=False)
    assert not looking.look(820, refreshed(600))


def test_an_old_answer_judged_again_is_no_second_visit() -> None:
    """The question that shows it failed on the second visit; only others were answered."""
    looking = Looking()
    assert not looking.look(100, refreshed(90))
    assert not looking.look(160, refreshed(110), shown=100)
    assert looking.look(220, refreshed(110))


def test_without_memory_nothing_is_confirmed() -> None:
    """A single look has no second one."""
    assert not confirmed(Answers(asked=100), refreshed(50), "absent")
    assert not confirmed(Answers(asked=100), refreshed(150), "absent")


@given(events=st.lists(st.sampled_from(["visit", "refresh", "gone"]), max_size=20))
def test_every_order_of_visits_and_refreshes(events: list[str]) -> None:
    """It is confirmed exactly when a visit, a whole refresh and a visit have shown it without a gap."""
    looking, now, visit, cloud = Looking(), 100.0, 0.0, refreshed(50)
    order = ""
    for event in events:
        now += 10
        if event == "refresh":
            cloud = refreshed(now - 5)
        else:
            visit = now
        if event == "gone":
            order = ""
            assert not looking.look(visit, cloud, holds=False)
        elif visit:
            order = order if event == "refresh" and not order else order + event[0]
            if order:
                expected = "r" in order.rstrip("r") and order.startswith("v")
                assert looking.look(visit, cloud) is expected, order
