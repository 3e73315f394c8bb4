"""Invented metrics and rows, so that the machinery is tested apart from what the checks declare."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from alerts.cases import cases
from alerts.expressions import Judged
from alerts.generate import dump
from alerts.promtool import document
from alerts.rows import Row
from alerts.rules import Rule, render_records, rule
from exporter.model import Metric, Problem, above, below, equals, sooner_than

ISSUE = "password_reset"
ROOT = Path(__file__).parents[2]


def _metric(name: str, labels: tuple[str, ...], problem: Problem, kind: str) -> Judged:
    metric = Metric(f"cloudstack_network_{ISSUE}_{name}", "Invented.", labels, problem)
    return Judged(metric=metric, issue=ISSUE, kinds=(kind,))


METRICS = (
    _metric("lamp_up", ("zone", "router", "address"), equals(0), "router"),
    _metric("lamp_wired", ("zone", "router", "address"), equals(0), "router"),
    _metric("paper_expiry_timestamp_seconds", ("zone", "console_proxy"), sooner_than(30 * 86400), "console_endpoint"),
    _metric("networks_dark", ("zone", "network"), above(2), "inventory"),
    _metric("pair_lit", ("zone", "pair"), equals(0), "router"),
    _metric("zone_lamps", ("zone",), below(3), "console_proxy"),
)


def _row(name: str, hold: int, *metrics: Judged, limit: str = "") -> Row:
    return Row(
        alert=f"CloudStackNet{name}",
        issue=ISSUE,
        severity="warning",
        component="lamp",
        hold=hold,
        summary=f"{name} in {{{{ $labels.zone }}}}",
        description="Invented.",
        metrics=tuple(one.metric.name for one in metrics),
        limit=limit,
    )


ROWS = (
    _row("LampDark", 15, METRICS[0], METRICS[1]),
    _row("PaperOld", 5, METRICS[2], limit="CERTIFICATE_EXPIRES_NOW"),
    _row("NetworksDark", 10, METRICS[3]),
    _row("PairDark", 15, METRICS[4]),
    _row("ZoneDim", 10, METRICS[5]),
)


@pytest.fixture
def known() -> dict[str, Judged]:
    """Return the invented metrics by name."""
    return {one.metric.name: one for one in METRICS}


@pytest.fixture
def rules(known: dict[str, Judged]) -> tuple[Rule, ...]:
    """Return the rules of three invented alerts: on routers with two metrics, on a timestamp, on the Cloud alone."""
    return tuple(rule(row, known) for row in ROWS)


@pytest.fixture
def require() -> Callable[..., None]:
    """Return ``require(binary, ...)`` of tests/real_parts.py."""
    spec = importlib.util.spec_from_file_location("real_parts", ROOT / "tests" / "real_parts.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., None] = module.require
    return found


def _tests(rules: tuple[Rule, ...]) -> str:
    told = ((one, tuple(cases(one))) for one in rules)
    return dump(document(("invented.rules.yml", "recorded.rules.yml"), told))


Judge = Callable[[tuple[Rule, ...], str], subprocess.CompletedProcess[str]]


@pytest.fixture
def promtool(require: Callable[..., None], tmp_path: Path) -> Judge:
    """Return a function that runs the tests generated for some rules against the rule file it is given."""
    require("promtool")
    (tmp_path / "recorded.rules.yml").write_text(render_records(), encoding="utf-8")

    def judge(rules: tuple[Rule, ...], text: str) -> subprocess.CompletedProcess[str]:
        tests = tmp_path / "invented_test.yml"
        tests.write_text(_tests(rules), encoding="utf-8")
        (tmp_path / "invented.rules.yml").write_text(text, encoding="utf-8")
        return subprocess.run(
            ["promtool", "test", "rules", str(tests)], capture_output=True, text=True, timeout=50, check=False
        )

    return judge
