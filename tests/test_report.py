"""The report of ``check`` and its exit codes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.findings import Blind, Finding, Snapshot
from exporter.model import Issue
from exporter.report import ROWS_PER_REASON, exit_code, text

FINDING = Finding(
    issue=Issue.CONSOLE_PROXY,
    check="Certificate",
    metric="cloudstack_network_console_proxy_certificate_valid",
    help="Whether.",
    zone="zone1",
    subject_kind="console_proxy",
    subject="v-2-VM",
    labels={"zone": "zone1", "console_proxy": "v-2-VM"},
    value=0,
    seen="expired on 2026-01-01",
    expected="valid",
    since=1.0,
    at_least=True,
    at=1_795_000_000.0,
    remedies=("upload a new one", "destroy the console proxy"),
)
ACCEPTED = replace(FINDING, accepted="self-signed on purpose", accepted_until="2027-01-01")
FAILED = Blind(
    issues=(Issue.PASSWORD_RESET,),
    zone="zone1",
    subject_kind="router",
    subject="r-4-VM",
    what=("password_probe", "password_units"),
    reason="timeout",
    detail="no answer within 60 s",
)
UNLIT = replace(FAILED, reason="not_configured", detail="", setting="ssh")
EMPTY = Snapshot(at=1_795_000_000.0, tiles=(), inventory_at=1_795_000_000.0)


@pytest.mark.parametrize(
    ("findings", "blind", "code"),
    [
        ((), (), 0),
        ((), (UNLIT,), 0),
        ((ACCEPTED,), (), 0),
        ((), (FAILED,), 2),
        ((ACCEPTED,), (FAILED,), 2),
        ((FINDING,), (), 1),
        ((FINDING,), (FAILED,), 1),
    ],
)
def test_exit_codes(findings: tuple[Finding, ...], blind: tuple[Blind, ...], code: int) -> None:
    """Clean, problems, could not check; accepted and not configured count for neither."""
    assert exit_code(replace(EMPTY, findings=findings, blind=blind)) == code


def test_nothing_seen_is_not_clean_and_the_last_line_says_so() -> None:
    """What was asked for has no verdict; a problem is a problem all the same."""
    assert exit_code(replace(EMPTY, blind=(UNLIT,)), "open_vswitch") == 2
    assert exit_code(replace(EMPTY, findings=(FINDING,)), "open_vswitch") == 1
    assert text(EMPTY, "open_vswitch").splitlines()[-1] == (
        "Nothing was checked: no object of open_vswitch has a verdict."
    )
    assert "Nothing was checked" not in text(EMPTY)


def test_a_problem_is_told_with_evidence_and_remedies_in_order() -> None:
    """What, where, seen, expected, what to try first, and which metric says so."""
    lines = text(replace(EMPTY, findings=(FINDING,))).splitlines()
    assert lines[2:10] == [
        "PROBLEMS (1)",
        "",
        "  v-2-VM in zone zone1: Certificate (console_proxy)",
        "    seen      expired on 2026-01-01",
        "    expected  valid",
        "    remedy    1. upload a new one",
        "              2. destroy the console proxy",
        '    evidence  cloudstack_network_console_proxy_certificate_valid{zone="zone1",console_proxy="v-2-VM"} 0',
    ]


def test_the_cause_is_told_before_what_follows_from_it() -> None:
    """Whatever the order of issues and names, and with the word that says so."""
    cause = replace(FINDING, issue=Issue.USER_METADATA, subject="z-last", labels={"zone": "zone1"}, check="Cause")
    shown = text(replace(EMPTY, findings=(replace(FINDING, because=cause.key), cause)))
    assert shown.index("z-last in zone zone1: Cause") < shown.index("v-2-VM in zone zone1: Certificate")
    assert f"    follows   from {cause.metric} above" in shown
    assert text(replace(EMPTY, findings=(replace(FINDING, because=("gone",)),))).count("v-2-VM in zone zone1") == 1


def test_accepted_findings_stay_visible_apart() -> None:
    """An accepted finding names its reason and its date."""
    shown = text(replace(EMPTY, findings=(ACCEPTED,)))
    assert "PROBLEMS" not in shown
    assert "ACCEPTED (1)" in shown
    assert "accepted  until 2027-01-01: self-signed on purpose" in shown


def test_what_could_not_be_checked_says_why_and_what_would_light_it() -> None:
    """Failures with reason and questions; unset sources with the setting."""
    shown = text(replace(EMPTY, blind=(FAILED, UNLIT), notices=("something",)))
    assert "router r-4-VM in zone zone1: timeout (no answer within 60 s): password_probe, password_units" in shown
    assert "1 x router: set ssh in the configuration to check them" in shown
    assert "Note: something" in shown


def test_many_failures_are_cut_and_counted() -> None:
    """A cloud that is away does not scroll the screen, and nothing is hidden silently."""
    rows = tuple(replace(FAILED, subject=f"r-{number}-VM") for number in range(ROWS_PER_REASON + 5))
    shown = text(replace(EMPTY, blind=rows))
    assert "and 5 more with the reason timeout" in shown
    assert "COULD NOT CHECK (25)" in shown
