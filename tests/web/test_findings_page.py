"""What stands on the findings page, read without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from exporter.findings import Finding, Snapshot
from exporter.model import Issue
from exporter.web.findings_page import findings_page
from exporter.web.grouping import MOST_ROWS, View, view

Makers = dict[str, Callable[[], Snapshot]]


def text(snapshot: Snapshot, shown: View | None = None) -> str:
    """Return the page as text: elements become spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup(snapshot, shown))).split())


def markup(snapshot: Snapshot, shown: View | None = None) -> str:
    """Return the page."""
    return findings_page(snapshot, shown or View(), metrics_path="/metrics", refresh=30)


def test_every_part_of_a_finding_is_shown(snapshots: Makers) -> None:
    """Issue, object, seen, expected, since, remedies in order, metric and labels."""
    page = text(snapshots["busy"]())
    for words in (
        "5 findings in 2 issues",
        "25 not checked",
        "1 accepted",
        "Data as of 2026-11-21 09:01:35 UTC",
        "inventory 4 min old",
        "CloudStack API unreachable since 2026-11-21 08:58:02 UTC: connection refused.",
        "7 Console proxy 1 finding",
        "v-2-VM console proxy · ams-1 *.console.example.net ends on 2026-11-26 00:08 UTC at least 30 days ahead",
        "3 d 1 h since 2026-11-18 07:38:15 UTC",
        "Do this first: Upload a new certificate with its whole chain",
        "Then try: Destroy the console proxy;",
        'certificate_not_after_timestamp_seconds{zone="ams-1", console_proxy="v-2-VM"} 1795651695.0',
        "at least 12 min already so at 2026-11-21 08:48:49 UTC",
        "judged 12 s before",
    ):
        assert words in page


def test_accepted_findings_stand_apart(snapshots: Makers) -> None:
    """An accepted finding shows its reason and date, and is not among what is wrong."""
    page = text(snapshots["busy"]())
    wrong, accepted = page.split("Accepted 1 finding", 1)
    assert "r-7-VM" not in wrong
    assert "r-7-VM Password reset · router · lab lab router, rebuilt every night 2027-01-31" in accepted


def test_what_could_not_be_checked_says_why_and_what_would_light_it(snapshots: Makers) -> None:
    """Blind rows are grouped by reason and question; real failures come before what is only not set up."""
    page = text(snapshots["busy"]())
    blind = page.split("What could not be checked 25 objects", 1)[1]
    failed, unset = blind.split("Not configured 24", 1)
    assert "No answer in time 1 Not answered: metadata_status . Blind: User- and metadata." in failed
    assert "r-99-VM did not answer within 3 s" in failed
    assert "The setting ssh would light it." in unset
    assert "r-46-VM, r-47-VM and 16 more" in unset


def test_tiles_are_in_the_order_of_the_talk(snapshots: Makers) -> None:
    """Ten tiles in fixed places with number, title and the word of their state."""
    shown = snapshots["busy"]()
    backwards = Snapshot(at=shown.at, tiles=shown.tiles[::-1])
    for snapshot in (shown, backwards):
        found = re.findall(r'id="tile-([a-z_]+)"', markup(snapshot))
        assert found == [issue.value for issue in Issue]
    page = text(shown)
    assert "9 Password reset Problem 4 problems 24 unknown 1 accepted 1,900 healthy data 1 min old" in page
    assert "3 Open vSwitch No checks no data" in page
    assert "4 Security groups Not configured 64 not configured no data" in page


def test_a_quiet_cloud(snapshots: Makers) -> None:
    """Nothing wrong is said in words, and so is that everything was asked."""
    page = text(snapshots["quiet"]())
    assert "No problem found" in page
    assert "Every question was answered." in page


def test_nothing_checked_is_not_nothing_wrong() -> None:
    """Before the first inventory the page claims nothing."""
    page = text(Snapshot(at=1_795_251_695.0, tiles=()))
    assert "Nothing checked yet" in page
    assert "no inventory" in page
    assert "No problem found" not in page
    assert "Every question was answered" not in page


def test_rows_are_bounded_but_never_silently(snapshots: Makers) -> None:
    """Hundreds of findings and thousands of blind rows: the first ones, how many more, and a way to them."""
    shown = snapshots["big"]()
    page = markup(shown)
    assert page.count("<tr>") < 100
    assert '<a href="?rows=900">and 875 more findings</a>' in page
    assert '<a href="?rows=4000">and 3,975 more objects</a>' in page
    everything = markup(shown, View(rows=4000))
    assert everything.count("<tr>") == 900 + 4000 + 2
    assert "more findings" not in everything


def test_past_the_largest_page_the_json_is_named(make_finding: Callable[..., Finding]) -> None:
    """Even the largest page says what it leaves out."""
    shown = Snapshot(at=1.0, tiles=(), findings=tuple(make_finding(n) for n in range(MOST_ROWS + 3)))
    assert 'and 3 more findings, all of them in <a href="findings.json">' in markup(shown, View(rows=MOST_ROWS))


@pytest.mark.parametrize(
    ("shown", "there", "gone"),
    [
        (View(issue="console_proxy"), ["v-2-VM"], ["r-12-VM", "r-17-VM", "r-99-VM"]),
        (View(zone="fra-2"), ["r-17-VM", "r-99-VM"], ["v-2-VM", "r-12-VM", "r-40-VM"]),
        (View(issue="password_reset", zone="ams-1"), ["r-12-VM", "r-40-VM"], ["v-2-VM", "r-17-VM", "r-99-VM"]),
        (View(zone="nowhere"), ["Nothing of what was checked is broken"], ["r-12-VM", "v-2-VM"]),
    ],
)
def test_filters(snapshots: Makers, shown: View, there: list[str], gone: list[str]) -> None:
    """Issue and zone select findings, accepted ones and blind rows alike; the headline stays whole."""
    page = text(snapshots["busy"](), shown)
    assert "5 findings in 2 issues" in page
    assert [word for word in there if word not in page] == []
    assert [word for word in gone if word in page] == []


def test_a_remedy_is_said_once_for_all_its_objects(make_finding: Callable[..., Finding]) -> None:
    """Findings of one check and remedy share a table, also when different metrics show them."""
    second = make_finding(2, metric="cloudstack_network_password_reset_pending", help="Passwords that wait.")
    shown = Snapshot(at=1.0, tiles=(), findings=(make_finding(1), second, make_finding(3)))
    page = text(shown)
    assert page.count("Do this first:") == 1
    assert page.count("Password daemon 3") == 1
    assert "Passwords that wait." in page


def test_objects_are_in_natural_order(make_finding: Callable[..., Finding]) -> None:
    """r-9-VM stands before r-10-VM."""
    shown = Snapshot(at=1.0, tiles=(), findings=tuple(make_finding(n) for n in (100, 10, 9)))
    assert re.findall(r"<b>(r-\d+-VM)</b>", markup(shown)) == ["r-9-VM", "r-10-VM", "r-100-VM"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, View()),
        ({"issue": "console_proxy", "zone": "ams-1", "rows": "100"}, View("console_proxy", "ams-1", 100)),
        ({"issue": "<script>", "rows": "-1"}, View()),
        ({"rows": "0"}, View(rows=1)),
        ({"rows": "99999"}, View(rows=MOST_ROWS)),
        ({"rows": "1" * 5000}, View()),
        ({"rows": "²"}, View()),
    ],
)
def test_queries(query: dict[str, str], expected: View) -> None:
    """What a query does not make clear is left at its default."""
    assert view(query) == expected


def test_links_keep_the_other_filters() -> None:
    """Choosing an issue keeps the zone, also one with strange characters."""
    assert View(zone="a&b \udc80").link(issue="templates") == "?issue=templates&zone=a%26b+%3F"
    assert View("templates", "z", 25).link(issue="") == "?zone=z"
    assert View("templates").link(issue="") == "?"


def test_what_follows_stands_under_its_cause_and_not_in_its_own_issue(snapshots: Makers) -> None:
    """The cause first: one thing to mend, and under it what should end with it; an absent cause hides nothing."""
    busy = snapshots["busy"]()
    cause, other = [row for row in busy.findings if not row.accepted and row.issue is Issue.PASSWORD_RESET][:2]
    follower = replace(other, issue=Issue.CONSOLE_PROXY, check="Follower", subject="v-9-VM", because=cause.key)
    rows = tuple(row for row in busy.findings if row.issue is not Issue.CONSOLE_PROXY or row.accepted)
    page = text(replace(busy, findings=(*rows, follower)))
    assert "1 finding more that should end with this" in page
    assert page.index(cause.subject) < page.index("1 finding more") < page.index("v-9-VM")
    assert "7 Console proxy 1 finding" not in page
    alone = text(replace(busy, findings=(follower,)))
    assert "7 Console proxy 1 finding" in alone
    assert "should end with this" not in alone
