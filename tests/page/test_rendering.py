"""The door: text, numbers and lines as the formats want them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Metric
from exporter.model.metrics import LABEL_LENGTH
from exporter.page.rendering import header, number, printable, series


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("r-12-VM", "r-12-VM"),
        ("", ""),
        ("Zürich Nº 5", "Zürich Nº 5"),
        ("a\nb\x00c\x1bd\x7f", "a\ufffdb\ufffdc\ufffdd\ufffd"),
        ("undecodable \udc80 byte", "undecodable \ufffd byte"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("line\u2028end", "line\ufffdend"),
        ("x" * LABEL_LENGTH, "x" * LABEL_LENGTH),
        ("x" * (LABEL_LENGTH + 1), "x" * (LABEL_LENGTH - 1) + "…"),
    ],
)
def test_text_is_made_printable(given: str, shown: str) -> None:
    """Control characters, surrogates and marks that turn text around are replaced, and length is bounded."""
    assert printable(given) == shown


@given(st.text(alphabet=st.characters(), max_size=400) | st.text(alphabet="\ud800\udfff\x00\n\r\x85\u2028x"))
def test_printable_text_has_one_line_and_encodes(text: str) -> None:
    """Whatever came in: one line, at most so long, valid UTF-8, and the same when it passes again."""
    shown = printable(text)
    shown.encode()
    assert len(shown) <= LABEL_LENGTH
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.25, "0.25"),
        (True, "1"),
        (1e-7, "1e-07"),
        (1_795_251_695.5, "1795251695.5"),
        (2.0**53, "9007199254740992.0"),
        (2**63, "9223372036854775808"),
    ],
)
def test_whole_numbers_are_integers(given: float, shown: str) -> None:
    """What is whole is printed as an integer, and everything reads back as the same number."""
    assert repr(number(given)) == shown
    assert float(shown) == given


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -(10**400)])
def test_what_is_not_finite_is_refused(value: float) -> None:
    """NaN, infinities and integers beyond every float have no line."""
    assert number(value) is None


def test_labels_are_escaped() -> None:
    """Backslash and quote are escaped as the formats say."""
    metric = Metric("m", "A metric.", labels=("a", "b"))
    assert series(metric, ('say "hi" \\ 100%', "")) == b'm{a="say \\"hi\\" \\\\ 100%",b=""} '
    assert series(Metric("m", "A metric."), ()) == b"m "


def test_headers_differ_by_format(up: Metric, errors: Metric) -> None:
    """OpenMetrics escapes quotes in HELP and names a counter's family without its suffix; text does not."""
    assert header(up, openmetrics=False) == (
        b'# HELP cloudstack_network_thing_up Whether the "thing" answers, asked by a \\\\ probe.\n'
        b"# TYPE cloudstack_network_thing_up gauge\n"
    )
    assert b'Whether the \\"thing\\" answers, asked by a \\\\ probe.' in header(up, openmetrics=True)
    assert b"# TYPE cloudstack_network_thing_errors_total counter\n" in header(errors, openmetrics=False)
    assert b"# TYPE cloudstack_network_thing_errors counter\n" in header(errors, openmetrics=True)
