"""Rows that cannot be used are refused with the place and the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from alerts import generate
from alerts.expressions import Judged
from alerts.rows import RowError, load, minutes
from alerts.rules import Rule, rule

GOOD = {
    "alert": "CloudStackNetLampDark",
    "severity": "warning",
    "component": "lamp",
    "for": "15m",
    "summary": "The lamp of {{ $labels.router }} is dark",
    "description": "Nobody sees.",
    "metrics": ["cloudstack_network_password_reset_lamp_up"],
}


def _load(folder: Path, entry: dict[str, object]) -> None:
    path = folder / "password_reset.yml"
    path.write_text(yaml.safe_dump([entry]), encoding="utf-8")
    load(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alert": "LampDark"}, "name must be CloudStackNet"),
        ({"alert": "CloudStackNet_lamp"}, "name must be CloudStackNet"),
        ({"severity": "P3"}, "severity must be one of"),
        ({"threshold": 3}, "unknown key threshold"),
        ({"summary": ""}, "summary is missing"),
        ({"expr": "up == 0"}, "issues give metrics"),
        ({"description": "It is {{ $value }} now"}, "labels.name"),
        ({"for": "soon"}, "no duration"),
    ],
)
def test_a_bad_row_is_refused(tmp_path: Path, change: dict[str, object], words: str) -> None:
    """Each mistake is named."""
    _load(tmp_path, GOOD)
    with pytest.raises(RowError, match=words):
        _load(tmp_path, GOOD | change)


def test_rates_of_counters_are_conditions_of_issues(tmp_path: Path) -> None:
    """A row of an issue may give expr instead of metrics."""
    rated: dict[str, object] = {name: value for name, value in GOOD.items() if name != "metrics"} | {
        "expr": "sum by (job, zone) (rate(cloudstack_network_password_reset_lamps_total[15m])) > 1",
        "fires": {'cloudstack_network_password_reset_lamps_total{zone="zone-1"}': "0+70"},
    }
    path = tmp_path / "password_reset.yml"
    path.write_text(yaml.safe_dump([rated]), encoding="utf-8")
    (row,) = load(path)
    assert rule(row, {}).annotations["dashboard_url"].endswith("tenants")


def test_durations() -> None:
    """Minutes and hours are understood."""
    assert [minutes(text) for text in ("0m", 0, "15m", "2h")] == [0, 0, 15, 120]


def test_a_metric_must_be_declared_by_its_issue(known: dict[str, Judged], rules: tuple[Rule, ...]) -> None:
    """A metric that no check of the issue declares is refused."""
    with pytest.raises(RowError, match="no check of password_reset declares cloudstack_network_no_lamp"):
        rule(replace(rules[0].row, metrics=("cloudstack_network_no_lamp",)), known)
    with pytest.raises(RowError, match="no check of user_metadata declares"):
        rule(replace(rules[0].row, issue="user_metadata"), known)


def test_a_plain_fact_is_no_condition(known: dict[str, Judged], rules: tuple[Rule, ...]) -> None:
    """A metric without a problem cannot fire an alert."""
    name, one = next(iter(known.items()))
    plain = {name: replace(one, metric=replace(one.metric, problem=None))}
    with pytest.raises(RowError, match="declares no problem"):
        rule(replace(rules[0].row, metrics=(name,)), plain)


def test_thresholds_come_from_their_file(known: dict[str, Judged], rules: tuple[Rule, ...]) -> None:
    """A second band names a threshold; an unknown name is refused."""
    assert "< 604800" in rules[1].expr
    with pytest.raises(RowError, match=r"thresholds\.py has no NO_SUCH_LIMIT"):
        rule(replace(rules[1].row, limit="NO_SUCH_LIMIT"), known)


def test_metrics_of_one_alert_name_the_same_object(known: dict[str, Judged], rules: tuple[Rule, ...]) -> None:
    """A router's and a zone's metric cannot make one alert."""
    metrics = (*rules[0].row.metrics, "cloudstack_network_password_reset_zone_lamps")
    with pytest.raises(RowError, match="do not name their object with the same labels"):
        rule(replace(rules[0].row, metrics=metrics), known)


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that cannot be used ends the generator with 2 and writes nothing."""
    (tmp_path / "password_reset.yml").write_text(yaml.safe_dump([GOOD]), encoding="utf-8")
    assert generate.main(["--source", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "lamp_up" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_runbooks_may_live_anywhere(tmp_path: Path) -> None:
    """--runbooks sets where the links lead."""
    assert generate.main(["--output", str(tmp_path), "--runbooks", "https://wiki.example/net"]) == 0
    text = (tmp_path / "password_reset.rules.yml").read_text(encoding="utf-8")
    assert 'runbook_url: "https://wiki.example/net/CloudStackNetPasswordServiceDown.md"' in text
