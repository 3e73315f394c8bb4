"""Hostile samples, read back by the parsers of prometheus_client."""

from __future__ import annotations

import math
import string
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from exporter.model import Kind, Metric, Sample
from exporter.page import Page, printable
from tests.clocks import HandClock

GAUGE = Metric("hostile_gauge", "What a target sent.", labels=("a", "b"))
COUNTER = Metric("hostile_total", "What a target counted.", labels=("a",), kind=Kind.COUNTER)
LABEL = st.text(alphabet=string.printable + '\\"{}=,#é\u2028\udc80\x00', max_size=30) | st.text(max_size=250)
VALUE = st.floats() | st.integers() | st.booleans()
PUTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.lists(st.tuples(LABEL, LABEL, VALUE), max_size=6),
        st.lists(st.tuples(LABEL, st.integers(0, 2**70)), max_size=3),
    ),
    max_size=8,
)


def expected(puts: list[tuple[int, list[tuple[str, str, float]], list[tuple[str, int]]]]) -> set[tuple[str, ...]]:
    """Return the labels that may be shown: of the last put of every target."""
    last = {target: (gauges, counters) for target, gauges, counters in puts}
    shown: set[tuple[str, ...]] = set()
    for gauges, counters in last.values():
        shown |= {(printable(a), printable(b)) for a, b, value in gauges if abs(value) <= sys.float_info.max}
        shown |= {(printable(a),) for a, _ in counters}
    return shown


@settings(max_examples=200, deadline=None)
@given(PUTS)
def test_both_parsers_read_the_same_finite_values(
    puts: list[tuple[int, list[tuple[str, str, float]], list[tuple[str, int]]]],
) -> None:
    """Any labels and values: both formats parse, agree, repeat no series, and invent none."""
    page = Page(HandClock(), (GAUGE, COUNTER), shard_size=200)
    for target, gauges, counters in puts:
        where = ("host", str(target))
        page.put(where, "home", GAUGE, [Sample(GAUGE, (a, b), value) for a, b, value in gauges], None)
        page.put(where, "home", COUNTER, [Sample(COUNTER, (a,), value) for a, value in counters], None)
    text = b"".join(page.text()).decode()
    openmetrics = b"".join(page.text(openmetrics=True)).decode()
    found = {
        name: {
            (sample.name, *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
            if sample.name.startswith("hostile")
        }
        for name, families in (("text", read_text(text)), ("openmetrics", read_openmetrics(openmetrics)))
    }
    assert found["text"] == found["openmetrics"]
    assert {labels[1:] for labels in found["text"]} <= expected(puts)
    assert all(math.isfinite(value) for value in found["text"].values())
    assert len(found["text"]) == page.statistics().series
    assert [line for line in text.splitlines() if line[0] != "#"] == [
        line for line in openmetrics.splitlines() if line[0] != "#"
    ]
