"""The generated promtool tests pass on the generated rules and fail on each way to break them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import pytest
import yaml

from alerts.cases import Case, cases
from alerts.rules import Rule, render

Judge = Callable[[tuple[Rule, ...], str], subprocess.CompletedProcess[str]]
SIX = ("fires", "quiet", "resolves", "goes blind", "exporter restarts", "API down for an hour")


def _text(rules: tuple[Rule, ...]) -> str:
    return render("password_reset", rules)


def _expressions(text: str, change: Callable[[str], str]) -> str:
    """Return the rule file with every alert's expression changed."""
    data = yaml.safe_load(text)
    for one in data["groups"][0]["rules"]:
        before = one["expr"]
        one["expr"] = change(before)
        assert one["expr"] != before
    return yaml.safe_dump(data)


def _blamed(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """Require that promtool ran the tests and that what failed names each of ``words``."""
    said = result.stdout + result.stderr
    assert result.returncode != 0
    assert "could not parse" not in said
    assert [word for word in words if word not in said] == []


@pytest.mark.real
def test_rules_as_generated_pass(promtool: Judge, rules: tuple[Rule, ...]) -> None:
    """The rules do what their tests say."""
    result = promtool(rules, _text(rules))
    assert result.returncode == 0, result.stdout + result.stderr


def _without_latch(expr: str) -> str:
    return expr[: expr.index("ALERTS{")].rstrip().removesuffix("(").rpartition("or\n")[0]


def _never_forgets(expr: str) -> str:
    return re.sub(r"\n *and on \([a-z_, ]+\)\n *\((?=\n[^A]*(ALERTS|known)).*$", "", expr, flags=re.DOTALL)


TEXT_CHANGES = {
    "fires too early": (r"for: (\d+)m", r"for: 1m"),
    "fires too late": (r"for: (\d+)m", r"for: 40m"),
    "no grace after the condition": (r"        keep_firing_for: \d+m\n", ""),
    "wrong severity": ("severity: warning", "severity: critical"),
    "another component": ("component: lamp", "component: lamps"),
    "another text": ("Invented", "Devented"),
    "another runbook": (r"/CloudStackNet(\w+)\.md", r"/\1.md"),
    "a missing label": (r"max by \(job, zone, ", "max by (job, "),
    "one metric forgotten": ("lamp_wired == 0", "lamp_wired == 7"),
    "limit off by one": (r"networks_dark > 2", "networks_dark > 1"),
    "limit off by one, upwards": (r"networks_dark > 2", "networks_dark > 3"),
    "another comparison": (r"networks_dark > 2", "networks_dark >= 2"),
    "the other band's limit": (str(7 * 86400), str(30 * 86400)),
    "reversed": ("lamp_up == 0", "lamp_up == 1"),
    "one verdict is enough": (
        r"_lamp_up\s+and on \(job, zone, router\)\s+cloudstack_network_password_reset_lamp_wired",
        "_lamp_up",
    ),
    "accepted ones count": (r'finding_accepted\{metric="', 'finding_accepted{metric="not_'),
}


@pytest.mark.real
@pytest.mark.parametrize("edit", TEXT_CHANGES)
def test_a_broken_rule_fails(promtool: Judge, rules: tuple[Rule, ...], edit: str) -> None:
    """Each edit of the text of a rule makes promtool fail."""
    pattern, replacement = TEXT_CHANGES[edit]
    hit = next(one for one in rules if re.search(pattern, _text((one,))))
    _blamed(promtool((hit,), re.sub(pattern, replacement, _text((hit,)))), hit.row.alert)


@pytest.mark.real
@pytest.mark.parametrize("change", [_without_latch, _never_forgets])
def test_a_broken_latch_fails(promtool: Judge, rules: tuple[Rule, ...], change: Callable[[str], str]) -> None:
    """Alerts that resolve while blind, and alerts that outlive their object, are noticed in each rule."""
    _blamed(promtool(rules, _expressions(_text(rules), change)), *(one.row.alert for one in rules))


@pytest.mark.real
@pytest.mark.parametrize(
    ("eye", "what"),
    [
        ("cloudstack_network:router:known == 0", "goes blind beside another problem"),
        ("cloudstack_network_issue_objects", "alone goes blind"),
        ("cloudstack_network:inventory:blind", "API down"),
    ],
)
def test_each_eye_of_the_latch_is_needed(promtool: Judge, rules: tuple[Rule, ...], eye: str, what: str) -> None:
    """Targets that do not answer, objects without a verdict and a blind inventory each have a case of their own."""
    text = _text(rules[:1])
    assert eye in text
    _blamed(promtool(rules[:1], text.replace(eye, f"absent_{eye}")), what)


def _case(rule: Rule, words: str) -> Case:
    return next(case for case in cases(rule) if words in case.name)


def test_six_cases_for_every_alert(rules: tuple[Rule, ...]) -> None:
    """Each alert has the six cases and the accepted one; only what no target is visited for cannot go blind alone."""
    for one in rules:
        names = " | ".join(case.name for case in cases(one))
        visited = one.metrics[0].kinds != ("inventory",)
        assert [words for words in (*SIX, "accepted", "deleted") if words not in names] == (
            [] if visited else ["goes blind"]
        )


def test_every_metric_of_an_alert_fires_it(rules: tuple[Rule, ...]) -> None:
    """An alert over two metrics has the verdict cases for both."""
    fires = [case.name for case in cases(rules[0]) if re.fullmatch(r"\w+ fires", case.name)]
    assert fires == ["lamp_up fires", "lamp_wired fires"]


def test_restart_is_longer_than_what_prometheus_looks_back(rules: tuple[Rule, ...]) -> None:
    """The example object stays unseen for a whole cold round of its kind, so the case has teeth."""
    series = _case(rules[0], "restarts").series
    verdict = next(values for selector, values in series.items() if "lamp_up" in selector)
    assert ("_", 2 + 7 - 1) in verdict
