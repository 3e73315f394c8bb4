"""The exporter's own metrics and log lines."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.logs import LineFormatter
from exporter.model import Reason
from exporter.telemetry import PREFIX, Telemetry


def test_every_reason_starts_at_zero_and_not_configured_is_none() -> None:
    """rate() works from the first failure on; what is not configured is no failure."""
    telemetry = Telemetry(("router",))
    telemetry.failed(Reason.NOT_CONFIGURED, 7)
    telemetry.failed(Reason.TIMEOUT, 2)
    (family,) = [f for f in parse_text(telemetry.render(False).decode()) if f.name == f"{PREFIX}_question_failures"]
    values = {sample.labels["reason"]: sample.value for sample in family.samples}
    expected = {reason.value: 0.0 for reason in Reason if reason is not Reason.NOT_CONFIGURED}
    assert values == {**expected, "timeout": 2.0}


@pytest.mark.parametrize("openmetrics", [False, True])
def test_both_formats_parse_and_hold_no_created_series(*, openmetrics: bool) -> None:
    """The chunk fits the page in both formats; created timestamps would double the counters."""
    text = Telemetry(("router",)).render(openmetrics).decode()
    families = list(parse_openmetrics(text + "# EOF\n") if openmetrics else parse_text(text))
    assert {f"{PREFIX}_build_info", f"{PREFIX}_event_loop_lag_seconds"} <= {
        sample.name for family in families for sample in family.samples
    }
    assert not [sample.name for family in families for sample in family.samples if sample.name.endswith("_created")]


def test_requests_to_the_api_are_timed() -> None:
    """Their mean is a rate of seconds by a rate of requests; a clock that went back takes nothing away."""
    telemetry = Telemetry(())
    for seconds, reason in ((1.5, None), (30.0, Reason.TIMEOUT), (-5.0, None)):
        telemetry.api_request("listHosts", seconds, reason)
    families = {family.name: family for family in parse_text(telemetry.render(False).decode())}
    total = {name: families[f"{PREFIX}_{name}"].samples[0].value for name in ("api_requests", "api_request_seconds")}
    assert total == {"api_requests": 3, "api_request_seconds": 31.5}


def test_rows_that_are_lost_count_up() -> None:
    """Each reading tells the sum since the start; what was told before is not counted twice."""
    telemetry = Telemetry(())
    for number in (0, 3, 3, 5):
        telemetry.api_rows({"listRouters": number}, {"listRouters": 1})
    families = {family.name: family for family in parse_text(telemetry.render(False).decode())}
    total = {name: families[f"{PREFIX}_{name}"].samples[0] for name in ("api_rows_skipped", "api_rows_missing")}
    assert {name: (sample.name.endswith("_total"), sample.value) for name, sample in total.items()} == {
        "api_rows_skipped": (True, 5),
        "api_rows_missing": (True, 1),
    }


def record(message: str, *, fails: bool = False) -> logging.LogRecord:
    info = None
    if fails:
        try:
            int("x")
        except ValueError:
            info = sys.exc_info()
    return logging.LogRecord("exporter.guard", logging.WARNING, "f", 1, message, (), info)


@pytest.mark.parametrize("message", ["plain", 'say "hi" a=b', "two\nlines\x1b[31m", ""])
def test_a_log_record_is_one_line_in_both_formats(message: str) -> None:
    """What a target sends cannot forge a second line or colour a terminal."""
    assert json.loads(LineFormatter("json").format(record(message)))["msg"] == message
    line = LineFormatter("logfmt").format(record(message, fails=True))
    assert "\n" not in line
    assert "\x1b" not in line
    assert "level=warning logger=exporter.guard msg=" in line
    assert "ValueError" in line
