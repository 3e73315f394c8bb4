"""Dashboards use what is declared, and show all of it."""

from __future__ import annotations

from typing import Any

from alerts.contract import breaches, declared, recorded, used


def test_every_expression_parses_and_is_declared(board: Any) -> None:
    """After Grafana's variables are filled in, each query parses and reads only declared metrics and labels."""
    for title, _, expr in board.expressions:
        assert not breaches(expr), title


def test_every_declared_metric_is_shown(boards: Any) -> None:
    """No metric is served that no panel uses."""
    shown = {one.name for board in boards for _, _, expr in board.expressions for one in used(expr)}
    assert sorted(declared().keys() - shown) == []


def test_recorded_state_is_what_the_wall_shows(boards: Any) -> None:
    """The wall reads the recorded state, so it and the pager agree."""
    wall = next(board for board in boards if board.data["uid"] == "csnet-wall")
    names = {one.name for _, _, expr in wall.expressions for one in used(expr)}
    assert names & recorded().keys() == {"cloudstack_network:issue:state"}


def test_breaches_are_noticed() -> None:
    """A wrong name and a wrong label are told."""
    assert breaches("cloudstack_network_no_such_thing") == ["cloudstack_network_no_such_thing is not declared"]
    assert breaches('cloudstack_network_issue_objects{router="r"}') == [
        "cloudstack_network_issue_objects has no router"
    ]
