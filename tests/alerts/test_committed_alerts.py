"""The committed rules, their tests, and their runbooks."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import generate
from alerts.contract import breaches
from alerts.expressions import cold_round, judged, keep_firing, time_to_live
from alerts.generate import promtool_tests, rules_of
from alerts.recorded import STATES
from alerts.rows import PREFIX, Row, load, sources
from alerts.rules import RUNBOOKS, Rule, render, render_records
from exporter.config import Intervals
from exporter.model import Issue

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "alerts"
RUNBOOK_FOLDER = ROOT / "docs" / "runbooks"
SECTIONS = ["Meaning", "Impact", "Is it the monitoring?", "Diagnosis", "Mitigation", "Do not", "Related"]
MOST_CRITICAL = 16


def _rules() -> Iterator[dict[str, Any]]:
    for path in sorted(ALERTS.glob("*.rules.yml")):
        for group in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["groups"]:
            yield from group["rules"]


def _rows() -> list[Row]:
    return [row for source in sources() for row in load(source)]


ALERT_RULES = [rule for rule in _rules() if "alert" in rule]
NAMES = [rule["alert"] for rule in ALERT_RULES]


def test_committed_files_are_what_is_generated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check passes on the committed files and names one that was edited or is missing."""
    assert generate.main(["--check"]) == 0
    assert generate.main(["--output", str(tmp_path)]) == 0
    assert generate.main(["--check", "--output", str(tmp_path)]) == 0
    edited = tmp_path / "password_reset.rules.yml"
    edited.write_text(edited.read_text(encoding="utf-8").replace("for: 15m", "for: 5m"), encoding="utf-8")
    (tmp_path / "tests" / "exporter_test.yml").unlink()
    assert generate.main(["--check", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "password_reset.rules.yml" in said
    assert "exporter_test.yml" in said


def test_no_rule_file_is_left_behind() -> None:
    """Every committed rule file comes from a source that is still there."""
    expected = {f"{source.stem}.rules.yml" for source in sources()} | {"recorded.rules.yml"}
    assert {path.name for path in ALERTS.glob("*.rules.yml")} == expected
    assert {source.stem for source in sources()} <= {issue.value for issue in Issue} | {"exporter"}


@pytest.mark.real
@pytest.mark.parametrize("path", sorted(ALERTS.glob("*.rules.yml")), ids=lambda path: path.name)
def test_promtool_accepts_the_rules(require: Callable[..., None], path: Path) -> None:
    """Each rule file is valid, and no rule stands twice."""
    require("promtool")
    result = subprocess.run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", str(path)],
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def _promtool_agrees(path: Path) -> None:
    result = subprocess.run(["promtool", "test", "rules", path.name], cwd=path.parent,
                            env={**os.environ, "GOGC": "400"},  # a fifth of its time goes to tidying up a few MB
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


def _written_by_hand() -> list[Path]:
    generated = {f"{source.stem}_test.yml" for source in sources()}
    return sorted(path for path in (ALERTS / "tests").glob("*_test.yml") if path.name not in generated)


def _records_of(rule: Rule) -> str:
    records = yaml.load(render_records(), Loader=yaml.CSafeLoader)
    (group,) = records["groups"]
    group["rules"] = [one for one in group["rules"] if one["record"] in rule.expr]
    return yaml.safe_dump(records)


def _each_rule() -> Iterator[Any]:
    known = judged()
    for source in sources():
        for rule in rules_of(source, known):
            yield pytest.param(source.stem, rule, id=rule.row.alert)


@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", _written_by_hand(), ids=lambda path: path.stem)
def test_promtool_agrees_with_cases_written_by_hand(require: Callable[..., None], path: Path) -> None:
    """Each of these files passes."""
    require("promtool")
    _promtool_agrees(path)


@pytest.mark.real
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("issue", "rule"), list(_each_rule()))
def test_promtool_agrees_with_every_case(require: Callable[..., None], tmp_path: Path, issue: str, rule: Rule) -> None:
    """Rules and tests pass as they are generated; that what is committed is the same, ``generate --check`` says.

    Each rule alone, with the records that it reads: promtool tries every one in every test, minute by minute.
    """
    require("promtool")
    (tmp_path / "recorded.rules.yml").write_text(_records_of(rule), encoding="utf-8")
    (tmp_path / "alone.rules.yml").write_text(render(issue, (rule,)), encoding="utf-8")
    tests = tmp_path / "alone_test.yml"
    tests.write_text(promtool_tests((rule,), ("alone.rules.yml", "recorded.rules.yml")), encoding="utf-8")
    _promtool_agrees(tests)


def test_every_alert_is_tested() -> None:
    """Each alert is asked for by name and fires somewhere in the committed tests."""
    fired: set[str] = set()
    for path in (ALERTS / "tests").glob("*_test.yml"):
        for test in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["tests"]:
            fired |= {one["alertname"] for one in test.get("alert_rule_test", ()) if one["exp_alerts"]}
    assert fired == set(NAMES)


def test_every_problem_has_an_alert() -> None:
    """Every metric that can be a problem is the condition of an alert of its own issue."""
    used = {(row.issue, metric) for row in _rows() for metric in row.metrics}
    problems = {(one.issue, name) for name, one in judged().items() if one.metric.problem is not None}
    assert sorted(problems - used) == []
    assert sorted(used - problems) == []


@pytest.mark.parametrize("rule", list(_rules()), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_use_what_is_declared(rule: dict[str, Any]) -> None:
    """Each expression parses and reads only declared metrics and labels."""
    assert not breaches(rule["expr"])


def test_names_are_unique() -> None:
    """No alert name stands twice, so that nobody must tell two apart by severity."""
    assert len(NAMES) == len(set(NAMES))
    assert all(re.fullmatch(PREFIX + r"[A-Z][A-Za-z]+", name) for name in NAMES)


def test_critical_is_rare() -> None:
    """Few alerts page somebody, because tenants are hurt; none is about ourselves. README.md says how many."""
    critical = [rule for rule in ALERT_RULES if rule["labels"]["severity"] == "critical"]
    assert 0 < len(critical) <= MOST_CRITICAL
    assert all(rule["labels"]["issue"] != "exporter" for rule in critical)
    assert f"at most {MOST_CRITICAL} in the whole project" in (ALERTS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", ALERT_RULES, ids=lambda rule: rule["alert"])
def test_labels_and_annotations(rule: dict[str, Any]) -> None:
    """Each alert says severity, component and issue, in one line and in words, and where to look."""
    assert rule["labels"].keys() == {"severity", "component", "issue"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    words = rule["annotations"]
    assert words.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert words["runbook_url"] == f"{RUNBOOKS}/{rule['alert']}.md"
    board = re.match(r"/d/([\w-]+)", words["dashboard_url"])
    assert board
    assert (ROOT / "dashboards" / f"{board[1]}.json").exists()
    assert len(words["summary"]) <= 120
    assert "$value" not in str(words)


def _of_issues() -> list[Row]:
    return [row for row in _rows() if row.metrics]


@pytest.mark.parametrize("row", _of_issues(), ids=lambda row: row.alert)
def test_patience(row: Row) -> None:
    """Each alert waits for two looks at least, and outlasts the time to live and a cold round after a restart."""
    known = judged()
    kinds = tuple({kind for metric in row.metrics for kind in known[metric].kinds})
    intervals = Intervals()
    assert row.hold * 60 >= 2 * max(getattr(intervals, kind) for kind in kinds)
    rule = next(one for one in ALERT_RULES if one["alert"] == row.alert)
    assert rule["keep_firing_for"] == f"{keep_firing(kinds)}m"
    assert keep_firing(kinds) >= time_to_live(kinds) + cold_round(kinds)


def test_patience_follows_the_intervals() -> None:
    """Routers: 2 x 300 s + 60 s, then inventory, phase and visit of 60 s, 300 s and 60 s make 18, rounded up 20."""
    assert (time_to_live(("router",)), cold_round(("router",)), keep_firing(("router",))) == (11, 7, 20)
    assert keep_firing(("inventory",)) == 15
    assert keep_firing(("console_endpoint",)) == 10


def test_words_fit_the_rules(rules: tuple[Rule, ...]) -> None:
    """Templates name only labels that the alert has."""
    for rule in (*rules, *(one for source in sources() for one in generate.rules_of(source, judged()))):
        have = {"job", "instance", *dict(rule.row.labels)}
        have |= {label for one in rule.metrics for label in one.identity}
        assert set(re.findall(r"\$labels\.(\w+)", str(rule.annotations))) <= have, rule.row.alert


def test_states_rank_by_gravity() -> None:
    """The greatest state of several zones is the worst one."""
    assert [STATES[number] for number in sorted(STATES)] == ["not configured", "ok", "unknown", "warning", "critical"]


def test_runbooks_and_alerts_match() -> None:
    """Each alert has a runbook of its name, and each runbook an alert."""
    assert sorted(path.stem for path in RUNBOOK_FOLDER.glob("*.md")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_runbook(name: str) -> None:
    """A runbook has all sections in order, none of them empty, numbered steps, and links that exist."""
    text = (RUNBOOK_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    bodies = dict(zip(SECTIONS, (part.strip() for part in parts[2::2]), strict=True))
    assert all(bodies.values())
    assert bodies["Mitigation"].startswith("1. ")
    assert bodies["Do not"].startswith("- ")
    assert len(text.splitlines()) <= 90
    for link in re.findall(r"\]\(([^)#]+\.md)\)", text):
        assert (RUNBOOK_FOLDER / link).exists(), link
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("name", NAMES)
def test_runbooks_only_look_in_their_diagnosis(name: str) -> None:
    """cmk calls before Mitigation are list calls: reading a runbook changes nothing."""
    text = (RUNBOOK_FOLDER / f"{name}.md").read_text(encoding="utf-8").partition("\n## Mitigation")[0]
    assert [call for call in re.findall(r"\bcmk ([a-z]+)", text) if call != "list"] == []
