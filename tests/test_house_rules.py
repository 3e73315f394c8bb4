"""The house: names, sizes, and that every check is served by a test, an alert, a panel, a runbook and docs."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from exporter.app import metrics as page_metrics
from exporter.checks import Registered, discover
from exporter.config import Intervals
from exporter.judging import plan
from exporter.model import Issue, Kind, Metric, Via
from exporter.page.page import PAGE_METRICS
from exporter.questions import catalogue

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "exporter").rglob("*.py"))
CHECKS = discover()
METRICS = [(registered, metric) for registered in CHECKS for metric in registered.check.metrics]
UNITS = re.compile(r"_(ms|milliseconds|minutes|hours|days|percent|kb|mb|mib|count|sum|bucket)$")


def metric_name(value: object) -> str:
    return (
        value.name
        if isinstance(value, Metric)
        else f"{value.issue}.{value.name}"
        if isinstance(value, Registered)
        else ""
    )


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "exporter/remote").glob("*.sh"))], ids=lambda p: p.name)
def test_no_file_is_longer_than_300_lines(path: Path) -> None:
    """A file that grows past this is two files."""
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.as_posix().split("exporter/")[-1])
def test_modules_say_what_they_hold_and_bear_names_of_the_field(path: Path) -> None:
    """Every module has a docstring; no module or class is a manager, helper, util or base."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [
        name for name in (path.stem, *classes) if re.search(r"manager|helper|util|(?<!data)base$", name, re.IGNORECASE)
    ]


def test_exceptions_are_swallowed_in_three_places_only() -> None:
    """Around a visit, one judge call and one reading of the inventory; anywhere else a defect must be seen."""
    places = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert places == ["exporter/engine.py", "exporter/judging.py", "exporter/schedule.py"]


def test_classes_inherit_only_from_exceptions_and_enums_and_frames() -> None:
    """No inheritance among our own classes; frames are what a library asks to be subclassed."""
    frames = {"BaseModel", "Section", "Protocol", "Struct", "NamedTuple", "Formatter", "Generic", "SSHClientSession"}
    strange = []
    for path in SOURCES:
        if "lab" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).split(".")[-1].split("[")[0] for base in node.bases}
                bases = {base for base in bases if not base.endswith(("Error", "Exception", "Enum"))}
                strange += [f"{path.name}: {node.name}({base})" for base in bases - frames]
    assert strange == []


@pytest.mark.parametrize(("registered", "metric"), METRICS, ids=metric_name)
def test_metric_names_and_help(registered: Registered, metric: Metric) -> None:
    """Names carry the issue and base units; help is one sentence that ends."""
    assert re.fullmatch(rf"cloudstack_network_{registered.issue}_[a-z0-9_]+", metric.name)
    assert not UNITS.search(metric.name)
    assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
    assert re.fullmatch(r"[A-Z0-9][^\n]*\.", metric.help)
    assert len(set(metric.labels)) == len(metric.labels)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in metric.labels)
    assert not metric.subject or metric.subject in metric.labels
    if metric.name.endswith("_info"):
        assert metric.problem is None


def test_every_metric_has_one_owner() -> None:
    """No two checks own one family."""
    names = Counter(metric.name for _, metric in METRICS)
    assert [name for name, number in names.items() if number > 1] == []


@pytest.mark.parametrize("registered", CHECKS, ids=metric_name)
def test_every_check_has_its_test_remedies_and_words(registered: Registered) -> None:
    """checks/<issue>/<name>.py is tested by tests/checks/<issue>/test_<name>.py and says what to do."""
    assert (ROOT / f"tests/checks/{registered.issue}/test_{registered.name}.py").exists()
    text = (ROOT / f"exporter/checks/{registered.issue}/{registered.name}.py").read_text()
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert registered.check.title
    assert registered.check.metrics
    if any(metric.problem for metric in registered.check.metrics):
        assert registered.check.remedies
        assert all(word in docstring for word in ("Symptom:", "Detect:", "Fix:"))


@pytest.mark.parametrize("registered", CHECKS, ids=metric_name)
def test_every_question_of_a_check_is_in_the_catalogue(registered: Registered) -> None:
    """What is asked can be audited."""
    known = set(catalogue())
    wanted = [*registered.check.asks.values(), *registered.check.uses.values()]
    wanted += [questions for judge in registered.check.groups for questions in judge.needs.values()]
    assert {question for questions in wanted for question in questions} <= known


LOOKED_UP = {
    "listNetworks": r"\b(metadata_addresses|serving|serving_now)\(|(?<!exporter\.)\bcloud\.networks\b",
    "listVirtualMachines": r"\brunning_instances\(|\bcloud\.instances",
}
"""API command -> what a check that rests on its rows has in its text."""


@pytest.mark.parametrize("registered", CHECKS, ids=metric_name)
def test_a_check_reads_the_commands_that_it_rests_on(registered: Registered) -> None:
    """Else a key that may not list them would make its verdicts out of nothing: law 1."""
    text = (ROOT / f"exporter/checks/{registered.issue}/{registered.name}.py").read_text()
    assert {command for command, used in LOOKED_UP.items() if re.search(used, text)} <= {*registered.check.reads}


def test_a_check_judges_each_kind_of_group_once() -> None:
    """A second judge of the same kind would replace what the first has said."""
    for registered in CHECKS:
        kinds = [judge.group for judge in registered.check.groups]
        assert len(kinds) == len(set(kinds))


def test_questions_are_bounded_and_explained() -> None:
    """Each has a limit of time and bytes, a privilege and a reason to be asked."""
    for question in catalogue():
        assert 0 < question.seconds <= 30
        assert 0 < question.size <= 1 << 22
        assert question.privilege
        assert question.why.endswith(".")


def test_what_a_visit_asks_fits_its_deadline() -> None:
    """Even if every question hangs, each has its own time before the visit is given up; some is left to log in."""
    for kind, questions in plan(CHECKS).items():
        if questions[0].via is not Via.PROBE:
            assert sum(question.seconds for question in questions) <= Intervals().deadline - 5, kind


def alert_rules() -> list[dict[str, object]]:
    files = sorted((ROOT / "alerts").glob("*.rules.yml"))
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_every_problem_has_an_alert() -> None:
    """What a check calls a problem reaches somebody, or is info for a dashboard."""
    text = "\n".join(str(rule["expr"]) for rule in alert_rules())
    used = set(re.findall(r"cloudstack_network_\w+", text))
    assert [metric.name for _, metric in METRICS if metric.problem and metric.name not in used] == []


def test_every_alert_has_a_runbook_and_few_are_critical() -> None:
    """At 3 a.m. there is a page to open, and at most 16 alerts of the project wake anybody."""
    rules = alert_rules()
    for rule in rules:
        if rule["alert"] != "Watchdog":
            assert (ROOT / f"docs/runbooks/{rule['alert']}.md").exists(), rule["alert"]
    assert sum(rule["labels"]["severity"] == "critical" for rule in rules) <= 16  # type: ignore[index]


def test_every_metric_has_a_panel() -> None:
    """Nothing is exported that no board shows."""
    text = "\n".join(json.dumps(json.loads(path.read_text())) for path in sorted((ROOT / "dashboards").glob("*.json")))
    shown = set(re.findall(r"cloudstack_network_\w+", text))
    assert [metric.name for _, metric in METRICS if metric.name not in shown] == []


def test_documents_name_every_metric_and_question() -> None:
    """docs/ is complete; whether it is word for word what the code says, generate.py --check tells."""
    metrics_text = (ROOT / "docs/metrics.md").read_text()
    for metric in (*page_metrics(CHECKS), *PAGE_METRICS):
        assert f"`{metric.name}`" in metrics_text
    questions_text = (ROOT / "docs/questions.md").read_text()
    for question in catalogue():
        assert f"### {question.name}\n" in questions_text
        if question.via is not Via.PROBE:
            assert question.text.strip() in questions_text


def test_the_issues_are_the_ten_of_the_talk() -> None:
    """Ten tiles in fixed places."""
    assert len(Issue) == 10
    assert {registered.issue for registered in CHECKS} >= {
        Issue.CONSOLE_PROXY,
        Issue.PASSWORD_RESET,
        Issue.USER_METADATA,
    }


def test_nothing_is_left_open() -> None:
    """No unfinished mark and no path of one machine in anything tracked."""
    marks = re.compile(
        r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + r"Error|/(wo" + r"rk|far" + r"m)/|\.pye" + r"nv"
    )
    open_marks = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for folder in ("exporter", "alerts", "dashboards", "docs", "deploy", "config", "tests", "bench")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in {".py", ".sh", ".md", ".yml", ".json", ".toml"}
        if (found := marks.search(path.read_text(errors="replace")))
    ]
    assert open_marks == []
