"""Two exporters of one job are twins: boards count once what both see, and believe the one that sees."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from alerts.contract import declared
from exporter.telemetry import PER_TARGET

PREFIX = "cloudstack_network_exporter"
SHARED = {name for name in declared() if not name.startswith(PREFIX)} | {metric.name for metric in PER_TARGET}
"""What is told of the cloud, by each exporter alike; what a process tells of itself is there once per process."""
BY = promql_parser.AggModifierType.By
Answers = Callable[[str, Mapping[str, str], Mapping[str, float]], None]


def _is_dropped(modifier: Any) -> bool:
    """Return whether an aggregation leaves no instance."""
    return modifier is None or ("instance" in modifier.labels) != (modifier.type == BY)


def _doubled(node: Any, *, is_counted: bool = False) -> Iterator[str]:
    """Yield each metric that is added up or counted although it is there once per exporter."""
    if isinstance(node, promql_parser.VectorSelector):
        if is_counted and node.name in SHARED:
            yield node.name
    elif isinstance(node, promql_parser.AggregateExpr):
        if str(node.op) not in {"max", "min"}:
            yield from _doubled(node.expr, is_counted=is_counted or _is_dropped(node.modifier))
        elif not _is_dropped(node.modifier):
            yield from _doubled(node.expr, is_counted=is_counted)
    else:
        parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector")]
        for part in (*filter(None, parts), *getattr(node, "args", ())):
            yield from _doubled(part, is_counted=is_counted)


def test_nothing_is_counted_once_per_exporter(board: Any) -> None:
    """Sums, counts and means are made of what is left after the greatest or least of all instances was taken."""
    found = {title: sorted(_doubled(promql_parser.parse(expr))) for title, _, expr in board.expressions}
    assert {title: names for title, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("sum(cloudstack_network_issue_objects)", ["cloudstack_network_issue_objects"]),
        ("sum(max by (job, zone) (cloudstack_network_issue_objects))", []),
        ("sum(max without (job) (cloudstack_network_issue_objects))", ["cloudstack_network_issue_objects"]),
        ("1 - avg by (kind) (cloudstack_network_exporter_target_up)", ["cloudstack_network_exporter_target_up"]),
        ("count(min without (instance) (cloudstack_network_exporter_target_up) == 0)", []),
        ("sum by (instance) (cloudstack_network_exporter_target_up)", []),
        ("sum by (kind) (rate(cloudstack_network_exporter_visits_total[5m]))", []),
    ],
)
def test_what_is_counted_twice_is_noticed(expr: str, names: list[str]) -> None:
    """Unless the instance is gone before, or kept; what processes do is added up."""
    assert list(_doubled(promql_parser.parse(expr))) == names


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """Return a function that demands: by these series, sampled each minute, a query gives these values at minute 10."""
    spec = importlib.util.spec_from_file_location("real_parts", Path(__file__).parents[1] / "real_parts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.require("promtool")

    def demand(expr: str, series: Mapping[str, str], values: Mapping[str, float]) -> None:
        expected = [{"labels": labels, "value": value} for labels, value in values.items()]
        moment = {"expr": expr, "eval_time": "10m", "exp_samples": expected}
        pages = [{"series": name, "values": text} for name, text in series.items()]
        test = {"interval": "1m", "input_series": pages, "promql_expr_test": [moment]}
        path = tmp_path / "panel_test.yml"
        path.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": [test]}), encoding="utf-8")
        said = subprocess.run(
            ["promtool", "test", "rules", str(path)], capture_output=True, text=True, timeout=50, check=False
        )
        assert said.returncode == 0, said.stdout + said.stderr

    return demand


def _query(boards: Any, uid: str, title: str) -> str:
    (expr,) = (
        expr for board in boards if board.data["uid"] == uid for name, _, expr in board.expressions if name == title
    )
    return str(expr)


def _up(job: str, instance: str) -> str:
    return f'{PREFIX}_inventory_up{{job="{job}", instance="{instance}"}}'


ABSENT = 'ALERTS{alertname="CloudStackNetExporterAbsent", alertstate="pending", severity="warning", job="b"}'
NOWHERE = 'ALERTS{alertname="CloudStackNetExporterAbsent", alertstate="firing", severity="warning"}'


@pytest.mark.real
@pytest.mark.parametrize(
    ("series", "value"),
    [
        ({_up("a", "one"): "1x20", _up("b", "two"): "1x20"}, 1),
        ({_up("a", "one"): "1x20", _up("a", "two"): "0x20"}, 1),
        ({_up("a", "one"): "1x20", _up("b", "two"): "0x20"}, 0),
        ({_up("a", "one"): "1x20", _up("b", "two"): "1x5 stale", ABSENT: "_x6 1x20"}, 0),
        ({NOWHERE: "1x20"}, 0),
        ({}, None),
    ],
    ids=["two clouds", "a twin with a bad key", "one cloud is not read", "one has vanished", "none for a week", "new"],
)
def test_the_wall_says_whether_it_can_be_believed(
    boards: Any, answers: Answers, series: dict[str, str], value: float | None
) -> None:
    """Alive is said when some exporter of each job reads its cloud; an exporter that has vanished is not forgotten."""
    answers(_query(boards, "csnet-wall", "Monitoring"), series, {} if value is None else {"{}": value})


def _objects(job: str, instance: str, verdict: str) -> str:
    labels = f'job="{job}", instance="{instance}", issue="host_connectivity", zone="z", verdict="{verdict}"'
    return f"cloudstack_network_issue_objects{{{labels}}}"


@pytest.mark.real
def test_twins_do_not_double_the_boards(boards: Any, answers: Answers) -> None:
    """Agents and accepted objects are counted once; what one of the twins has judged is judged; clouds are added up."""
    metric = "cloudstack_network_host_connectivity_management_server_agents"
    pages = (("a", "one", 7, 5), ("a", "two", 7, 0), ("b", "three", 3, 2))
    series = {
        f'{metric}{{job="{job}", instance="{one}", management_server="m"}}': f"{n}x20" for job, one, n, _ in pages
    }
    series |= {_objects(job, one, "unknown"): f"{n}x20" for job, one, _, n in pages}
    series |= {_objects(job, one, "accepted"): "1x20" for job, one, _, _ in pages}
    answers(_query(boards, "csnet-connectivity", "Agents"), series, {"{}": 10})
    for uid, title in (("csnet-wall", "Not judged"), ("csnet-connectivity", "Not judged")):
        answers(_query(boards, uid, title), series, {"{}": 2})
    answers(_query(boards, "csnet-exporter", "Unknown objects"), series, {"{}": 2})
    answers(_query(boards, "csnet-wall", "Accepted"), series, {"{}": 2})


def _target(name: str, job: str, instance: str, kind: str, zone: str, target: str) -> str:
    where = f'job="{job}", instance="{instance}", kind="{kind}", zone="{zone}", target="{target}"'
    return f"{PREFIX}_{name}{{{where}}}"


@pytest.fixture
def silent() -> dict[str, str]:
    """Return pages: one is well, one silent for eight minutes, one since the start, and one for one of two twins."""
    seen, lost = ("a", "one", "router", "z", "r-1-VM"), ("a", "one", "host", "z", "kvm-1")
    never, half = ("a", "one", "host", "y", "kvm-2"), ("host", "z", "kvm-3")
    success = "target_last_success_timestamp_seconds"
    return {
        _target("target_up", *seen): "1x20",
        _target(success, *seen): "0+60x20",
        _target("target_up", *lost): "1x2 0x20",
        _target(success, *lost): "0 60 120x20",
        _target("target_up", *never): "0x20",
        _target("target_up", "a", "one", *half): "0x20",
        _target("target_up", "a", "two", *half): "1x20",
        _target(success, "a", "two", *half): "0+60x20",
        'process_start_time_seconds{job="a", instance="one"}': "30x20",
        'process_start_time_seconds{job="a", instance="two"}': "30x20",
        f'{PREFIX}_interval_seconds{{job="a", instance="one", kind="host"}}': "60x20",
        f'{PREFIX}_interval_seconds{{job="a", instance="one", kind="router"}}': "300x20",
    }


@pytest.mark.real
def test_what_never_answered_is_listed(boards: Any, answers: Answers, silent: dict[str, str]) -> None:
    """With the time since the exporter started; what a twin reaches is not listed."""
    found = {
        '{job="a", kind="host", zone="z", target="kvm-1"}': 480,
        '{job="a", kind="host", zone="y", target="kvm-2"}': 570,
    }
    answers(_query(boards, "csnet-exporter", "Targets that do not answer"), silent, found)


@pytest.mark.real
def test_what_never_answered_is_old(boards: Any, answers: Answers, silent: dict[str, str]) -> None:
    """The wall's age of data is that of the zone and kind from which least is known, since the start if nothing is."""
    answers(_query(boards, "csnet-wall", "Data age in intervals"), silent, {"{}": 9.5})


@pytest.mark.real
def test_what_is_visited_more_often_than_scraped_is_not_old(boards: Any, answers: Answers) -> None:
    """An interval of half a second does not make a minute old what the scrape before brought."""
    pages = {
        _target("target_last_success_timestamp_seconds", "a", "one", "database", "", "cloud"): "0+60x9",
        f'{PREFIX}_interval_seconds{{job="a", instance="one", kind="database"}}': "0.5x20",
    }
    answers(_query(boards, "csnet-wall", "Data age in intervals"), pages, {"{}": 2})


@pytest.mark.real
@pytest.mark.parametrize(
    ("series", "value"),
    [
        (("native_vlan_conflicts", "native_vlan_differs"), 4),
        (("native_vlan_conflicts",), 2),
        (("native_vlan_differs",), 2),
        ((), None),
    ],
    ids=["both are told", "peers are not compared", "nothing but peers", "nothing"],
)
def test_sums_survive_what_is_not_told(
    boards: Any, answers: Answers, series: tuple[str, ...], value: int | None
) -> None:
    """A sum over two metrics counts alike values of both, and shows the one when nothing is told of the other."""
    labels = '{job="a", instance="one", zone="z", cluster="c", host="kvm-1", physical_network="p"}'
    pages = {f"cloudstack_network_vlan_trunking_{name}{labels}": "2x20" for name in series}
    answers(
        _query(boards, "csnet-hypervisors", "Ports with a wrong native VLAN"),
        pages,
        {} if value is None else {"{}": value},
    )
