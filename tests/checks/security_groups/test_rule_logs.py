"""Rule logs that tell CloudStack nothing."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.rule_logs import SEND, judge
from exporter.checks.security_groups.sequence import difference
from exporter.questions.hosts.firewall import read_log
from tests.checks.security_groups import guarded_host as scene

LINE = "i-2-56-VM,56,10.1.1.56,4,9b0c1d2e3f405162738495a6b7c8d9e0,7"


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ("rule-log-missing", "no rule log"),
        ("rule-log-empty", "an empty rule log"),
        ("rule-log-malformed", "a rule log of 5 fields, which cuts the agent's report off"),
    ],
)
def test_every_broken_state(state: str, seen: str) -> None:
    """The machine and what is wrong with its log are named."""
    found = scene.judged(judge, scene.broken(state))
    assert scene.rows(found, "rule_log_invalid") == {"i-2-56-VM": seen}
    assert scene.counts(found)["rule_logs_invalid"] == 1


def test_healthy() -> None:
    """Two machines have not been sent any rules yet, which is counted; system VMs have logs of their own."""
    assert scene.counts(scene.judged(judge)) == {
        "rule_logs_initial": 2,
        "rule_logs_invalid": 0,
        "rules_never_applied": 0,
    }


def test_of_an_earlier_run() -> None:
    """libvirt gives another number to each run: rules of an earlier one may be for another tap."""
    logs = scene.Texts().logs.replace("i-2-56-VM,56,10.1.1.56,4,", "i-2-56-VM,56,10.1.1.56,2,")
    found = scene.judged(judge, scene.Texts(logs=logs))
    assert scene.rows(found, "rule_log_invalid") == {"i-2-56-VM": "a rule log of domain 2, now it is 4"}
    assert scene.counts(scene.judged(judge, scene.Texts(logs=logs), looks=1))["rule_logs_invalid"] == 0


def test_an_old_sequence_is_told_by_the_database_alone() -> None:
    """The log itself is in order; whoever knows CloudStack's number can compare."""
    assert scene.counts(scene.judged(judge, scene.broken("rule-log-old-seq")))["rule_logs_invalid"] == 0
    log = read_log("i-2-56-VM,56,10.1.1.56,4,11112222333344445555666677778888,5")
    assert difference(log, 4) == ""
    assert difference(log, 4, expected=7) == "rules of sequence 5, CloudStack has 7"
    assert difference(read_log(LINE), 4, expected=7) == ""


def test_what_a_log_may_be() -> None:
    """Each fault in its own words."""
    assert difference(None, 4) == "no rule log"
    assert difference(read_log(LINE.replace(",7", ",seven")), 4) == "a rule log without a sequence number"
    assert difference(read_log(LINE.replace(",4,", ",None,")), 4) == "a rule log of domain None, now it is 4"
    assert read_log("i-2-55-VM,55,10.1.1.55,3,_initial_,-1").is_initial
    assert not read_log(LINE).is_initial


def test_a_host_after_a_reboot() -> None:
    """The directory is in memory: without it no machine has a log."""
    found = scene.judged(judge, scene.Texts(logs=""))
    assert scene.counts(found) == {"rule_logs_initial": 0, "rule_logs_invalid": 6, "rules_never_applied": 0}


def test_rules_that_never_came() -> None:
    """Five minutes after its start a machine has its rules, or CloudStack does not send them."""
    found = scene.judged(judge, apart=150.0, looks=3)
    sample = scene.only(found, "rules_never_applied")
    assert (sample.value, sample.seen, sample.remedy) == (2, "i-2-55-VM; i-2-70-VM", SEND)
    assert scene.counts(scene.judged(judge, apart=149.0, looks=3))["rules_never_applied"] == 0


def test_a_start_begins_the_wait_anew() -> None:
    """libvirt gives another number to each run, and a log of an earlier one is told by another metric."""
    assert scene.counts(scene.judged(judge, apart=400.0, looks=1))["rules_never_applied"] == 0
    logs = scene.Texts().logs.replace("i-2-55-VM,55,10.1.1.55,3,_initial_,-1", "i-2-55-VM,55,10.1.1.55,3,0123,4")
    found = scene.judged(judge, scene.Texts(logs=logs), apart=400.0)
    assert scene.only(found, "rules_never_applied").seen == "i-2-70-VM"


def test_who_waits_for_the_verdict_cannot_tell() -> None:
    """``check`` looks twice within seconds: whether a machine was just started it does not know, and says nothing."""
    assert "rules_never_applied" not in scene.counts(scene.judged(judge, apart=5.0, is_on_demand=True))
    logs = scene.Texts().logs.replace("_initial_,-1", "0123,4")
    found = scene.judged(judge, scene.Texts(logs=logs), apart=5.0, is_on_demand=True)
    assert scene.counts(found)["rules_never_applied"] == 0
