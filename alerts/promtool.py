"""From cases to a promtool test file.

Per alert two tests: what it says (labels and annotations, exact), and every case beside the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alerts.cases import JOB, Case, Series, example
from alerts.rules import Rule


def document(files: tuple[str, ...], cases: Iterable[tuple[Rule, tuple[Case, ...]]]) -> dict[str, Any]:
    """Return the promtool test file for rules with their cases; the first case of a rule fires."""
    tests = [test for rule, every in cases if every for test in (_words(rule, every[0]), _cases(rule, every))]
    return {"rule_files": list(files), "evaluation_interval": "1m", "tests": tests}


def _words(rule: Rule, fires: Case) -> dict[str, Any]:
    """Return the test of the labels and annotations, and of its silence one minute before it is due."""
    due = {"eval_time": f"{fires.firing[0]}m", "alertname": rule.row.alert, "exp_alerts": [_expected(rule)]}
    early = [{**due, "eval_time": f"{minute}m", "exp_alerts": []} for minute in fires.silent]
    return {
        "name": f"{rule.row.alert}: its words",
        "interval": "1m",
        "input_series": [_input(*one) for one in fires.series.items()],
        "alert_rule_test": [*early, due],
    }


def _cases(rule: Rule, cases: tuple[Case, ...]) -> dict[str, Any]:
    return {
        "name": f"{rule.row.alert}: its cases",
        "interval": "1m",
        "input_series": [_input(_in_job(one, case), values) for case in cases for one, values in case.series.items()],
        "promql_expr_test": [moment for case in cases for moment in _moments(rule, case)],
    }


def _moments(rule: Rule, case: Case) -> list[dict[str, Any]]:
    expr = f'count by (job) (ALERTS{{alertname="{rule.row.alert}", alertstate="firing", job="{case.name}"}})'
    fires = [{"labels": f'{{job="{case.name}"}}', "value": 1}]  # one object, so that YAML writes it once
    moments = [*((minute, True) for minute in case.firing), *((minute, False) for minute in case.silent)]
    return [
        {"expr": expr, "eval_time": f"{minute}m", "exp_samples": fires if is_firing else []}
        for minute, is_firing in sorted(moments)
    ]


def _in_job(selector: str, case: Case) -> str:
    return selector.replace(f'job="{JOB}"', f'job="{case.name}"')


def _input(selector: str, values: Series) -> dict[str, str]:
    return {"series": selector, "values": " ".join(_word(value, count) for value, count in values if count)}


def _word(value: str, count: int) -> str:
    """Return promtool's notation: ``_x4`` is four times nothing, ``1x4`` five samples, ``0+2x4`` five rising ones."""
    if value == "_":
        return f"_x{count}"
    return value if count == 1 and "+" not in value else f"{value}x{count - 1}"


def _expected(rule: Rule) -> dict[str, Any]:
    identity = rule.metrics[0].identity if rule.metrics else ()
    labels = {"job": JOB, **{label: example(label) for label in identity}, **dict(rule.row.labels), **rule.labels}
    return {"exp_labels": labels, "exp_annotations": {k: _expanded(v, labels) for k, v in rule.annotations.items()}}


def _expanded(template: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        template = template.replace("{{ $labels." + name + " }}", value)
    return template
