"""Alerts about what belongs to no zone, and about what is not asked each time."""

from __future__ import annotations

import pytest

from alerts.expressions import EVERYWHERE, ROUNDS, cold_round, expression, judged, keep_firing, time_to_live
from alerts.rows import SOURCE, Row, load
from exporter.checks import discover
from exporter.cloud.targets import DatabaseTarget
from exporter.config import Intervals
from exporter.judging import plan

ROWS = {row.alert: row for issue in ("hypervisor_links", "security_groups") for row in load(SOURCE / f"{issue}.yml")}


def test_rounds_are_those_of_the_statements() -> None:
    """The slowest statement decides how long a verdict may take."""
    asked = plan(discover())[DatabaseTarget]
    assert max(question.every for question in asked) == ROUNDS[DatabaseTarget.kind]


def test_an_alert_outlasts_the_second_look_after_a_restart() -> None:
    """Rows count when they were found twice: until then there is no verdict, and the alert stays."""
    kinds = (DatabaseTarget.kind,)
    rounds = 2 * ROUNDS[DatabaseTarget.kind] * Intervals().database / 60
    assert time_to_live(kinds) >= rounds
    assert cold_round(kinds) >= rounds / 2
    assert keep_firing(kinds) >= time_to_live(kinds) + cold_round(kinds)


def test_what_serves_all_zones_has_no_such_label() -> None:
    """The database, the management servers and template images; hosts, routers and consoles have a zone."""
    assert {"database", "management_server", "template_directory"} == EVERYWHERE


def _expression(row: Row) -> str:
    return " ".join(expression(row, tuple(judged()[name] for name in row.metrics)).split())


@pytest.mark.parametrize("alert", ["CloudStackNetDatabaseInconsistent", "CloudStackNetSecurityGroupsBehind"])
def test_a_blind_database_keeps_its_alerts(alert: str) -> None:
    """The series of the database have no zone, so the latch must not ask for one."""
    text = _expression(ROWS[alert])
    latch = text[text.index("ALERTS{") :]
    assert "cloudstack_network:database:known == 0" in latch
    assert "on (job, zone) (cloudstack_network:database:known" not in latch
